"""A perceptually uniform colour scale for maps, and which values it spans."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BELOW = 0.9
"""Share of the threshold below which nothing is coloured: a clean part stays as it is."""
FULL = 1.6
"""Times the threshold from which on the colour is at its end."""
SPEAKING = 0.4
"""Share of the strongest place below which nothing is coloured in a label's map."""
LIGHTNESS, CHROMA, HUE = (0.45, 0.92), (0.20, 0.17), (330.0, 460.0)
"""From dark magenta to light yellow; lightness grows evenly, so the scale also reads in grey."""


def colours(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """sRGB in 0..1, (..., 3), for levels in 0..1.

    A straight line through OKLCH, where equal steps look equal: Ottosson, "A perceptual color
    space for image processing" (2020).
    """
    lightness, chroma, hue = (a + (b - a) * levels for a, b in (LIGHTNESS, CHROMA, HUE))
    turn = np.deg2rad(hue)
    lab = np.stack([lightness, chroma * np.cos(turn), chroma * np.sin(turn)], axis=-1)
    cones = (lab @ _TO_CONES.T) ** 3
    linear = np.clip(cones @ _TO_RGB.T, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(srgb, dtype=np.float32)


@dataclass(frozen=True)
class Span:
    """From which value on a place is coloured, and at which the scale ends."""

    low: float
    high: float

    @classmethod
    def of_threshold(cls, threshold: float) -> "Span":
        """The same colour for the same score, whatever the range of this picture."""
        return cls(BELOW * threshold, FULL * threshold)

    @classmethod
    def of_strongest(cls, highest: float) -> "Span":
        """From a share of the highest place on: what has no threshold compares with itself."""
        return cls(SPEAKING * highest, highest)


def ramp() -> bytes:
    """The scale in 256 steps, three bytes each, as the viewer colours by it."""
    steps = colours(np.linspace(0, 1, 256, dtype=np.float32))
    return (steps * 255).round().astype(np.uint8).tobytes()


_TO_CONES = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
