"""Painting defects: visible, inside their mask, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.training.defects import KINDS, paint
from secondlook.training.defects.finish import LEAST, MOST, other_finish
from secondlook.training.defects.paint import LEAST_CHANGE, LEAST_PIXELS
from secondlook.training.painting import Painter

Pixels = NDArray[np.uint8]


def textured(height: int, width: int, seed: int = 0) -> Pixels:
    noise = np.random.default_rng(seed).normal(120, 25, (height, width, 3))
    return noise.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_inside_its_mask_and_nowhere_else(kind: str) -> None:
    picture = textured(96, 96)
    for seed in range(8):
        painted = paint(
            picture, np.random.default_rng(seed), kinds=(kind,), donor=textured(96, 96, seed + 1)
        )
        change = np.abs(painted.pixels.astype(int) - picture).max(axis=2) / 255
        assert painted.kind == kind
        assert painted.mask.sum() >= LEAST_PIXELS
        assert change[painted.mask].min() >= LEAST_CHANGE - 1 / 255
        assert change[~painted.mask].max() <= LEAST_CHANGE + 1 / 255


@settings(max_examples=40, deadline=None)
@given(height=st.integers(48, 120), width=st.integers(48, 120), seed=st.integers(0, 2**32 - 1))
def test_any_shape_keeps_its_shape(height: int, width: int, seed: int) -> None:
    painted = paint(textured(height, width), np.random.default_rng(seed))
    assert painted.pixels.shape == (height, width, 3)
    assert painted.mask.shape == (height, width)
    assert painted.mask.mean() < 0.5


def test_the_same_seed_paints_the_same() -> None:
    one, two = (paint(textured(64, 64), np.random.default_rng(5)) for _ in range(2))
    assert (one.pixels == two.pixels).all()
    other = paint(textured(64, 64), np.random.default_rng(6))
    assert (one.pixels != other.pixels).any()


def test_grey_pictures_stay_grey() -> None:
    grey = np.repeat(textured(64, 64)[..., :1], 3, axis=2)
    for seed in range(30):
        painted = paint(grey, np.random.default_rng(seed), donor=textured(64, 64, 3))
        assert np.ptp(painted.pixels, axis=2).max() == 0


def test_where_nothing_can_show_it_says_so() -> None:
    with pytest.raises(ModelError, match=r"no visible hole.*tones reach from 0 to 0"):
        paint(np.zeros((64, 64, 3), dtype=np.uint8), np.random.default_rng(0), kinds=("hole",))
    with pytest.raises(ModelError, match=r"2 x 2 pixels.*at least 32 pixels"):
        paint(textured(2, 2), np.random.default_rng(0))


def test_a_region_of_another_good_part_is_marked_as_a_whole() -> None:
    mine, other = textured(96, 80), textured(96, 80, 9)
    made = [other_finish(mine, other, np.random.default_rng(seed)) for seed in range(30)]
    shown = [x for x in made if x is not None]
    assert len(shown) > 20
    for painted in shown:
        assert painted.pixels.shape == mine.shape
        assert LEAST < painted.mask.mean() < MOST
        changed = (painted.pixels != mine).any(axis=2)
        assert changed[painted.mask].mean() > 0.9
    again = other_finish(mine, other, np.random.default_rng(0))
    assert again is None or made[0] is not None and (again.pixels == made[0].pixels).all()


def test_the_same_good_part_twice_shows_nothing() -> None:
    flat = np.full((64, 64, 3), 120, dtype=np.uint8)
    assert all(
        x is None or np.abs(x.pixels.astype(int) - flat)[x.mask].mean() > 3
        for x in (other_finish(flat, flat, np.random.default_rng(seed)) for seed in range(20))
    )


def test_a_painter_leaves_some_goods_as_they_are() -> None:
    sheet = Painter([textured(64, 64)], seed=0, painted=0.5)(40)
    share = np.mean([x.any() for x in sheet.masks])
    assert 0.2 < share < 0.8
    again = Painter([textured(64, 64)], seed=0, painted=0.5)(40)
    assert (sheet.pixels == again.pixels).all()
