"""Pairs: one space, one resident model for both halves, refusals."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoModel, CLIPImageProcessorPil

from secondlook import BackboneSpec
from secondlook.errors import BackboneError, ModelError
from secondlook.models import dual_loading
from secondlook.models.backbones import (
    TextBackbone,
    VisionBackbone,
    load_text,
    load_vision,
    minilm,
    untrained_vision,
)
from secondlook.models.checkpoints import quiet_transformers
from secondlook.models.dual import DualBackbone
from secondlook.models.dual_loading import dual_from_folder
from secondlook.models.families import load_backbone
from secondlook.models.runtime import Runtime
from tiny_checkpoints import SIDE, Tiny

PAIRS = ("clip", "siglip", "siglip2", "vit-bert", "convnext-bert", "resnet-bert")
TEXTS = ["a photo of the weld", "crack", ""]


@pytest.fixture
def copied(tiny: Tiny, tmp_path: Path) -> Tiny:
    """A copy that may be spoilt."""
    return lambda kind: Path(shutil.copytree(tiny(kind), tmp_path / kind))


def picture(height: int = SIDE, width: int = SIDE, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", PAIRS)
def test_a_pair_is_both_backbones_in_one(kind: str, tiny: Tiny) -> None:
    vision: VisionBackbone = load_vision(tiny(kind))
    text: TextBackbone = load_text(tiny(kind))
    assert isinstance(vision, DualBackbone)
    assert isinstance(text, DualBackbone)
    assert vision.ref == text.ref
    pictures = vision.embed_images([picture(), picture(20, 50, seed=1)])
    words = text.embed(TEXTS)
    assert np.linalg.norm(pictures, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(words, axis=1) == pytest.approx(1, abs=1e-5)
    assert vision.similarity(pictures, words).shape == (2, 3)
    assert vision.patches([picture()]).ndim == 4


@pytest.mark.parametrize("kind", ["clip", "siglip", "vit-bert"])
def test_cosines_scale_to_the_models_own_logits(kind: str, tiny: Tiny) -> None:
    backbone = dual_from_folder(tiny(kind))
    images = [picture(), picture(seed=1)]
    cosines = backbone.similarity(backbone.embed_images(images), backbone.embed(TEXTS))
    with quiet_transformers(), torch.no_grad():
        model: Any = AutoModel.from_pretrained(tiny(kind)).eval()
        ids, mask = backbone.tokens(TEXTS)
        seen = {} if kind == "siglip" else {"attention_mask": mask}
        own = model(input_ids=ids, pixel_values=backbone.prepare(images), **seen)
    logits = cosines * backbone.logit_scale + backbone.logit_bias
    assert logits == pytest.approx(own.logits_per_image.numpy(), abs=1e-4)


def test_without_a_tokenizer_a_pair_still_reads_pictures_the_same_way(copied: Tiny) -> None:
    folder = copied("clip")
    whole = load_vision(folder)
    (folder / "tokenizer.json").unlink()
    images_only = load_vision(folder)
    assert not isinstance(images_only, DualBackbone)
    assert np.array_equal(images_only.patches([picture()]), whole.patches([picture()]))
    assert images_only.ref == whole.ref
    with pytest.raises(BackboneError, match=r"no tokenizer.*save_pretrained"):
        load_text(folder)


def test_texts_beyond_the_models_places_are_cut(tiny: Tiny) -> None:
    backbone = dual_from_folder(tiny("vit-bert"))
    long, cut = backbone.embed(["crack " * 500, "crack " * 14])
    assert long == pytest.approx(cut, abs=1e-6)


def test_nothing_gives_nothing(tiny: Tiny) -> None:
    backbone = dual_from_folder(tiny("clip"))
    assert backbone.embed_images([]).shape == (0, 12)
    assert backbone.embed([]).shape == (0, 12)
    assert len(backbone.patches([])) == 0


def test_a_picture_is_prepared_as_its_checkpoint_says(tiny: Tiny) -> None:
    backbone = dual_from_folder(tiny("clip"))
    own: Any = CLIPImageProcessorPil.from_pretrained(tiny("clip"))
    for side in (SIDE, 2 * SIDE):  # with a square picture there is nothing to crop
        image = picture(side, side)
        expected = own(Image.fromarray(image), return_tensors="np")["pixel_values"]
        assert backbone.prepare([image]).numpy() == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("stated", "height", "width", "value"),
    [
        ('{"size": {"height": 10, "width": 20}}', 10, 20, None),
        ('{"size": {"shortest_edge": 30}, "crop_size": {"height": 12, "width": 12}}', 12, 12, None),
        ('{"size": {"shortest_edge": 30}, "crop_size": 12, "do_center_crop": false}', 30, 30, None),
        ('{"size": 14, "resample": 0}', 14, 14, None),
        ('{"do_normalize": false}', 256, 256, 1.0),
        ('{"do_normalize": false, "do_rescale": false}', 256, 256, 255.0),
        ('{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}', 256, 256, 1.0),
        ('{"rescale_factor": 0.1, "do_normalize": false}', 256, 256, 25.5),
    ],
)
def test_what_a_checkpoint_says_about_pictures_is_done(
    stated: str, height: int, width: int, value: float | None, copied: Tiny
) -> None:
    folder = copied("resnet")  # its config.json names no size
    (folder / "preprocessor_config.json").write_text(stated, encoding="utf-8")
    backbone: Any = load_backbone(folder)
    batch = backbone.prepare([np.full((9, 7, 3), 255, dtype=np.uint8)])
    assert batch.shape == (1, 3, height, width)
    if value is not None:
        assert batch.numpy() == pytest.approx(value)


@pytest.mark.parametrize(
    "stated",
    [
        '{"image_mean": [0.5]}',
        '{"image_std": [0, 1, 1]}',
        '{"size": {"height": 4}}',
        '{"resample": 77}',
        '{"rescale_factor": "much"}',
        '{"size"',
    ],
)
def test_nonsense_about_pictures_is_refused(stated: str, copied: Tiny) -> None:
    folder = copied("resnet")
    (folder / "preprocessor_config.json").write_text(stated, encoding="utf-8")
    with pytest.raises(BackboneError, match=r"preprocessor_config\.json"):
        load_vision(folder)


def test_a_pair_that_was_never_trained_together_does_not_compare() -> None:
    image, text = untrained_vision(), minilm()
    pair = DualBackbone(image, text, image.ref, aligned=False)  # type: ignore[arg-type]
    assert "shared space" not in pair.uses
    with pytest.raises(ModelError, match=r"untrained-resnet has no shared space.*CLIP"):
        pair.similarity(pair.embed_images([picture()]), pair.embed(["crack"]))


def test_a_pair_without_the_pooler_its_space_needs_is_refused(copied: Tiny) -> None:
    folder = copied("vit-bert")
    weights = load_file(folder / "model.safetensors")
    kept = {k: v for k, v in weights.items() if not k.startswith("vision_model.pooler")}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BackboneError, match=r"vision_model\.pooler.*shared space"):
        dual_from_folder(folder)


def test_a_folder_that_is_no_pair_is_refused(tiny: Tiny) -> None:
    with pytest.raises(BackboneError, match=r"BertModel, not an image and text pair.*siglip"):
        dual_from_folder(tiny("bert"))


def test_a_runtime_keeps_one_pair_for_both_halves(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[Path] = []
    real = dual_loading.load_model
    monkeypatch.setattr(dual_loading, "load_model", lambda at: loads.append(at) or real(at))
    folder, runtime = tiny("clip"), Runtime({})
    words = runtime.text(str(folder)).embed(TEXTS)
    vision = runtime.vision(str(folder / ".." / folder.name))  # another spelling
    assert vision is runtime.dual(str(folder))
    assert isinstance(vision, DualBackbone)
    assert np.array_equal(vision.embed(TEXTS), words)
    assert runtime.text(str(folder)) is runtime.text(str(folder))
    assert len(loads) == 1


def spec(modality: Any, folder: Path, loads: list[int]) -> BackboneSpec:
    def load() -> Any:
        loads.append(1)
        return dual_from_folder(folder)

    return BackboneSpec(
        name="pair", modality=modality, licence="", trained=True, description="", load=load
    )


def test_a_registered_pair_is_loaded_once(tiny: Tiny) -> None:
    loads: list[int] = []
    runtime = Runtime({"pair": spec("image+text", tiny("clip"), loads)})
    runtime.vision("pair")
    runtime.text("pair")
    assert runtime.dual("pair") is runtime.vision("pair")
    assert loads == [1]
    with pytest.raises(BackboneError, match=r"DualBackbone, which has no generate\(\)"):
        runtime.generative("pair")


def test_a_pair_registered_for_pictures_reads_no_texts(tiny: Tiny) -> None:
    runtime = Runtime({"pair": spec("image", tiny("clip"), [])})
    runtime.vision("pair")
    with pytest.raises(BackboneError, match="reads image, not text"):
        runtime.text("pair")


def test_a_plain_encoder_is_no_pair(tiny: Tiny) -> None:
    with pytest.raises(BackboneError, match="reads no pairs.*with its tokenizer"):
        Runtime({}).dual(str(tiny("vit")))
