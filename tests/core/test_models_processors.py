"""Processors are put together without torchvision; what cannot be is refused with a way on."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import SmolVLMProcessor

from secondlook.errors import BackboneError
from secondlook.models.backbones import load_generative
from secondlook.models.processors import load_processor
from secondlook.models.prompts import model_inputs
from tiny_checkpoints import Tiny
from tiny_models import loaded, picture
from tiny_refused import REFUSED


def test_smolvlm_reads_pictures_as_its_own_processor_does(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own asks for num2words and for a part for films, and uses both for films only."""
    monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", str)
    monkeypatch.setattr(SmolVLMProcessor, "check_argument_for_proper_class", lambda *_: None)
    ours = load_processor(tiny("smolvlm"))
    films = SimpleNamespace(num_frames=None, fps=None, model_input_names=[])
    build: Any = SmolVLMProcessor
    own = build(
        ours.image_processor,
        ours.tokenizer,
        films,
        image_seq_len=4,
        chat_template=ours.chat_template,
    )
    for images in ([], [picture()], [picture(90, 70), picture(20, 80)]):
        expected, inputs = (model_inputs(x, images, "the weld") for x in (own, ours))
        assert set(inputs) == set(expected)
        assert all(torch.equal(inputs[x], expected[x]) for x in expected)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_processor_that_needs_torchvision_is_refused(kind: str, tiny: Tiny) -> None:
    with pytest.raises(BackboneError, match=r"needs torchvision.*Qwen2\.5-VL, SmolVLM"):
        load_generative(tiny(kind))


@pytest.fixture
def copied(tiny: Tiny, tmp_path: Path) -> Tiny:
    """A copy that may be spoilt."""
    return lambda kind: Path(shutil.copytree(tiny(kind), tmp_path / kind))


def _state(file: Path, **settings: Any) -> None:
    stated = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(stated | settings), encoding="utf-8")


def test_a_model_without_processor_is_refused(copied: Tiny) -> None:
    folder = copied("llava")
    for name in ("processor_config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(BackboneError, match=r"processor\.save_pretrained"):
        load_generative(folder)


def test_a_processor_without_tokenizer_is_refused(copied: Tiny) -> None:
    folder = copied("qwen2-vl")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(BackboneError, match=r"no tokenizer.*tokenizer\.save_pretrained"):
        load_generative(folder)


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_damaged_processor_is_refused(text: str, copied: Tiny) -> None:
    folder = copied("qwen2-vl")
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")
    with pytest.raises(BackboneError, match=r"no usable processor.*processor\.save_pretrained"):
        load_generative(folder)


def test_a_processor_of_other_parts_is_refused(copied: Tiny) -> None:
    folder = copied("qwen2-vl")
    _state(folder / "preprocessor_config.json", processor_class="InstructBlipProcessor")
    with pytest.raises(
        BackboneError, match=r"InstructBlipProcessor.*qformer_tokenizer, which is none"
    ):
        load_generative(folder)


@pytest.mark.parametrize("inside", [False, True])
def test_a_processor_with_a_model_for_sound_is_refused(inside: bool, copied: Tiny) -> None:
    """That model could lie anywhere, as a pickle too."""
    folder = copied("internvl")
    if inside:
        _state(folder / "processor_config.json", audio_tokenizer={"audio_tokenizer_class": "X"})
    else:
        (folder / "audio_tokenizer_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BackboneError, match=r"InternVLProcessor.*made with a model for sound"):
        load_generative(folder)


@pytest.mark.parametrize("stated", ["CLIPProcessor", "Wav2Vec2Processor"])
def test_a_processor_that_joins_nothing_is_refused(stated: str, copied: Tiny) -> None:
    folder = copied("qwen2-vl")
    _state(folder / "preprocessor_config.json", processor_class=stated)
    with pytest.raises(BackboneError, match=rf"{stated} for a processor"):
        load_generative(folder)


@pytest.mark.parametrize("stated", [None, "Unheard", "OwnProcessor"])
def test_a_processor_that_is_not_named_is_the_one_of_its_family(
    stated: str | None, copied: Tiny, tiny: Tiny
) -> None:
    folder = copied("qwen2-vl")
    _state(folder / "preprocessor_config.json", processor_class=stated)
    text = load_generative(folder).generate([picture()], "the weld", 6)
    assert text == loaded(tiny("qwen2-vl")).generate([picture()], "the weld", 6)


@pytest.mark.parametrize("kind", ["AutoProcessor", "AutoImageProcessor", "AutoVideoProcessor"])
def test_code_beside_a_processor_is_not_run(kind: str, copied: Tiny) -> None:
    folder = copied("qwen2-vl")
    named = {"processor_class": "Evil", "image_processor_type": "Evil"}
    _state(folder / "preprocessor_config.json", auto_map={kind: "evil.Evil"}, **named)
    (folder / "evil.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    with pytest.raises(BackboneError, match="has no usable processor"):
        load_generative(folder)
