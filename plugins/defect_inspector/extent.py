"""How far a place may reach beyond the border that was found for it.

A border is drawn where the contrast has come half the way to the strongest. What is fainter, and
what a broken scratch leaves between its parts, lies outside of it though the map flags it. So the
spot of the map, which is wider than what caused it, bounds from above what the border may miss.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

WIDER = 3.0
"""Cells by which a spot of the map is longer than what caused it, both ends together."""


def further(
    spot: "Mask", cells: tuple[float, float], masks: "Sequence[Mask]", scale: tuple[float, float]
) -> list[float]:
    """By how many pixels each part found under a spot may be longer than it was drawn.

    `cells` and `scale` are the pixels of the picture per cell of the spot and of the masks, down
    and across. Several parts may be one place: each may reach as far as all of them.
    """
    if not masks:
        return []
    union = masks[0]
    for mask in masks[1:]:
        union = union | mask
    whole = reach(union, scale)
    most = max(whole, reach(spot, cells) - WIDER * max(cells))
    alone = len(masks) == 1
    return [max(0.0, most - (whole if alone else reach(x, scale))) for x in masks]


def reach(mask: "Mask", scale: tuple[float, float]) -> float:
    """The largest distance between two points of a mask, in pixels of the picture."""
    import numpy as np

    rows, columns = mask.nonzero()
    angles = np.deg2rad(np.arange(0, 180, 3))
    down, across = np.sin(angles) * scale[0], np.cos(angles) * scale[1]
    hull = _ends(rows, columns)
    way = rows[hull, None] * down + columns[hull, None] * across
    cell = np.maximum(np.abs(down), np.abs(across))
    return float((np.ptp(way, axis=0) + cell).max())


def _ends(rows: "NDArray[np.intp]", columns: "NDArray[np.intp]") -> "NDArray[np.intp]":
    """The first and last of each row: no other point is an end of the whole."""
    import numpy as np

    first = np.flatnonzero(np.diff(rows, prepend=-1))
    return np.unique(np.concatenate([first, np.append(first[1:] - 1, len(rows) - 1)]))
