"""Places that a map flags, as masks that lie on the picture."""

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float32]
    Spot = tuple[Mask, tuple[slice, slice]]
    """A connected place of a map, cut to its box, and that box."""


@dataclass(frozen=True, eq=False)
class Outline:
    """One place on a picture: `mask` lies with its first cell at (top, left), in pixels."""

    mask: "Mask"
    top: float
    left: float
    scale: tuple[float, float]
    """Pixels of the picture per cell of the mask, down and across."""
    score: float
    """The highest score of its spot on the map."""
    blur: float
    """Pixels by which its border may lie off, on each side; inf where none was found."""
    further: float = 0.0
    """Pixels by which it may be longer than that: what of its spot lies outside of the border."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """First and last (exclusive) row, then column, in pixels of the picture."""
        import numpy as np

        rows, columns = (np.flatnonzero(self.mask.any(axis)) for axis in (1, 0))
        top, left = (x[0] * s for x, s in zip((rows, columns), self.scale, strict=True))
        bottom, right = ((x[-1] + 1) * s for x, s in zip((rows, columns), self.scale, strict=True))
        first, start = int(self.top + top), int(self.left + left)
        return (
            first,
            max(first + 1, round(self.top + bottom)),
            start,
            max(start + 1, round(self.left + right)),
        )


def find_spots(
    scores: "Floats", threshold: float, most: int | None = None
) -> "tuple[list[Spot], int]":
    """Connected places of a map (h, w) above the threshold, the worst first, and how many more."""
    import numpy as np
    from scipy.ndimage import find_objects, label, maximum

    places, count = label(scores > threshold, structure=[[1] * 3] * 3)
    worst = np.argsort(-maximum(scores, places, np.arange(1, count + 1)), kind="stable")
    boxes = find_objects(places)
    found = [(places[boxes[i]] == i + 1, boxes[i]) for i in worst[:most]]
    return found, count - len(found)


def coarse(scores: "Floats", spot: "Spot", size: tuple[int, int]) -> Outline:
    """A spot as it is on the map, for a picture of `size` (height, width)."""
    mask, box = spot
    scale = (size[0] / scores.shape[0], size[1] / scores.shape[1])
    return Outline(
        mask=mask,
        top=box[0].start * scale[0],
        left=box[1].start * scale[1],
        scale=scale,
        score=float(scores[box][mask].max()),
        blur=inf,
    )


def shared(one: Outline, other: Outline) -> float:
    """The share of the smaller place that lies in the larger, on the picture."""
    (t1, b1, l1, r1), (t2, b2, l2, r2) = one.box, other.box
    top, bottom, left, right = max(t1, t2), min(b1, b2), max(l1, l2), min(r1, r2)
    if top >= bottom or left >= right:
        return 0.0
    both = _at(one, (top, bottom), (left, right)) & _at(other, (top, bottom), (left, right))
    least = min(x.mask.sum() * x.scale[0] * x.scale[1] for x in (one, other))
    return float(both.sum() / max(least, 1.0))


def _at(place: Outline, rows: tuple[int, int], columns: tuple[int, int]) -> "Mask":
    """Which pixels of a stretch of the picture lie in a place."""
    import numpy as np

    down = ((np.arange(*rows) + 0.5 - place.top) / place.scale[0]).astype(int)
    across = ((np.arange(*columns) + 0.5 - place.left) / place.scale[1]).astype(int)
    height, width = place.mask.shape
    inside = place.mask[np.clip(down, 0, height - 1)[:, None], np.clip(across, 0, width - 1)]
    within = ((down >= 0) & (down < height))[:, None] & (across >= 0) & (across < width)
    found: Mask = inside & within
    return found
