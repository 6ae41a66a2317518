"""Windows of DICOM: which values a person is to see (PS3.3 C.11.2), onto 8 bits."""

from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset


def window_of(display: Dataset) -> tuple[float, float] | None:
    """The first window as (centre, width)."""
    pair = [display.get("WindowCenter"), display.get("WindowWidth")]
    first = [v[0] if isinstance(v, pydicom.multival.MultiValue) and v else v for v in pair]
    try:
        centre, width = float(str(first[0])), float(str(first[1]))
    except ValueError:
        return None
    return (centre, width) if width > 0 and np.isfinite([centre, width]).all() else None


def overlap(values: NDArray[Any], centre: float, width: float) -> float:
    """How far a window and the range of a frame are the same, 0 to 1.

    0: it would show the whole frame as one black or white area, which helps nobody.
    """
    low, high = centre - width / 2, centre + width / 2
    least, most = float(values.min()), float(values.max())
    if not (most > low and least < high):
        return 0.0
    shared = min(high, most) - max(low, least)
    return max(shared / (max(high, most) - min(low, least)), np.finfo(float).tiny)


def apply_window(
    values: NDArray[Any], centre: float, width: float, function: str
) -> NDArray[np.uint8]:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, onto 0 to 255."""
    x = values.astype(np.float32)
    if function == "SIGMOID":
        level = 1 / (1 + np.exp(np.clip(-4 * (x - centre) / width, -60, 60)))
    elif function == "LINEAR_EXACT" or width <= 1:
        level = (x - centre) / width + 0.5
    else:
        level = (x - (centre - 0.5)) / (width - 1) + 0.5
    grey: NDArray[np.uint8] = np.rint(np.clip(level, 0, 1) * 255).astype(np.uint8)
    return grey


def to_eight(levels: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Values of a bit depth onto 0 to 255."""
    top = 2**bits - 1
    if top == 255 and levels.dtype == np.uint8:
        return np.ascontiguousarray(levels)
    scaled = np.clip(levels.astype(np.float32) * (255 / top), 0, 255)
    eight: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return eight
