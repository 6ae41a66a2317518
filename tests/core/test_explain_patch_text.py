"""Maps of how much the places of a picture are like words."""

import numpy as np
import pytest
import torch

from secondlook.errors import ModelError
from secondlook.models.backbones import starter
from secondlook.models.dual import DualBackbone
from secondlook.models.dual_loading import dual_from_folder
from secondlook.models.explain.patch_text import patch_text
from tiny_checkpoints import Tiny

PICTURE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


def test_a_place_that_is_named_stands_out_in_the_starter() -> None:
    dual, random = starter(), np.random.default_rng(0)
    words = dual.embed(["a red circle on a grey surface", "a plain grey surface"])
    found = []
    for _ in range(8):
        picture = random.normal(128, 8, (256, 256, 3))
        y, x = (int(v) for v in random.integers(48, 208, 2))
        rows, columns = np.mgrid[:256, :256]
        picture[(rows - y) ** 2 + (columns - x) ** 2 < 30**2] = (220, 30, 30)
        maps = patch_text(dual, picture.clip(0, 255).astype(np.uint8), words)
        height, width = maps.shape[1:]
        more = maps[0] - maps[1]
        place = np.array(np.unravel_index(more.argmax(), more.shape)) + 0.5
        away = place * (256 / height, 256 / width) - (y, x)
        found.append(np.abs(away).max() <= 48)
    assert np.mean(found) >= 0.75


def test_the_mean_of_the_places_is_the_picture() -> None:
    """So that what places say adds up to what the picture says."""
    dual = starter()
    features = dual.image_features([PICTURE])
    projection = dual.image_tower.projection
    assert projection is not None
    with torch.inference_mode():
        places = projection(features.tokens)
    assert torch.allclose(places.mean(1), features.pooled, 1e-3, 1e-3)


def test_a_clip_gives_a_cosine_for_every_place(tiny: Tiny) -> None:
    dual = dual_from_folder(tiny("clip"))
    words = dual.embed(["a scratch", "the rim", "a weld"])
    maps = patch_text(dual, PICTURE, words)
    assert maps.shape == (3, 4, 4) and maps.dtype == np.float32
    assert np.abs(maps).max() <= 1 and maps.std() > 0
    assert np.allclose(patch_text(dual, PICTURE, words[1:2])[0], maps[1], atol=1e-6)


def test_a_tower_that_pools_otherwise_is_refused(tiny: Tiny) -> None:
    dual = dual_from_folder(tiny("siglip"))
    with pytest.raises(ModelError, match="siglip_vision_model pools in a way"):
        patch_text(dual, PICTURE, dual.embed(["a scratch"]))


def test_a_pair_without_a_shared_space_is_refused(tiny: Tiny) -> None:
    whole = dual_from_folder(tiny("clip"))
    dual = DualBackbone(whole.image, whole.text, whole.ref, aligned=False)
    with pytest.raises(ModelError, match="no shared space"):
        patch_text(dual, PICTURE, dual.embed(["a scratch"]))
