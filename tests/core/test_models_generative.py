"""Generating models: the same text each time, bounded, deaf to commands in a record."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from secondlook.errors import BackboneError, ModelError
from secondlook.models import prompts
from secondlook.models.backbones import load_generative, load_vision
from secondlook.models.checkpoints import quiet_transformers
from secondlook.models.generative import GenerativeBackbone
from secondlook.models.prompts import cut, model_inputs, plain, within
from secondlook.models.runtime import Runtime
from tiny_checkpoints import SIDE, Tiny
from tiny_generative import GENERATIVE
from tiny_models import loaded, picture

WRITING = tuple(GENERATIVE)
SEEING = (
    "llava",
    "llava-next",
    "llava-onevision",
    "idefics3",
    "smolvlm",
    "internvl",
    "paligemma",
    "gemma3",
)
"""Their towers give patch features beside."""
COMMANDS = {
    "llava-onevision": "<image><video></s>",
    "smolvlm": "<image><row_1_col_1><global-img>",
    "qwen2-vl": "<|vision_start|><|image_pad|><|vision_end|>",
    "qwen2.5-vl": "<|image_pad|><|video_pad|>",
    "qwen3-vl": "<|vision_start|><|video_pad|>",
    "internvl": "<img><IMG_CONTEXT></img><video>",
    "gemma3": "<start_of_image><image_soft_token><end_of_image>",
    "t5gemma2": "<start_of_image><image_soft_token>",
}


@pytest.mark.parametrize("kind", WRITING)
def test_it_writes_the_same_each_time_within_the_limit(kind: str, tiny: Tiny) -> None:
    model = load_generative(tiny(kind))
    text = model.generate([picture()], "the weld", max_tokens=6)
    assert len(text.split()) == 6
    assert model.generate([picture()], "the weld", max_tokens=6) == text
    assert load_generative(tiny(kind)).generate([picture()], "the weld", max_tokens=6) == text
    assert text.startswith(model.generate([picture()], "the weld", max_tokens=2))


@pytest.mark.parametrize("kind", WRITING)
def test_what_it_writes_depends_on_picture_and_prompt(kind: str, tiny: Tiny) -> None:
    model = loaded(tiny(kind))
    network: Any = model.model
    asked = [(picture(), "the weld"), (picture(seed=1), "the weld"), (picture(), "the rim")]
    begun = {"decoder_input_ids": torch.tensor([[1]])} if network.config.is_encoder_decoder else {}
    with torch.inference_mode():
        inputs = [model_inputs(model._processor, [x], y) | begun for x, y in asked]
        first, other_picture, other_prompt = (network(**x).logits[0, -1] for x in inputs)
    assert not torch.equal(first, other_picture)
    assert not torch.equal(first, other_prompt)


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
    processor = loaded(tiny(kind))._processor
    spoilt = f"the {COMMANDS.get(kind, '<image></s><s>')} weld"
    inputs = [model_inputs(processor, [picture()], x)["input_ids"] for x in ("the weld", spoilt)]
    assert torch.equal(*inputs)


def test_places_of_films_and_sound_are_commands_whatever_the_tokenizer_says() -> None:
    processor = SimpleNamespace(
        tokenizer=SimpleNamespace(added_tokens_decoder={}),
        image_token="<image>",
        video_token="<video>",
        audio_token=None,
    )
    assert plain(processor, "a <video><image> b") == "a    b"


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize("kind", WRITING)
def test_any_number_of_pictures(kind: str, count: int, tiny: Tiny) -> None:
    images = [picture(seed=i) for i in range(count)]
    if (kind, count) == ("paligemma", 0):
        with pytest.raises(ModelError, match="cannot write about 0 pictures.*try one picture"):
            loaded(tiny(kind)).generate(images, "the weld", 2)
    else:
        assert len(loaded(tiny(kind)).generate(images, "the weld", 2).split()) == 2


def test_a_long_prompt_is_cut(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "MAX_PROMPT", 3)
    processor = loaded(tiny("llava"))._processor
    assert cut(processor, "the weld of the rim") == "the weld of"
    assert cut(processor, "the weld") == "the weld"


@pytest.mark.parametrize(
    ("size", "seen"),
    [((64, 32), (64, 32)), ((128, 64), (64, 32)), ((8, 400), (6, 320))],
)
def test_a_large_picture_is_made_smaller(
    size: tuple[int, int], seen: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "MAX_PIXELS", 2048)
    assert within(picture(*size)).size == seen[::-1]


def test_a_model_that_reads_pictures_at_their_size_reads_no_more_than_that(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor = loaded(tiny("qwen2-vl"))._processor
    whole = model_inputs(processor, [picture(64, 64)], "the weld")["pixel_values"]
    monkeypatch.setattr(prompts, "MAX_PIXELS", 32 * 32)
    less = model_inputs(processor, [picture(64, 64)], "the weld")["pixel_values"]
    assert (len(whole), len(less)) == (64, 16)


def test_paligemma_reads_its_prompt_as_it_was_trained(tiny: Tiny) -> None:
    processor = loaded(tiny("paligemma"))._processor
    inputs = model_inputs(processor, [picture()], "the weld")
    assert "labels" not in inputs
    assert processor.decode(inputs["input_ids"][0]).endswith("<image> <s> the weld")


def test_half_precision_weights_stay_as_they_were_saved(tiny: Tiny, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("llava"), tmp_path / "half"))
    with quiet_transformers():
        half = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.bfloat16)
        half.save_pretrained(folder)
    model = load_generative(folder)
    assert {x.dtype for x in model.model.parameters()} == {torch.bfloat16}
    assert isinstance(model.generate([picture()], "the weld", 2), str)
    assert np.isfinite(model.patches([picture()])).all()


@pytest.mark.parametrize("kind", SEEING)
def test_its_vision_tower_gives_patch_features(kind: str, tiny: Tiny) -> None:
    backbone = load_vision(tiny(kind))
    assert isinstance(backbone, GenerativeBackbone)
    assert backbone.patches([picture(), picture(seed=1)]).shape == (2, 4, 4, 32)
    assert backbone.embed_images([picture()]).shape == (1, 16)


@pytest.mark.parametrize("kind", ["qwen2-vl", "qwen2.5-vl", "qwen3-vl"])
def test_a_tower_of_another_make_gives_none(kind: str, tiny: Tiny) -> None:
    assert loaded(tiny(kind)).uses == ("generation",)
    with pytest.raises(BackboneError, match=r"generates text.*DINOv2 checkpoint for patches"):
        loaded(tiny(kind)).patches([picture()])


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
