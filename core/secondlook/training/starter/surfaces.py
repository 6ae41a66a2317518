"""Procedural surfaces: endless pictures of one material, as good parts are."""

import numpy as np
from numpy.typing import NDArray

from secondlook.training.defects.masks import Random
from secondlook.training.starter.colours import mapped
from secondlook.training.starter.fields import FIELDS, Field, warp


def surface(size: int, random: Random) -> NDArray[np.uint8]:
    """A picture (S, S, 3) of a surface that looks alike all over; half of them are grey."""
    field = _mixture(size, random)
    if random.random() < 0.5:
        low, high = np.sort(random.uniform(0, 1, 2))
        high = max(high, low + 0.12)
        grey = low + (high - low) * field
        picture = np.repeat(grey[..., None], 3, axis=2)
    else:
        picture = mapped(field, random)
    return np.asarray((np.clip(picture, 0, 1) * 255).round(), dtype=np.uint8)


def _mixture(size: int, random: Random) -> Field:
    """One field, or two laid over each other, sometimes warped."""
    names = list(FIELDS)
    field = FIELDS[names[int(random.integers(len(names)))]](size, random)
    if random.random() < 0.5:
        other = FIELDS[names[int(random.integers(len(names)))]](size, random)
        weight = np.float32(random.uniform(0.1, 0.6))
        field = field * (1 - weight) + other * weight
    if random.random() < 0.3:
        field = warp(field, random, random.uniform(1, 5))
    return field
