"""Uniform draws in memory from a stream of unknown length: of patches, and of pictures.

Each is bounded twice: by how many it may hold, and by the bytes that those take.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Pictures = dict[int, NDArray[np.uint8]]
MEMORY = 256 * 2**20
"""Bytes that a draw may hold in memory: 100,000 patches of 671 channels."""


class PatchPool:
    """A uniform draw of at most `limit` patches from all that were added.

    Every patch gets a random key and those with the smallest keys stay, which is a draw without
    replacement whatever the length of the stream.
    """

    def __init__(self, limit: int, seed: int, nbytes: int = MEMORY) -> None:
        self._limit = limit
        self._nbytes = nbytes
        self._random = np.random.default_rng([seed, 1])
        self._parts: list[tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float32]]] = []
        self._held = 0
        self._bound = np.inf

    def add(self, index: int, patches: NDArray[np.float32]) -> None:
        """Offer the patches (h, w, D) of picture number `index`."""
        rows = patches.reshape(-1, patches.shape[-1])
        self._limit = min(self._limit, max(1, self._nbytes // (4 * rows.shape[1])))
        keys = self._random.random(len(rows))
        keep = keys < self._bound
        self._parts.append((keys[keep], np.full(keep.sum(), index, dtype=np.int32), rows[keep]))
        self._held += int(keep.sum())
        if self._held > 1.25 * self._limit:
            self._trim()

    @property
    def rows(self) -> NDArray[np.float32]:
        """(N, D) the patches drawn."""
        return self._trim()[2]

    @property
    def origin(self) -> NDArray[np.int32]:
        """(N,) the number of the picture each came from."""
        return self._trim()[1]

    def clear(self) -> None:
        """Let go of all patches, when nothing more will be chosen from them."""
        self._parts, self._held = [], 0

    def _trim(self) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float32]]:
        if len(self._parts) > 1 or self._held > self._limit:
            keys, origin, rows = (np.concatenate(x) for x in zip(*self._parts, strict=True))
            if len(keys) > self._limit:
                self._bound = float(np.partition(keys, self._limit)[self._limit])
                keep = keys < self._bound
                keys, origin, rows = keys[keep], origin[keep], rows[keep]
            self._parts = [(keys, origin, rows)]
            self._held = len(keys)
        return self._parts[0]


class Shelf:
    """A uniform draw of at most `limit` pictures, in memory."""

    def __init__(self, limit: int, seed: int, nbytes: int = MEMORY) -> None:
        self._limit = limit
        self._nbytes = nbytes
        self._random = np.random.default_rng([seed, 6])
        self._pictures: list[tuple[int, NDArray[np.uint8]]] = []
        self._seen = 0

    def add(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Offer picture number `index`."""
        self._seen += 1
        self._limit = min(self._limit, max(1, self._nbytes // picture.nbytes))
        if len(self._pictures) < self._limit:
            self._pictures.append((index, picture))
            return
        place = int(self._random.integers(self._seen))
        if place < self._limit:
            self._pictures[place] = (index, picture)

    def without(self, indices: Sequence[int]) -> Pictures:
        """The pictures on it but for these, by number."""
        left = set(indices)
        return {i: x for i, x in sorted(self._pictures, key=lambda y: y[0]) if i not in left}
