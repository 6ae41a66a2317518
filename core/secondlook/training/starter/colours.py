"""Colours with names, and how a grey field becomes a picture."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from secondlook.training.defects.masks import Random
from secondlook.training.starter.fields import Field

COLOURS: Mapping[str, tuple[float, float, float]] = {
    "red": (0.85, 0.12, 0.1),
    "orange": (0.95, 0.5, 0.05),
    "yellow": (0.95, 0.85, 0.1),
    "green": (0.1, 0.6, 0.2),
    "cyan": (0.1, 0.75, 0.8),
    "blue": (0.1, 0.25, 0.8),
    "purple": (0.5, 0.15, 0.65),
    "pink": (0.95, 0.55, 0.7),
    "brown": (0.45, 0.28, 0.12),
    "white": (0.95, 0.95, 0.95),
    "grey": (0.5, 0.5, 0.5),
    "black": (0.06, 0.06, 0.06),
}
Colour = NDArray[np.float32]


def shade(name: str, random: Random) -> Colour:
    """The named colour, never twice quite the same."""
    exact = np.array(COLOURS[name])
    return np.asarray(np.clip(exact + random.normal(0, 0.04, 3), 0, 1), dtype=np.float32)


def tinted(field: Field, colour: Colour, contrast: float) -> NDArray[np.float32]:
    """A picture (S, S, 3) of one colour whose brightness follows the field."""
    light = 1 + contrast * (field[..., None] - np.float32(0.5))
    picture = colour * light + (light - 1) * np.float32(0.25)
    return np.asarray(np.clip(picture, 0, 1), dtype=np.float32)


def mapped(field: Field, random: Random) -> NDArray[np.float32]:
    """A picture (S, S, 3) whose colours run between random stops along the field."""
    stops = random.uniform(0, 1, (int(random.integers(2, 5)), 3))
    places = np.linspace(0, 1, len(stops))
    layers = [np.interp(field, places, stops[:, c]) for c in range(3)]
    return np.stack(layers, axis=-1).astype(np.float32)
