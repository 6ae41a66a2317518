"""The border of a place in a window, where the picture has come half the way to the defect."""

from typing import TYPE_CHECKING

from defect_inspector.ground import LEAST, quadric, usual

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from defect_inspector.spots import Spot
    from defect_inspector.window import Window

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float32]

SMOOTHING = 0.5
"""Pixels; takes off the noise of single ones."""
HALF, PEAK = 0.5, 0.9
"""The border lies at half of what nine tenths of the place stay below."""
STANDS_OUT = 1.5
"""Times the texture's own largest deviations that a defect must reach to have a border."""
SEPARATE = 0.25
"""A part of a spot is a place of its own from this share of the largest one's area."""
SPECK = 4.0
"""Square pixels from which a smaller part is told of at all."""
CLOSED = 1.5
"""Pixels across which two parts of one place are joined."""
TOUCHED = 0.01
"""Share of a spot that a drawn pixel lies under when it belongs to it."""
SEEN = 0.1
"""The share of a window that undisturbed surface takes up at least."""


def borders(
    pixels: "NDArray[np.uint8]", scores: "Floats", threshold: float, spot: "Spot", window: "Window"
) -> "tuple[list[Mask], int]":
    """The places under a spot as the window shows them, and specks; none where none stands out."""
    flagged = window.lay(scores) > threshold
    ground = _ground(flagged, _cell(scores, window))
    if ground is None:
        return [], 0
    near = flagged & (window.lay(_alone(spot, scores)) > TOUCHED)
    deviation = _deviation(window.draw(pixels), ground, window.scale)
    least = usual(deviation[ground])
    peak = _peak(deviation[near], least)
    if peak is None or peak < STANDS_OUT * least:
        return [], 0
    return _parts(deviation > max(HALF * peak, least), near, window.scale)


def _cell(scores: "Floats", window: "Window") -> float:
    """Drawn pixels of the window per cell of the map."""
    down, across = (x / y for x, y in zip(window.size, scores.shape, strict=True))
    cell: float = max(down, across) / min(window.scale)
    return cell


def _alone(spot: "Spot", scores: "Floats") -> "Floats":
    """A map of nothing but the spot."""
    import numpy as np

    alone = np.zeros_like(scores, dtype=np.float32)
    alone[spot[1]] = spot[0]
    return alone


def _ground(flagged: "Mask", cell: float) -> "Mask | None":
    """Where the surface is undisturbed; None where too little of it is seen."""
    from scipy.ndimage import binary_dilation

    ground: Mask = ~binary_dilation(flagged, iterations=max(1, round(cell / 2)))
    return ground if ground.mean() > SEEN and ground.sum() > LEAST else None


def _deviation(drawn: "Floats", ground: "Mask", scale: tuple[float, float]) -> "Floats":
    """How far each pixel of (h, w, C) is from the surface as it would be there: (h, w)."""
    import numpy as np
    from scipy.ndimage import gaussian_filter

    sigma = [SMOOTHING / x for x in scale]
    parts = [gaussian_filter(x, sigma) for x in np.moveaxis(drawn, 2, 0)]
    fitted = np.stack([x - quadric(x, ground) for x in parts])
    deviation: Floats = np.sqrt((fitted**2).mean(0))
    return deviation


def _peak(deviation: "Floats", least: float) -> float | None:
    """What nine tenths of the place stay below, of what is more than texture; None of nothing."""
    import numpy as np

    seen = deviation[deviation > least]
    return float(np.quantile(seen, PEAK)) if len(seen) else None


def _parts(mask: "Mask", near: "Mask", scale: tuple[float, float]) -> "tuple[list[Mask], int]":
    """Connected places that touch the spot, and how many are specks beside the largest."""
    from scipy.ndimage import binary_closing, binary_fill_holes, label
    from skimage.morphology import disk

    closed = binary_closing(mask, disk(max(1, round(CLOSED / min(scale)))))
    places, count = label(binary_fill_holes(closed | mask), structure=[[1] * 3] * 3)
    found = [x for i in range(1, count + 1) if (x := places == i)[near].any()]
    areas = [float(x.sum()) * scale[0] * scale[1] for x in found]
    least = SEPARATE * max(areas, default=0.0)
    small = sum(SPECK <= x < least for x in areas)
    return [x for x, area in zip(found, areas, strict=True) if area >= least], small
