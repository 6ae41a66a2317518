"""Measures of one place on a picture, in its pixels.

- length: the largest distance between two points of the place (Feret), or along its middle line
  where it is thin and bent, whichever is longer
- width: across it: the smallest distance between two parallels, or area over length where it is thin
- diameter: the longest axis of the ellipse with the same moments, at most the length: for a round
  place the diameter, for an oval one its longer axis, which is what manuals limit
- area: of its pixels

Which of them comes nearest to made shapes of known size was tried: tests/benchmarks/measuring.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from defect_inspector.spots import Outline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THIN = 4.0
"""Times its mean width that a thin place is long."""
STEPS = 0.948
"""Steps between neighbours make a way on a grid too long by so much: Dorst and Smeulders, "Length
estimators for digitized contours", 1987."""
POINTS = 400
"""Of a border, that distances between places are taken from."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Pixels, and square pixels for the area."""

    length: float
    width: float
    diameter: float
    area: float


def measure(place: Outline) -> Measured:
    """Measure one place. Scales that differ down and across are brought to the finer one."""
    from skimage.measure import regionprops

    mask, step = _even(place)
    props = regionprops(mask.astype("uint8"))[0]
    area = float(props.area) * step * step
    straight = float(props.feret_diameter_max) * step
    narrow = _narrowest(mask) * step
    round_one = float(props.equivalent_diameter_area) * step  # few cells have no axes
    diameter = min(straight, max(float(props.axis_major_length) * step, round_one))
    if straight * straight <= THIN * area:
        return Measured(length=diameter, width=min(narrow, diameter), diameter=diameter, area=area)
    width = min(narrow, area / straight)
    length = max((straight * straight - width * width) ** 0.5, _along(mask) * step)
    return Measured(length=length, width=area / length, diameter=diameter, area=area)


def _even(place: Outline) -> "tuple[NDArray[np.bool_], float]":
    """The mask with square cells, and their size in pixels."""
    from skimage.transform import resize

    step = min(place.scale)
    if max(place.scale) - step < 1e-3 * step:
        return place.mask, step
    shape = [
        max(1, round(n * s / step)) for n, s in zip(place.mask.shape, place.scale, strict=True)
    ]
    even: NDArray[np.bool_] = resize(place.mask, shape, order=0, anti_aliasing=False)
    return even, step


def _narrowest(mask: "NDArray[np.bool_]") -> float:
    """The smallest distance between two parallels that hold the mask between them, in cells."""
    import numpy as np

    rows, columns = mask.nonzero()
    angles = np.deg2rad(np.arange(0, 180, 3))
    way = rows[:, None] * np.sin(angles) + columns[:, None] * np.cos(angles)
    cell = np.maximum(np.abs(np.sin(angles)), np.abs(np.cos(angles)))
    return float((np.ptp(way, axis=0) + cell).min())


def _along(mask: "NDArray[np.bool_]") -> float:
    """Length of the longest way along the middle line, to the ends of the mask, in cells."""
    import numpy as np
    from scipy.ndimage import distance_transform_edt
    from scipy.sparse.csgraph import dijkstra
    from skimage.graph import pixel_graph
    from skimage.morphology import skeletonize

    line = skeletonize(mask)
    if line.sum() < 2:
        return 0.0
    graph, nodes = pixel_graph(line, connectivity=2)
    far = int(np.nan_to_num(dijkstra(graph, indices=0), posinf=-1).argmax())
    ways = np.nan_to_num(dijkstra(graph, indices=far), posinf=-1)
    ends = [np.unravel_index(nodes[x], mask.shape) for x in (far, int(ways.argmax()))]
    depth = distance_transform_edt(np.pad(mask, 1))
    return float(STEPS * ways.max() + sum(depth[y + 1, x + 1] for y, x in ends) - 0.5)


def gaps(places: "Sequence[Outline]") -> list[float | None]:
    """From each place to the nearest other one of the same picture, between their borders.

    In pixels; None where there is no other.
    """
    import numpy as np
    from scipy.spatial import cKDTree

    if len(places) < 2:
        return [None] * len(places)
    borders = [_border(x) for x in places]
    found: list[float | None] = []
    for number, border in enumerate(borders):
        others = np.concatenate(borders[:number] + borders[number + 1 :])
        found.append(float(cKDTree(others).query(border)[0].min()))
    return found


def _border(place: Outline) -> "NDArray[np.float64]":
    """Points (n, 2) on the border, on the picture."""
    import numpy as np
    from scipy.ndimage import binary_erosion

    points = np.argwhere(place.mask & ~binary_erosion(place.mask)) + 0.5
    step = max(1, len(points) // POINTS)
    on_picture = points[::step] * place.scale + (place.top, place.left)
    return np.asarray(on_picture, dtype=np.float64)
