"""The border of what a coarse map flags, found again on the picture's own pixels.

The map says roughly where; its cells are several pixels wide and its spots wider than what caused
them. Around each spot the undisturbed surface is fitted, and the border drawn where the picture
has come half the way from it to the defect: for a blurred edge that is where the edge was
(as full width at half maximum is for a line). Where the picture shows no contrast that stands
out of the texture, the spot of the map remains, and its size says little: on made defects it was
mostly several times too large, on wide stains too small (tests/benchmarks/measuring.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from defect_inspector.border import HALF, borders
from defect_inspector.extent import further
from defect_inspector.spots import Outline, coarse, find_spots, shared
from defect_inspector.window import Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from defect_inspector.spots import Spot

    Floats = NDArray[np.float32]

MARGIN_CELLS = 3
"""Cells around a spot that are looked at with it."""
ENLARGEMENTS = 3
"""How often the window is made larger for what runs out of it."""
BLIND = 0.75
"""Pixels by which a sharp border may lie off, each side; see tests/benchmarks/measuring.py."""


@dataclass(frozen=True, eq=False)
class Found:
    """The places of one picture, the worst first."""

    places: list[Outline]
    left_out: int = 0
    """Spots of the map that were not looked at."""
    specks: int = 0
    """Parts of spots that are too small beside the others to be places of their own."""


def outlines(pixels: "NDArray[np.uint8]", scores: "Floats", threshold: float, most: int) -> Found:
    """The places of a picture (H, W, 3), the worst first."""
    spots, left_out = find_spots(scores, threshold, max(0, most))
    found: list[Outline] = []
    specks = 0
    for spot in spots:
        places, small = _sharpened(pixels, scores, threshold, spot)
        found += [x for x in places if _new(x, found)]
        specks += small
    return Found(found, left_out, specks)


def _new(place: Outline, known: Sequence[Outline]) -> bool:
    """Whether it is none of those found before: two spots may lie on one scratch."""
    return not any(shared(place, x) > HALF for x in known)


def _sharpened(
    pixels: "NDArray[np.uint8]", scores: "Floats", threshold: float, spot: "Spot"
) -> tuple[list[Outline], int]:
    """The places that a spot stands for, and specks beside them.

    The spot itself where the picture shows no border.
    """
    size = (pixels.shape[0], pixels.shape[1])
    rough = coarse(scores, spot, size)
    margin = MARGIN_CELLS * max(rough.scale)
    for _ in range(ENLARGEMENTS + 1):
        window = Window.around(rough.box, margin, size)
        masks, specks = borders(pixels, scores, threshold, spot, window)
        if not any(window.runs_out(x) for x in masks):
            break
        margin *= 2
    if not masks:
        return [rough], specks
    longer = further(rough.mask, rough.scale, masks, window.scale)
    blur = BLIND * max(1.0, *window.scale)
    placed = (window.top, window.left, window.scale, rough.score, blur)
    return [Outline(x, *placed, more) for x, more in zip(masks, longer, strict=True)], specks
