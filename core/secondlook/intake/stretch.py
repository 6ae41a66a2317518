"""Numbers without a stated display range onto 0 to 255."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

CLIP = (0.5, 99.5)  # percentiles; a dead pixel or a metal marker must not set the range
COUNTED = 2**22  # pixels; more of them do not change a percentile
DEPTHS = (8, 10, 12, 14, 16)


def stretch(values: NDArray[Any], ignore: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Between the percentiles of CLIP, leaving out `ignore`; a flat picture becomes black.

    values: any real type, any shape, finite.
    """
    counted = values.ravel() if ignore is None or ignore.all() else values[~ignore]
    counted = counted[:: 1 + counted.size // COUNTED]
    low, high = (float(x) for x in np.percentile(counted, CLIP))
    if high <= low:
        low, high = float(counted.min()), float(counted.max())
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    scaled = values.astype(np.float32)
    scaled -= np.float32(low)
    scaled *= np.float32(255 / (high - low))
    return np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)


def from_depth(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Full range of the smallest usual bit depth that holds the brightest pixel.

    A camera of 12 bits writes files of 16. Its pictures stay comparable with each other, which a
    stretch of each by itself would undo.
    values: non-negative integers up to 65535.
    """
    top = int(values.max(initial=0))
    depth = next(bits for bits in DEPTHS if top < 2**bits)
    grey: NDArray[np.uint8] = np.rint(values * np.float32(255 / (2**depth - 1))).astype(np.uint8)
    return grey
