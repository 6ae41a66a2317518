"""Processors of generative models: they join pictures and text. No torchvision."""

from pathlib import Path
from typing import Any

from transformers import AutoProcessor

from secondlook.errors import BackboneError
from secondlook.models.checkpoints import brief, quiet_transformers

WORKING = "give a checkpoint of LLaVA or Idefics3, which work without"
LIBRARIES = ("torchvision", "num2words", "sentencepiece", "av")


def load_processor(folder: Path) -> Any:
    """The processor in a checkpoint folder. Raises BackboneError where it cannot be used."""
    auto: Any = AutoProcessor
    try:
        with quiet_transformers():
            processor = auto.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except ImportError as error:
        raise BackboneError(_lacking(folder, str(error))) from error
    except Exception as error:  # as in load_model: many kinds
        raise BackboneError(
            f"{folder} has no usable processor ({brief(error)}): save it beside the model with "
            "processor.save_pretrained(folder)"
        ) from error
    if not hasattr(processor, "image_token") or not hasattr(processor, "tokenizer"):
        raise BackboneError(
            f"{folder} has a {type(processor).__name__} for a processor, which does not join "
            "pictures and text: save the model's own with processor.save_pretrained(folder)"
        )
    return processor


def _lacking(folder: Path, complaint: str) -> str:
    named = next((x for x in LIBRARIES if x in complaint.lower()), None)
    needs = named or f"a library ({' '.join(complaint.split())[:100]} …)"
    return f"the processor in {folder} needs {needs}, which secondlook does not bring: {WORKING}"
