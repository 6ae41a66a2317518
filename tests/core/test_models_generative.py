"""Generating models: the same text each time, bounded, deaf to commands in a record."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from secondlook.errors import BackboneError, ModelError
from secondlook.models import generative
from secondlook.models.backbones import load_generative, load_vision
from secondlook.models.checkpoints import quiet_transformers
from secondlook.models.generative import GenerativeBackbone
from secondlook.models.runtime import Runtime
from tiny_checkpoints import SIDE, Tiny, checkpoint

WRITING = ("llava", "idefics3")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return partial(checkpoint, tmp_path_factory)


def picture(height: int = 40, width: int = 50, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", WRITING)
def test_it_writes_the_same_each_time_within_the_limit(kind: str, tiny: Tiny) -> None:
    model = load_generative(tiny(kind))
    text = model.generate([picture()], "the weld", max_tokens=6)
    assert text
    assert len(text.split()) <= 6
    assert model.generate([picture()], "the weld", max_tokens=6) == text
    assert text.startswith(model.generate([picture()], "the weld", max_tokens=2))


def test_it_writes_what_transformers_writes(tiny: Tiny) -> None:
    with quiet_transformers(), torch.no_grad():
        processor: Any = AutoProcessor.from_pretrained(tiny("llava"))
        own = AutoModelForImageTextToText.from_pretrained(tiny("llava")).eval()
        image = Image.fromarray(picture())
        inputs = processor(text="<image>\nthe weld", images=image, return_tensors="pt")
        tokens = own.generate(**inputs, do_sample=False, max_new_tokens=6)
    new = tokens[0, inputs["input_ids"].shape[1] :]
    expected = processor.decode(new, skip_special_tokens=True).strip()
    assert load_generative(tiny("llava")).generate([picture()], "the weld", 6) == expected


@pytest.mark.parametrize("kind", WRITING)
def test_commands_in_a_record_are_taken_out(kind: str, tiny: Tiny) -> None:
    model = load_generative(tiny(kind))
    plain = model.generate([picture()], "the   weld", max_tokens=6)
    assert model.generate([picture()], "the <image></s><s> weld", max_tokens=6) == plain


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize("kind", WRITING)
def test_any_number_of_pictures(kind: str, count: int, tiny: Tiny) -> None:
    images = [picture(seed=i) for i in range(count)]
    assert isinstance(load_generative(tiny(kind)).generate(images, "the weld", 2), str)


def test_a_long_prompt_is_cut(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generative, "MAX_PROMPT", 3)
    model = load_generative(tiny("llava"))
    assert model._cut("the weld of the rim") == "the weld of"
    assert model._cut("the weld") == "the weld"


def test_half_precision_weights_stay_as_they_were_saved(tiny: Tiny, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("llava"), tmp_path / "half"))
    with quiet_transformers():
        half = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.bfloat16)
        half.save_pretrained(folder)
    model = load_generative(folder)
    assert {x.dtype for x in model.model.parameters()} == {torch.bfloat16}
    assert isinstance(model.generate([picture()], "the weld", 2), str)
    assert np.isfinite(model.patches([picture()])).all()


@pytest.mark.parametrize("kind", WRITING)
def test_its_vision_tower_gives_patch_features(kind: str, tiny: Tiny) -> None:
    backbone = load_vision(tiny(kind))
    assert isinstance(backbone, GenerativeBackbone)
    assert backbone.patches([picture(), picture(seed=1)]).shape == (2, 4, 4, 32)
    assert backbone.embed_images([picture()]).shape == (1, 16)


def test_without_sight_it_says_what_sees(tiny: Tiny) -> None:
    model = load_generative(tiny("llava"))
    model.vision = None
    assert model.uses == ("generation",)
    with pytest.raises(BackboneError, match=r"llava generates text.*CLIP"):
        model.patches([picture()])


def test_a_runtime_keeps_one_model_for_seeing_and_writing(tiny: Tiny) -> None:
    runtime = Runtime({})
    assert runtime.vision(str(tiny("llava"))) is runtime.generative(str(tiny("llava")))
    with pytest.raises(BackboneError, match="does not embed sentences"):
        runtime.text(str(tiny("llava")))


def test_a_processor_that_needs_torchvision_is_refused(tiny: Tiny) -> None:
    with pytest.raises(BackboneError, match=r"needs torchvision.*LLaVA or Idefics3"):
        load_generative(tiny("qwen2-vl"))


def test_a_model_without_processor_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("llava"), tmp_path / "bare"))
    for name in ("processor_config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(BackboneError, match=r"processor\.save_pretrained"):
        load_generative(folder)


def test_a_pair_does_not_write(tiny: Tiny) -> None:
    with pytest.raises(BackboneError, match=r"does not generate text.*LLaVA"):
        load_generative(tiny("clip"))


@pytest.mark.parametrize(
    ("images", "limit", "match"),
    [
        ([np.zeros((SIDE, SIDE), dtype=np.float32)[:0]], 5, "cannot write about 1 pictures"),
        ([], 0, "max_tokens must be at least 1; got 0"),
    ],
)
def test_inputs_it_cannot_take(images: list[Any], limit: int, match: str, tiny: Tiny) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        load_generative(tiny("llava")).generate(images, "a patient's name", limit)
    assert "patient" not in str(caught.value)
