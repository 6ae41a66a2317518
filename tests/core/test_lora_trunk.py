"""A tower without its last blocks gives the same earlier states."""

import pytest
import torch

from lora_towers import FAMILIES, inputs, tower
from secondlook.errors import BackboneError
from secondlook.models.lora.slots import LoraSlots
from secondlook.models.lora.trunk import trunk
from secondlook.models.towers import ImageTower

PICTURES = [x for x in FAMILIES if x != "bert"]


@pytest.mark.parametrize("family", PICTURES)
def test_earlier_states_are_the_same_without_the_later_blocks(family: str) -> None:
    model = tower(family)
    pixels = inputs(family)["pixel_values"]
    whole = ImageTower(model)(pixels).levels
    for level in range(1, len(whole)):
        short = ImageTower(trunk(model, level))(pixels).levels
        assert len(short) == level + 1
        for one, other in zip(short, whole, strict=False):
            assert torch.equal(one, other)
    after = ImageTower(model)(pixels).levels
    assert all(torch.equal(x, y) for x, y in zip(whole, after, strict=True))


def test_what_is_learned_in_the_tower_is_seen_in_the_trunk() -> None:
    model = tower("resnet")
    short = trunk(model, 2)
    pixels = inputs("resnet")["pixel_values"]
    before = ImageTower(short)(pixels).levels[2]
    slots = LoraSlots(model, last=6)
    fresh = slots.fresh(0)
    for pair in fresh.pairs.values():
        pair.b.normal_()
    slots.bind("a", lambda: fresh)
    with slots.active("a"):
        assert not torch.equal(ImageTower(short)(pixels).levels[2], before)
    with slots.active(None):
        assert torch.equal(ImageTower(short)(pixels).levels[2], before)


@pytest.mark.parametrize("level", [0, 9])
def test_a_state_that_is_not_there_is_refused(level: int) -> None:
    with pytest.raises(BackboneError, match="hidden states 1 to 4"):
        trunk(tower("resnet"), level)
