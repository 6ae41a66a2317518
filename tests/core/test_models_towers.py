"""Towers: pooled vectors as transformers itself gives them, tokens, sizes, gradients."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer
from transformers.models.siglip2.image_processing_pil_siglip2 import convert_image_to_patches

from secondlook.models.checkpoints import quiet_transformers
from secondlook.models.families import load_backbone
from secondlook.models.features import ImageFeatures, TextFeatures
from secondlook.models.towers import ImageTower, TextTower
from secondlook.models.towers_maps import as_map, naflex_inputs
from tiny_checkpoints import SIDE, Tiny

PAIRS = ("clip", "siglip", "siglip2", "vit-bert", "convnext-bert")
PLAIN = ("vit", "dinov2", "resnet", "convnext", "swin")
TEXTS = ["a photo of the weld", "crack"]


def own_model(folder: Path) -> Any:
    """The checkpoint as transformers loads it."""
    with quiet_transformers():
        return AutoModel.from_pretrained(folder, local_files_only=True).eval()


def pixels(count: int = 2) -> Tensor:
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def image_tower(folder: Path) -> ImageTower:
    return load_backbone(folder).image_tower  # type: ignore[union-attr]


def text_tower(folder: Path) -> TextTower:
    return load_backbone(folder).text_tower  # type: ignore[union-attr]


def same(found: Tensor, expected: Tensor) -> None:
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", PAIRS)
@torch.no_grad()
def test_a_pairs_picture_vectors_are_those_of_transformers(kind: str, tiny: Tiny) -> None:
    inputs = {"pixel_values": pixels()}
    if kind == "siglip2":
        inputs = {
            "pixel_values": torch.stack(
                [torch.from_numpy(convert_image_to_patches(x.numpy(), 8)) for x in pixels()]
            ),
            "pixel_attention_mask": torch.ones(2, 16, dtype=torch.long),
            "spatial_shapes": torch.tensor([[4, 4], [4, 4]]),
        }
    own = own_model(tiny(kind)).get_image_features(**inputs).pooler_output
    same(image_tower(tiny(kind))(pixels()).pooled, own)


@torch.no_grad()
def test_a_resnet_pair_works_where_transformers_forgets_to_flatten(tiny: Tiny) -> None:
    model = own_model(tiny("resnet-bert"))
    flat = model.vision_model(pixels()).pooler_output.flatten(1)
    same(image_tower(tiny("resnet-bert"))(pixels()).pooled, model.visual_projection(flat))


@pytest.mark.parametrize("kind", PAIRS)
@torch.no_grad()
def test_a_pairs_text_vectors_are_those_of_transformers(kind: str, tiny: Tiny) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny(kind))
    padding: dict[str, Any] = {"padding": True}
    if kind.startswith("siglip"):  # as its model card asks for
        padding = {"padding": "max_length", "max_length": 16, "truncation": True}
    inputs = tokenizer(TEXTS, return_tensors="pt", **padding)
    own = own_model(tiny(kind)).get_text_features(**inputs).pooler_output
    features = load_backbone(tiny(kind)).text_features(TEXTS)  # type: ignore[union-attr]
    same(features.pooled, own)
    assert features.mask.sum(dim=1).tolist() == [
        min(len(x), 16) for x in tokenizer(TEXTS).input_ids
    ]


@pytest.mark.parametrize("kind", PLAIN)
@torch.no_grad()
def test_a_plain_vision_models_vector_is_its_own(kind: str, tiny: Tiny) -> None:
    own = own_model(tiny(kind))(pixels()).pooler_output.flatten(1)
    same(image_tower(tiny(kind))(pixels()).pooled, own)


@torch.no_grad()
def test_without_a_trained_pooler_the_class_token_stands_for_the_picture(tiny: Tiny) -> None:
    own = own_model(tiny("vit-classes"))(pixels()).last_hidden_state
    features = image_tower(tiny("vit-classes"))(pixels())
    same(features.pooled, own[:, 0])
    same(features.tokens, own[:, 1:])


@torch.no_grad()
def test_without_pooler_and_class_token_the_mean_stands_for_the_picture(tiny: Tiny) -> None:
    backbone: Any = load_backbone(tiny("idefics3"))
    features = backbone.vision.image_tower(pixels())
    assert features.tokens.shape == (2, 16, 16)
    same(features.pooled, features.tokens.mean(dim=1))


@torch.no_grad()
def test_a_plain_text_models_vector_is_the_mean_of_what_is_no_padding(tiny: Tiny) -> None:
    ids, mask = torch.tensor([[1, 8, 9, 2], [1, 8, 2, 0]]), torch.tensor([[1] * 4, [1, 1, 1, 0]])
    states = own_model(tiny("bert"))(ids, mask).last_hidden_state
    features = text_tower(tiny("bert"))(ids, mask)
    same(features.pooled, torch.stack([states[0].mean(0), states[1, :3].mean(0)]))
    same(features.tokens, states)
    assert features.mask.tolist() == [[True] * 4, [True, True, True, False]]


@torch.no_grad()
def test_a_clip_text_model_alone_keeps_its_own_vector(tiny: Tiny) -> None:
    ids, mask = torch.tensor([[1, 8, 9, 2]]), torch.ones(1, 4, dtype=torch.long)
    own = own_model(tiny("clip-text"))(ids, mask).pooler_output
    same(text_tower(tiny("clip-text"))(ids, mask).pooled, own)


@pytest.mark.parametrize(
    ("stated", "first"),
    [
        ('{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}', True),
        ('{"pooling_mode": "cls"}', True),
        ('{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}', False),
    ],
)
@torch.no_grad()
def test_a_sentence_encoder_pools_as_it_was_trained(
    stated: str, first: bool, tiny: Tiny, tmp_path: Path
) -> None:
    import shutil

    folder = Path(shutil.copytree(tiny("bert"), tmp_path / "bert"))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(stated, encoding="utf-8")
    features = load_backbone(folder).text_features(["crack weld"])  # type: ignore[union-attr]
    tokens = features.tokens
    same(features.pooled, tokens[:, 0] if first else tokens.mean(dim=1))


@pytest.mark.parametrize("kind", [*PAIRS, *PLAIN, "resnet-bert"])
@torch.no_grad()
def test_sizes_are_those_of_the_features(kind: str, tiny: Tiny) -> None:
    tower = image_tower(tiny(kind))
    features: ImageFeatures = tower(pixels())
    assert features.tokens.shape[::2] == (2, tower.size)
    assert features.pooled.shape == (2, tower.pooled_size)
    assert all(x.ndim == 4 and len(x) == 2 for x in features.levels)
    assert features.levels[-1].flatten(2).shape[2] == features.tokens.shape[1]


@pytest.mark.parametrize("kind", [*PAIRS, "bert", "clip-text"])
@torch.no_grad()
def test_sizes_of_text_are_those_of_the_features(kind: str, tiny: Tiny) -> None:
    tower = text_tower(tiny(kind))
    features: TextFeatures = tower(torch.tensor([[1, 8, 2]]), torch.ones(1, 3, dtype=torch.long))
    assert features.tokens.shape == (1, 3, tower.size)
    assert features.pooled.shape == (1, tower.pooled_size)


@pytest.mark.parametrize("kind", ["clip", "siglip", "siglip2", "vit-bert"])
def test_gradients_reach_the_first_block_of_both_towers(kind: str, tiny: Tiny) -> None:
    backbone: Any = load_backbone(tiny(kind))
    backbone.patches([np.zeros((8, 8, 3), dtype=np.uint8)])  # serving must not spoil training
    for tower, inputs in (
        (backbone.image_tower, (pixels(1),)),
        (backbone.text_tower, backbone.tokens(["crack"])),
    ):
        weights = dict(tower.model.named_parameters())
        name = next(x for x in weights if "layer" in x and x.endswith("weight"))
        weights[name].requires_grad_(True)
        features = tower(*inputs)
        (features.pooled.square().sum() + features.tokens.square().sum()).backward()
        assert weights[name].grad is not None
        assert float(weights[name].grad.abs().sum()) > 0


def test_a_token_grid_keeps_its_place() -> None:
    tokens = torch.cat([torch.full((1, 1, 1), -1.0), torch.arange(6.0).reshape(1, 6, 1)], dim=1)
    assert as_map(tokens, torch.zeros(1, 3, 16, 24))[0, 0].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_patches_in_rows_are_cut_as_transformers_cuts_them() -> None:
    wide = torch.arange(3 * 16 * 24.0).reshape(1, 3, 16, 24)
    inputs = naflex_inputs(wide, 8)
    expected = convert_image_to_patches(wide[0].numpy(), 8)
    assert np.array_equal(inputs["pixel_values"][0].numpy(), expected)
    assert inputs["spatial_shapes"].tolist() == [[2, 3]]
    assert inputs["pixel_attention_mask"].tolist() == [[1] * 6]
