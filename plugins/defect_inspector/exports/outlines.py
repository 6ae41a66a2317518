"""Outlines of regions, traced on the cells of a map."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from secondlook import Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALIKE = 0.5
"""How much of a place on the map and a region must be the same, as the share of both together."""
Corner = tuple[int, int]
Polygon = list[float]
"""x, y, x, y … in pixels of the picture."""


class Outlines:
    """The places of one map that are above the threshold, each with its outline."""

    def __init__(
        self, scores: "NDArray[np.float32]", threshold: float, size: tuple[int, int]
    ) -> None:
        from scipy.ndimage import find_objects, label

        self._places, _ = label(scores > threshold, structure=[[1] * 3] * 3)
        self._boxes = find_objects(self._places)
        self._step = size[1] / scores.shape[1], size[0] / scores.shape[0]

    def of(self, region: Region) -> list[Polygon]:
        """The outlines of the place that the region frames; none where no place fits it.

        Holes are not cut out: polygons of COCO have none.
        """
        shares = [_share(self._frame(x), region) for x in self._boxes]
        best = max(range(len(shares)), key=shares.__getitem__, default=None)
        if best is None or shares[best] < ALIKE:
            return []
        rows, columns = self._boxes[best]
        inside = self._places[rows, columns] == best + 1
        return [
            [
                round(number, 2)
                for x, y in loop
                for number in (
                    (x + columns.start) * self._step[0],
                    (y + rows.start) * self._step[1],
                )
            ]
            for loop in trace(inside)
        ]

    def _frame(self, box: tuple[slice, slice]) -> tuple[float, float, float, float]:
        rows, columns = box
        across, down = self._step
        return columns.start * across, rows.start * down, columns.stop * across, rows.stop * down


def trace(inside: "NDArray[np.bool_]") -> Iterator[list[Corner]]:
    """The outer borders of the cells that are set, as corners (x, y) clockwise on the picture.

    Cells that touch by a corner only get a border each.
    """
    ways = _ways(inside)
    while ways:
        start = min(ways)
        loop, corner, heading = [start], start, (0, 0)
        while True:
            corner, heading = _step(ways, corner, heading)
            if corner == start:
                break
            loop.append(corner)
        loop = _corners(loop)
        if _area(loop) > 0:  # the border of a hole runs the other way
            yield loop


def area(polygons: list[Polygon]) -> float:
    """Square pixels inside of polygons that do not overlap."""
    return sum(_area(list(zip(x[::2], x[1::2], strict=True))) for x in polygons)


def _ways(inside: "NDArray[np.bool_]") -> dict[Corner, list[Corner]]:
    """From each corner the corners that a border leads to, with the set cell at its right."""
    import numpy as np

    padded = np.pad(inside, 1)
    ways: dict[Corner, list[Corner]] = {}
    sides = (  # what lies beyond the side; its first and its last corner
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    )
    for beyond, first, last in sides:
        for y, x in np.argwhere(inside & ~beyond).tolist():
            ways.setdefault((x + first[0], y + first[1]), []).append((x + last[0], y + last[1]))
    return ways


def _step(
    ways: dict[Corner, list[Corner]], corner: Corner, heading: Corner
) -> tuple[Corner, Corner]:
    """Walk along a border once; where two cells meet at a corner, keep to the same cell."""
    on = ways[corner]
    right = (corner[0] - heading[1], corner[1] + heading[0])
    following = right if len(on) > 1 and right in on else on[0]
    on.remove(following)
    if not on:
        del ways[corner]
    return following, (following[0] - corner[0], following[1] - corner[1])


def _corners(loop: list[Corner]) -> list[Corner]:
    """The loop without points on straight lines."""
    kept = []
    for before, point, after in zip([loop[-1], *loop], loop, [*loop[1:], loop[0]], strict=False):
        if (point[0] - before[0]) * (after[1] - point[1]) != (point[1] - before[1]) * (
            after[0] - point[0]
        ):
            kept.append(point)
    return kept


def _area(loop: Sequence[tuple[float, float]]) -> float:
    """Positive for clockwise on a picture, whose y runs down."""
    pairs = zip(loop, [*loop[1:], *loop[:1]], strict=True)
    return sum(x * b - a * y for (x, y), (a, b) in pairs) / 2


def _share(frame: tuple[float, float, float, float], region: Region) -> float:
    """What two frames share of both together."""
    left, top, right, bottom = frame
    wide = min(right, region.left + region.width) - max(left, region.left)
    high = min(bottom, region.top + region.height) - max(top, region.top)
    common = max(wide, 0) * max(high, 0)
    both = (right - left) * (bottom - top) + region.width * region.height
    return common / (both - common)
