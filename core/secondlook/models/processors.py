"""Processors of generative models: they join pictures and text. No torchvision.

Put together here from the tokenizer and the image processor that works with Pillow. What a family
has beside them, for films and for sound, is left out: it would ask for torchvision or torchaudio,
and a case holds neither. So the same pictures become the same numbers whatever else is installed.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import transformers
from transformers import AutoImageProcessor
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from secondlook.errors import BackboneError
from secondlook.models.checkpoints import brief, quiet_transformers
from secondlook.models.folders import read_config
from secondlook.models.tokens import load_tokenizer

WORKING = "give a checkpoint of Qwen2.5-VL, SmolVLM, InternVL, Gemma 3 or LLaVA, which work without"
LIBRARIES = ("torchvision", "num2words", "sentencepiece", "timm", "av")
STATING = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
LEFT_OUT = ("video_processor", "feature_extractor", "audio_processor")
LIKE = {"SmolVLMProcessor": "Idefics3Processor"}
"""The same for pictures; SmolVLM's own asks for num2words, to spell how long a film is."""


class _Still:
    """Mixed into a processor of transformers: its parts for films and for sound may be None."""

    def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
        if argument_name in LEFT_OUT:
            return type(argument)
        whole: Any = super()
        return whole.check_argument_for_proper_class(argument_name, argument)


def load_processor(folder: Path) -> Any:
    """The processor in a checkpoint folder. Raises BackboneError where it cannot be used."""
    try:
        with quiet_transformers():
            return _assembled(folder)
    except BackboneError:
        raise
    except Exception as error:  # as in load_model: many kinds
        needs = next((x for x in LIBRARIES if re.search(rf"\b{x}\b", str(error).lower())), None)
        if needs or isinstance(error, ImportError):
            raise BackboneError(_lacking(folder, needs, error)) from error
        raise BackboneError(
            f"{folder} has no usable processor ({brief(error)}): save it beside the model with "
            "processor.save_pretrained(folder)"
        ) from error


def _assembled(folder: Path) -> Any:
    kind = _kind(folder)
    wanted: list[str] = getattr(kind, "get_attributes", list)()
    if not {"image_processor", "tokenizer"} <= set(wanted) <= {*READ, *LEFT_OUT}:
        raise _joins_nothing(folder, kind, f"made of {', '.join(wanted) or 'nothing'}")
    if _speaks(folder):
        raise _joins_nothing(folder, kind, "made with a model for sound")
    parts = dict.fromkeys(LEFT_OUT) | {x: load(folder) for x, load in READ.items()}
    settings, _ = kind.get_processor_dict(folder, local_files_only=True)
    still: Any = type(kind.__name__, (_Still, kind), {})
    processor = still.from_args_and_dict([], settings, **{x: parts[x] for x in wanted})
    if not hasattr(processor, "image_token"):
        raise _joins_nothing(folder, kind, "without a token that stands for a picture")
    return processor


def _pictures(folder: Path) -> Any:
    auto: Any = AutoImageProcessor
    return auto.from_pretrained(
        folder, backend="pil", local_files_only=True, trust_remote_code=False
    )


READ: dict[str, Callable[[Path], Any]] = {
    "image_processor": _pictures,
    "tokenizer": load_tokenizer,
}


def _kind(folder: Path) -> Any:
    """The class of processor that a folder names, else the one of its family."""
    for stated in _stated(folder):
        name = str(stated.get("processor_class"))
        kind: Any = getattr(transformers, LIKE.get(name, name), None)
        if kind is not None:
            return kind
    config: Any = CONFIG_MAPPING[str(read_config(folder).get("model_type"))]
    return PROCESSOR_MAPPING[config]


def _stated(folder: Path) -> Iterator[dict[str, Any]]:
    for name in STATING:
        if (folder / name).is_file():
            stated = json.loads((folder / name).read_text(encoding="utf-8"))
            if not isinstance(stated, dict):
                raise ValueError(f"{name} holds no settings")
            yield stated


def _speaks(folder: Path) -> bool:
    """Whether there is a tokenizer for sound: transformers would load a second model for it."""
    inside = any("audio_tokenizer" in x for x in _stated(folder))
    return inside or (folder / "audio_tokenizer_config.json").exists()


def _lacking(folder: Path, needs: str | None, error: Exception) -> str:
    named = needs or f"a library ({' '.join(str(error).split())[:100]} …)"
    return f"the processor in {folder} needs {named}, which secondlook does not bring: {WORKING}"


def _joins_nothing(folder: Path, kind: Any, how: str) -> BackboneError:
    return BackboneError(
        f"{folder} has a {kind.__name__} for a processor, {how}, which is none that joins "
        "pictures and text alone: save the model's own with processor.save_pretrained(folder)"
    )
