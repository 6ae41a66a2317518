"""Blocks are found by structure, and the layers that LoRA may change by exact name."""

from typing import Any

import pytest
import torch
from torch import nn
from transformers import CLIPConfig, CLIPModel

from lora_towers import BERT, FAMILIES, VIT, tower
from secondlook.errors import BackboneError
from secondlook.models.lora.blocks import find_blocks
from secondlook.models.lora.slots import LoraSlots
from secondlook.models.lora.targets import find_targets, pair_shapes

PATHS = {
    "bert": ("encoder.layer", 4),
    "bottleneck": ("encoder.stages", 8),
    "clip": ("encoder.layers", 4),
    "convnext": ("encoder.stages", 8),
    "dinov2": ("encoder.layer", 4),
    "resnet": ("encoder.stages", 8),
    "siglip": ("encoder.layers", 4),
    "vit": ("layers", 4),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_blocks_of_every_family_are_found_in_order(family: str) -> None:
    model = tower(family)
    found = find_blocks(model)
    assert (found.path, len(found.blocks)) == PATHS[family]
    assert all(model.get_submodule(x.name) is x.module for x in found.blocks)
    order = [id(x) for x in model.modules()]
    places = [order.index(id(x.module)) for x in found.blocks]
    assert places == sorted(places)


def test_residual_layers_are_counted_across_stages() -> None:
    names = [x.name for x in find_blocks(tower("resnet")).last(3)]
    assert names == [
        "encoder.stages.2.layers.1",
        "encoder.stages.3.layers.0",
        "encoder.stages.3.layers.1",
    ]


def test_more_blocks_than_there_are_is_refused() -> None:
    with pytest.raises(BackboneError, match="last 5 blocks of 4.*from 0 to 4"):
        find_blocks(tower("vit")).last(5)


def test_a_module_without_blocks_is_refused() -> None:
    with pytest.raises(BackboneError, match="Linear must hold one list.*met none.*give one tower"):
        find_blocks(nn.Linear(2, 2))


def test_two_towers_in_one_are_refused_by_name() -> None:
    text: dict[str, Any] = BERT | {"bos_token_id": 1, "eos_token_id": 2}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=VIT))
    with pytest.raises(BackboneError, match=r"text_model\.\S+, vision_model\.\S+: give one tower"):
        find_blocks(model)


DEFAULTS = {
    "bert": ["attention.self.query", "attention.self.value"],
    "bottleneck": ["layer.1.convolution"],
    "clip": ["self_attn.q_proj", "self_attn.v_proj"],
    "convnext": ["pwconv1", "pwconv2"],
    "dinov2": ["attention.q_proj", "attention.v_proj"],
    "resnet": ["layer.0.convolution", "layer.1.convolution"],
    "siglip": ["self_attn.q_proj", "self_attn.v_proj"],
    "vit": ["attention.q_proj", "attention.v_proj"],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_layers_that_are_adapted_by_default(family: str) -> None:
    model = tower(family)
    blocks = [x.name for x in find_blocks(model).last(2)]
    expected = {f"{block}.{x}" for block in blocks for x in DEFAULTS[family]}
    assert set(find_targets(model, 2)) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_all_layers_are_those_of_the_last_blocks(family: str) -> None:
    model = tower(family)
    blocks = tuple(f"{x.name}." for x in find_blocks(model).last(2))
    expected = {
        name
        for name, x in model.named_modules()
        if name.startswith(blocks)
        and (isinstance(x, nn.Linear) or (isinstance(x, nn.Conv2d) and x.groups == 1))
    }
    assert set(find_targets(model, 2, "all")) == expected
    assert set(find_targets(model, 2)) < expected or family == "convnext"


def test_the_pooling_head_of_siglip_is_never_adapted() -> None:
    assert not [x for x in find_targets(tower("siglip"), 4, "all") if "head" in x]


@pytest.mark.parametrize("family", ["resnet", "siglip"])
def test_names_stay_the_same_once_layers_are_wrapped(family: str) -> None:
    model = tower(family)
    before = find_targets(model, 2), find_targets(model, 2, "all")
    slots = LoraSlots(model, rank=2, last=2)
    slots.bind("a", lambda: slots.fresh(0))
    assert (find_targets(model, 2), find_targets(model, 2, "all")) == before


def test_no_blocks_have_no_targets() -> None:
    assert find_targets(tower("vit"), 0) == ()


def test_blocks_without_fitting_layers_are_refused() -> None:
    class Norms(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.LayerNorm(4)

    model = nn.Sequential()
    model.add_module("blocks", nn.ModuleList([Norms(), Norms()]))
    with pytest.raises(BackboneError, match="no linear layer and no plain convolution"):
        find_targets(model, 1)


def test_convolutions_that_peft_would_copy_wrongly_are_left_out() -> None:
    block = nn.Sequential(
        nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 4, 3, dilation=2), nn.Conv2d(4, 4, 3)
    )
    assert find_targets(nn.ModuleDict({"blocks": nn.ModuleList([block])}), 1) == ("blocks.0.2",)


def test_shapes_of_the_pair_of_a_layer() -> None:
    assert pair_shapes(nn.Linear(5, 7), 2) == ((2, 5), (7, 2))
    assert pair_shapes(nn.Conv2d(5, 7, 3), 2) == ((2, 5, 3, 3), (7, 2, 1, 1))
    assert torch.empty(pair_shapes(nn.Linear(5, 7), 2)[0]).shape == (2, 5)
