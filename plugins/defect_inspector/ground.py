"""The surface as it would be without a defect, fitted to what lies around it."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float32]

TAIL = 6.0
"""Times the middle deviation of the ground that hardly any of its own pixels reach."""
FITTED = 160
"""Pixels a side on which the undisturbed surface is fitted: it is smooth."""
LEAST = 50
"""Pixels of ground that a surface is fitted to at least."""


def usual(deviation: "Floats") -> float:
    """What undisturbed ground hardly exceeds, also where some of what is measured lies on it."""
    import numpy as np

    return float(min(np.quantile(deviation, 0.995), TAIL * np.median(deviation)))


def quadric(values: "Floats", ground: "Mask") -> "Floats":
    """The smooth surface through the ground; twice, without what lies far off the first time."""
    import numpy as np

    every = -(-max(values.shape) // FITTED)
    near = np.s_[::every, ::every] if ground[::every, ::every].sum() > LEAST else np.s_[:, :]
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
