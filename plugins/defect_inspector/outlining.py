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
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING

from defect_inspector.extent import further

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float32]
    Span = tuple[slice, slice]

MARGIN_CELLS = 3
"""Cells around a spot that are looked at with it."""
ENLARGEMENTS = 3
"""How often the view is made larger for what runs out of it."""
FINEST, SIDE, LARGEST = 4, 160, 640
"""Small views are drawn up to 4 times larger towards 160 pixels; large ones brought to 640."""
SMOOTHING = 0.5
"""Pixels; takes off the noise of single ones."""
HALF = 0.5
STANDS_OUT = 1.5
"""Times the texture's own largest deviations that a defect must reach to have a border."""
TAIL = 6.0
"""Times the middle deviation of the ground that hardly any of its own pixels reach."""
SEPARATE = 0.25
"""A part of a spot is a place of its own from this share of the largest one's area."""
SPECK = 4.0
"""Square pixels from which a smaller part is told of at all."""
FITTED = 160
"""Pixels a side on which the undisturbed surface is fitted: it is smooth."""
BLIND = 0.75
"""Pixels by which a sharp border may lie off, each side; see tests/benchmarks/measuring.py."""


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


@dataclass(frozen=True, eq=False)
class Found:
    """The places of one picture, the worst first."""

    places: "list[Outline]"
    left_out: int = 0
    """Spots of the map that were not looked at."""
    specks: int = 0
    """Parts of spots that are too small beside the others to be places of their own."""


def find_spots(
    scores: "Floats", threshold: float, most: int | None = None
) -> "tuple[list[tuple[Mask, Span]], int]":
    """Connected places of a map (h, w) above the threshold, the worst first, and how many more.

    Each with its box on the map, cut to that box.
    """
    import numpy as np
    from scipy.ndimage import find_objects, label, maximum

    places, count = label(scores > threshold, structure=[[1] * 3] * 3)
    worst = np.argsort(-maximum(scores, places, np.arange(1, count + 1)), kind="stable")
    boxes = find_objects(places)
    found = [(places[boxes[i]] == i + 1, boxes[i]) for i in worst[:most]]
    return found, count - len(found)


def coarse(scores: "Floats", spot: "tuple[Mask, Span]", size: tuple[int, int]) -> Outline:
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
    return not any(_shared(place, x) > HALF for x in known)


def _shared(one: Outline, other: Outline) -> float:
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


def _sharpened(
    pixels: "NDArray[np.uint8]", scores: "Floats", threshold: float, spot: "tuple[Mask, Span]"
) -> tuple[list[Outline], int]:
    """The places that a spot stands for, and specks beside them.

    The spot itself where the picture shows no border.
    """
    rough = coarse(scores, spot, (pixels.shape[0], pixels.shape[1]))
    margin = MARGIN_CELLS * max(rough.scale)
    for _ in range(ENLARGEMENTS + 1):
        view = _View(pixels, scores, threshold, spot, rough, margin)
        masks, specks = view.masks()
        if not any(view.runs_out(x) for x in masks):
            break
        margin *= 2
    if not masks:
        return [rough], specks
    longer = further(rough.mask, rough.scale, masks, view.scale)
    placed = (view.top, view.left, view.scale, rough.score, view.blur)
    return [Outline(x, *placed, more) for x, more in zip(masks, longer, strict=True)], specks


class _View:
    """A window of a picture around one spot, at a scale that is good to measure on."""

    def __init__(
        self,
        pixels: "NDArray[np.uint8]",
        scores: "Floats",
        threshold: float,
        spot: "tuple[Mask, Span]",
        rough: Outline,
        margin: float,
    ) -> None:
        import numpy as np
        from skimage.transform import resize

        top, bottom, left, right = rough.box
        self.top, self.left = max(0, int(top - margin)), max(0, int(left - margin))
        self.bottom = min(pixels.shape[0], int(bottom + margin + 1))
        self.right = min(pixels.shape[1], int(right + margin + 1))
        cut = pixels[self.top : self.bottom, self.left : self.right]
        height, width = cut.shape[:2]
        factor = min(FINEST, max(1.0, SIDE / max(height, width)), LARGEST / max(height, width))
        shape = max(1, round(height * factor)), max(1, round(width * factor))
        self.scale = height / shape[0], width / shape[1]
        self.size = pixels.shape[:2]
        self.blur = BLIND * max(1.0, *self.scale)
        self.cut = resize(
            cut.astype("float32"), (*shape, cut.shape[2]), order=1, anti_aliasing=factor < 1
        )
        level, own = self._on_view(scores), np.zeros_like(scores, dtype=np.float32)
        own[spot[1]] = spot[0]
        self.near = (level > threshold) & (self._on_view(own) > 0.01)
        self.flagged = level > threshold
        self.cell = max(rough.scale) / min(self.scale)

    def _on_view(self, scores: "Floats") -> "Floats":
        """A map of the whole picture, bilinear, on this view."""
        import numpy as np
        from scipy.ndimage import map_coordinates

        axes = [
            (first + (np.arange(n) + 0.5) * step) * cells / size - 0.5
            for first, n, step, cells, size in zip(
                (self.top, self.left),
                self.cut.shape[:2],
                self.scale,
                scores.shape,
                self.size,
                strict=True,
            )
        ]
        grid = np.meshgrid(*axes, indexing="ij")
        found: Floats = map_coordinates(scores, grid, order=1, mode="nearest")
        return found

    def runs_out(self, mask: "Mask") -> bool:
        """Whether a place reaches a side of the view that is none of the picture."""
        sides = (
            (mask[0], self.top > 0),
            (mask[-1], self.bottom < self.size[0]),
            (mask[:, 0], self.left > 0),
            (mask[:, -1], self.right < self.size[1]),
        )
        return any(inside and side.any() for side, inside in sides)

    def masks(self) -> "tuple[list[Mask], int]":
        """The places on the view, by contrast, and specks; none where nothing stands out."""
        import numpy as np

        ground = self._ground()
        if ground is None:
            return [], 0
        deviation = self._deviation(ground)
        usual = _usual(deviation[ground])
        inside = deviation[self.near]
        seen = inside[inside > usual]
        if not len(seen) or float(np.quantile(seen, 0.9)) < STANDS_OUT * usual:
            return [], 0
        peak = float(np.quantile(seen, 0.9))
        return self._parts(deviation > max(HALF * peak, usual))

    def _ground(self) -> "Mask | None":
        """Where the surface is undisturbed; None where too little of it is seen."""
        from scipy.ndimage import binary_dilation

        ground: Mask = ~binary_dilation(self.flagged, iterations=max(1, round(self.cell / 2)))
        return ground if ground.mean() > 0.1 and ground.sum() > 50 else None

    def _deviation(self, ground: "Mask") -> "Floats":
        """How far each pixel is from the surface as it would be there (a fitted quadric)."""
        import numpy as np
        from scipy.ndimage import gaussian_filter

        sigma = [SMOOTHING / x for x in self.scale]
        parts = [gaussian_filter(x, sigma) for x in np.moveaxis(self.cut, 2, 0)]
        fitted = np.stack([x - _quadric(x, ground) for x in parts])
        deviation: Floats = np.sqrt((fitted**2).mean(0))
        return deviation

    def _parts(self, mask: "Mask") -> "tuple[list[Mask], int]":
        from scipy.ndimage import binary_closing, binary_fill_holes, label
        from skimage.morphology import disk

        closed = binary_closing(mask, disk(max(1, round(1.5 / min(self.scale)))))
        places, count = label(binary_fill_holes(closed | mask), structure=[[1] * 3] * 3)
        found = [x for i in range(1, count + 1) if (x := places == i)[self.near].any()]
        areas = [float(x.sum()) * self.scale[0] * self.scale[1] for x in found]
        least = SEPARATE * max(areas, default=0.0)
        small = sum(SPECK <= x < least for x in areas)
        return [x for x, area in zip(found, areas, strict=True) if area >= least], small


def _usual(deviation: "Floats") -> float:
    """What undisturbed ground hardly exceeds, also where some of what is measured lies on it."""
    import numpy as np

    return float(min(np.quantile(deviation, 0.995), TAIL * np.median(deviation)))


def _quadric(values: "Floats", ground: "Mask") -> "Floats":
    """The smooth surface through the ground; twice, without what lies far off the first time."""
    import numpy as np

    every = -(-max(values.shape) // FITTED)
    near = np.s_[::every, ::every] if ground[::every, ::every].sum() > 50 else np.s_[:, :]
    terms = _terms(values.shape)
    fewer, seen, used = terms[near], values[near], ground[near]
    usable = used
    for _ in range(2):
        factors = np.linalg.lstsq(fewer[used], seen[used], rcond=None)[0]
        off = np.abs(seen - fewer @ factors)
        used = usable & (off <= 4 * max(float(np.median(off[usable])), 1e-3))
    surface: Floats = terms @ factors
    return surface


@lru_cache(maxsize=4)
def _terms(shape: tuple[int, int]) -> "Floats":
    """(height, width, 6): what a surface of the second order is the sum of."""
    import numpy as np

    rows, columns = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    terms: Floats = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    return terms
