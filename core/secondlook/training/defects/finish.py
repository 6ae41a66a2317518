"""A region of one good part in the surface of another: uneven grinding, coating or weave.

Each half looks like something good; only that both are on one part is wrong. That teaches the
dense head to compare places of a picture with each other, which no patch by itself can tell.
"""

import math

import numpy as np
from numpy.typing import NDArray

from secondlook.training.defects.masks import Mask, Random, Shape, smooth_noise
from secondlook.training.defects.paint import Painted

TRIES = 12
LEAST, MOST = 0.02, 0.5
"""Shares of the picture that the region covers: the larger half counts as how it should be."""
LEAST_CHANGE = 4.0
"""Grey levels by which the region must differ on average to be seen at all."""
FINISH = "other finish"


def other_finish(
    picture: NDArray[np.uint8], other: NDArray[np.uint8], random: Random
) -> Painted | None:
    """A good picture (H, W, 3) with a region of another one; None where that does not show.

    The mask is the whole region, not only the pixels that changed.
    """
    soft = _region((picture.shape[0], picture.shape[1]), random)
    if soft is None:
        return None
    mask, mine = soft > 0.5, picture.astype(np.float32)
    new = _toned(_turned(other, random).astype(np.float32), mine, mask, random)
    mixed = np.clip(mine * (1 - soft[..., None]) + new * soft[..., None], 0, 255)
    if float(np.abs(mixed - mine)[mask].mean()) < LEAST_CHANGE:
        return None
    return Painted(pixels=mixed.round().astype(np.uint8), mask=mask, kind=FINISH)


def _region(shape: Shape, random: Random) -> Mask | None:
    """One side of a wavy line, or a rounded patch; its edge is sharp or soft."""
    for _ in range(TRIES):
        field = _side(shape, random) if random.random() < 0.6 else _patch(shape, random)
        sharp = np.float32(random.choice([8, 30, 100]))
        soft: Mask = np.clip(field * sharp + 0.5, 0, 1).astype(np.float32)
        if LEAST < float((soft > 0.5).mean()) < MOST:
            return soft
    return None


def _side(shape: Shape, random: Random) -> Mask:
    """Above 0 on one side of a line: most lie along or across the part."""
    across = math.pi / 2 if random.random() < 0.7 else 0.0
    slanted = random.random() < 0.4
    angle = random.uniform(0, math.pi) if slanted else across + random.normal(0, 0.08)
    rows, columns = (np.linspace(-0.5, 0.5, x, dtype=np.float32) for x in shape)
    field = columns[None, :] * math.cos(angle) + rows[:, None] * math.sin(angle)
    waves = smooth_noise(shape, random, min(shape) / random.uniform(2, 8))
    field = field - random.uniform(-0.4, 0.4) + 0.03 * random.uniform(0, 1.5) * waves
    return np.asarray(-field if random.random() < 0.5 else field, dtype=np.float32)


def _patch(shape: Shape, random: Random) -> Mask:
    """Above 0 inside an ellipse or a rounded rectangle."""
    middle = random.uniform(0, 1, 2)
    radii = np.exp(random.uniform(math.log(0.1), math.log(0.5), 2))
    power = 2 if random.random() < 0.5 else 8
    rows, columns = (np.linspace(0, 1, x, dtype=np.float32) for x in shape)
    down = (np.abs(rows - middle[0]) / radii[0]) ** power
    right = (np.abs(columns - middle[1]) / radii[1]) ** power
    field = 1 - (down[:, None] + right[None, :]) ** (1 / power)
    return np.asarray(field + 0.1 * smooth_noise(shape, random, min(shape) / 4), dtype=np.float32)


def _turned(other: NDArray[np.uint8], random: Random) -> NDArray[np.uint8]:
    other = other[:, ::-1] if random.random() < 0.5 else other
    return other[::-1] if random.random() < 0.3 else other


def _toned(new: Mask, mine: Mask, mask: NDArray[np.bool_], random: Random) -> Mask:
    """As bright as what it covers, or nearly so with another contrast, or as it comes."""
    way, here, there = random.random(), mine[mask].mean(), new[mask].mean()
    if way < 0.4:
        return np.asarray(new - there + here, dtype=np.float32)
    if way < 0.7:
        contrast, light = random.uniform(0.7, 1.6), random.uniform(0.8, 1.25)
        return np.asarray((new - there) * contrast + here * light, dtype=np.float32)
    return new
