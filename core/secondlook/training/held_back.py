"""A uniform draw of pictures and their patches from a stream of unknown length, on disk."""

import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.calibration import LEAST_GOODS
from secondlook.training.pools import Pictures

HALF_MAX = float(np.finfo(np.float16).max)
DISK = 2 * 2**30
"""Bytes that a draw may hold in a temporary file."""


class HeldBack:
    """All patches of a uniform draw of at most `limit` pictures, and those, in a temporary file.

    Reservoir sampling (Vitter 1985, algorithm R). Features are kept as float16: half the space,
    for a relative error of 5e-4 in scores that only calibrate.
    """

    def __init__(self, limit: int, seed: int, nbytes: int = DISK) -> None:
        self._limit = limit
        self._nbytes = nbytes
        self._random = np.random.default_rng([seed, 2])
        self._slots: list[int] = []
        self._shapes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
        self._seen = 0
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        """How many pictures are held."""
        return len(self._slots)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the pictures held."""
        return list(self._slots)

    def add(
        self, index: int, patches: NDArray[np.float32], picture: NDArray[np.uint8] | None = None
    ) -> None:
        """Offer the patches (h, w, D) of picture number `index`, and the picture (H, W, 3).

        Raises ModelError where their shapes are not those of the first one.
        """
        self._check(index, patches.shape, () if picture is None else picture.shape)
        slot = self._seen
        self._seen += 1
        if slot >= self._limit:
            slot = int(self._random.integers(self._seen))
            if slot >= self._limit:
                return
            self._slots[slot] = index
        else:
            self._slots.append(index)
        self._file.seek(slot * sum(self._sizes))
        self._file.write(patches.clip(-HALF_MAX, HALF_MAX).astype(np.float16).tobytes())
        if picture is not None:
            self._file.write(picture.tobytes())

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(index, patches (h, w, D)) of every picture held."""
        for index in self._slots:
            yield index, self.patches(index)

    def patches(self, index: int) -> NDArray[np.float32]:
        """The patches (h, w, D) of a picture that is held."""
        self._file.seek(self._slots.index(index) * sum(self._sizes))
        values = np.frombuffer(self._file.read(self._sizes[0]), dtype=np.float16)
        return values.reshape(self._shapes[0]).astype(np.float32)

    def pictures(self, indices: Sequence[int]) -> Pictures:
        """Some of the pictures that are held (H, W, 3), by number."""
        return {x: self._picture(x) for x in indices}

    def _picture(self, index: int) -> NDArray[np.uint8]:
        self._file.seek(self._slots.index(index) * sum(self._sizes) + self._sizes[0])
        return np.frombuffer(self._file.read(self._sizes[1]), dtype=np.uint8).reshape(
            self._shapes[1]
        )

    @property
    def _sizes(self) -> tuple[int, int]:
        """Bytes of the patches and of the picture in each slot."""
        patches, picture = self._shapes
        return 2 * int(np.prod(patches)), int(np.prod(picture)) if picture else 0

    def _check(self, index: int, patches: tuple[int, ...], picture: tuple[int, ...]) -> None:
        if not self._seen:
            self._shapes = (patches, picture)
            self._limit = min(self._limit, max(LEAST_GOODS, self._nbytes // sum(self._sizes)))
        if (patches, picture) != self._shapes:
            raise ModelError(
                f"picture {index} has patches {patches} and pixels {picture}, those before it "
                f"{self._shapes[0]} and {self._shapes[1]}: give a backbone with one grid for all"
            )
