"""Uniform draws from a stream of unknown length: of patches in memory, of pictures on disk."""

import tempfile
from collections.abc import Iterator
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

Pictures = dict[int, NDArray[np.uint8]]
HALF_MAX = float(np.finfo(np.float16).max)


class PatchPool:
    """A uniform draw of at most `limit` patches from all that were added.

    Every patch gets a random key and those with the smallest keys stay, which is a draw without
    replacement whatever the length of the stream.
    """

    def __init__(self, limit: int, seed: int) -> None:
        self._limit = limit
        self._random = np.random.default_rng([seed, 1])
        self._parts: list[tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float32]]] = []
        self._held = 0
        self._bound = np.inf

    def add(self, index: int, patches: NDArray[np.float32]) -> None:
        """Offer the patches (h, w, D) of picture number `index`."""
        rows = patches.reshape(-1, patches.shape[-1])
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


class HeldBack:
    """All patches of a uniform draw of at most `limit` pictures, in a temporary file.

    Reservoir sampling (Vitter 1985, algorithm R). Features are kept as float16: half the space,
    for a relative error of 5e-4 in scores that only calibrate.
    """

    def __init__(self, limit: int, seed: int) -> None:
        self._limit = limit
        self._random = np.random.default_rng([seed, 2])
        self._slots: list[int] = []
        self._shape: tuple[int, ...] = ()
        self._seen = 0
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        """How many pictures are held."""
        return len(self._slots)

    def add(self, index: int, patches: NDArray[np.float32]) -> None:
        """Offer the patches (h, w, D) of picture number `index`; all have the same shape."""
        self._shape = patches.shape
        slot = self._seen
        self._seen += 1
        if slot >= self._limit:
            slot = int(self._random.integers(self._seen))
            if slot >= self._limit:
                return
            self._slots[slot] = index
        else:
            self._slots.append(index)
        data = patches.clip(-HALF_MAX, HALF_MAX).astype(np.float16).tobytes()
        self._file.seek(slot * len(data))
        self._file.write(data)

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(index, patches (h, w, D)) of every picture held."""
        size = int(np.prod(self._shape)) * 2
        for slot, index in enumerate(self._slots):
            self._file.seek(slot * size)
            values = np.frombuffer(self._file.read(size), dtype=np.float16)
            yield index, values.reshape(self._shape).astype(np.float32)


class Shelf:
    """A uniform draw of at most `limit` pictures, in memory."""

    def __init__(self, limit: int, seed: int) -> None:
        self._limit = limit
        self._random = np.random.default_rng([seed, 6])
        self._pictures: list[tuple[int, NDArray[np.uint8]]] = []
        self._seen = 0

    def add(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Offer picture number `index`."""
        self._seen += 1
        if len(self._pictures) < self._limit:
            self._pictures.append((index, picture))
            return
        place = int(self._random.integers(self._seen))
        if place < self._limit:
            self._pictures[place] = (index, picture)

    def split(self, share: float, limit: int) -> tuple[Pictures, Pictures]:
        """Most of the pictures, and a random share of them (at most `limit`), by number."""
        order = self._random.permutation(len(self._pictures))
        aside = min(limit, round(share * len(order)))
        parts = order[aside:], order[:aside]
        kept, held = (dict(self._pictures[i] for i in sorted(x)) for x in parts)
        return kept, held
