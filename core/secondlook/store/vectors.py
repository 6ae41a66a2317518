"""Vectors as bytes: float16, little-endian.

Half precision halves what a search reads. A cosine of two stored unit vectors of 384 numbers is
then off by 1e-4 at most, and by 1e-5 as a rule.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import BadValue, StoreError

HALF = np.dtype("<f2")


def to_bytes(vectors: NDArray[np.float32]) -> list[bytes]:
    """Each row of (N, D). BadValue for another shape, and for what float16 cannot hold."""
    if vectors.ndim != 2 or not vectors.shape[1]:
        raise BadValue(f"Tried to store vectors of shape {vectors.shape}: give (N, D), D >= 1.")
    with np.errstate(over="ignore"):
        half = vectors.astype(HALF)
    if not np.isfinite(half).all():
        raise BadValue(
            "Tried to store a vector with a number that is not finite, or beyond 65504: "
            "give vectors of unit length."
        )
    return [row.tobytes() for row in half]


def from_bytes(stored: Sequence[bytes]) -> NDArray[np.float32]:
    """The rows (N, D) again. StoreError where they differ in length."""
    if len(lengths := {len(x) for x in stored}) > 1:
        sizes = sorted(x // HALF.itemsize for x in lengths)
        raise StoreError(
            f"Tried to read vectors of one backbone: they hold {sizes} numbers. Delete its rows in "
            "the embeddings tables; the next search makes them again."
        )
    joined = np.frombuffer(b"".join(stored), dtype=HALF)
    return joined.reshape(len(stored), -1 if stored else 0).astype(np.float32)
