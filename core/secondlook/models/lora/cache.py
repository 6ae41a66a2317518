"""Frozen states kept for the next epoch and the next adapter: in memory, then in a file."""

import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from secondlook.models.lora.prefix import FrozenState

SMALL = 16 * 1024
"""Tensors of no more bytes than this (pooled vectors) stay float32."""


@dataclass(frozen=True, kw_only=True)
class PrefixKey:
    """Everything that a frozen state depends on."""

    backbone: str
    """Fingerprint."""
    last_k: int
    picture: str
    """sha256 of the picture's or text's bytes."""
    view: int
    """Which of its augmented views."""
    preparation: str
    """Digest over how pixels or tokens are made from it."""


@dataclass(frozen=True)
class _Place:
    """Where a tensor lies in the file."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


_Kept = tuple["Tensor | _Place | None", ...]


class PrefixCache:
    """States of single pictures or texts, as float16 unless they are small or do not fit into it.

    Half precision changes a state by up to 1/2048 of each number. What is beyond `memory_bytes`
    goes to a temporary file that is gone with the cache; what is beyond `disk_bytes`, or finds
    the disk full, is not kept and has to be computed again. Threads may share a cache.
    """

    def __init__(
        self,
        *,
        memory_bytes: int = 1 << 30,
        disk_bytes: int = 1 << 34,
        folder: Path | None = None,
        half: bool = True,
    ) -> None:
        """`folder` is where the file is made, None the system's; without `half` all is float32."""
        self._memory_left = memory_bytes
        self._disk_left = disk_bytes
        self._folder = folder
        self._half = half
        self._file: BinaryIO | None = None
        self._end = 0
        self._kept: dict[PrefixKey, _Kept] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: PrefixKey) -> bool:
        return key in self._kept

    def put(self, key: PrefixKey, state: FrozenState) -> None:
        """Keep the state of one picture or text (B = 1), if there is room and it is not here."""
        tensors = tuple(self._small(x) for x in (state.hidden, *state.levels))
        with self._lock:
            kept = None if key in self._kept else self._store(tensors)
            if kept is not None:
                self._kept[key] = kept

    def get(self, key: PrefixKey) -> FrozenState | None:
        """The state in float32, to be used freely, or None where it is not kept."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            hidden, *levels = (self._read(x) for x in kept)
        assert hidden is not None  # only levels are left out
        return FrozenState(hidden=hidden, levels=tuple(levels))

    def close(self) -> None:
        """Forget everything and remove the file."""
        with self._lock:
            self._kept.clear()
            if self._file is not None:
                self._file.close()
            self._file, self._memory_left, self._disk_left = None, 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _small(self, tensor: Tensor | None) -> Tensor | None:
        if tensor is None:
            return None
        exact = tensor.detach().to("cpu", torch.float32, copy=True).contiguous()
        if not self._half or exact.nbytes <= SMALL:
            return exact
        short = exact.to(torch.float16)
        return short if torch.isfinite(short).all() else exact

    def _store(self, tensors: tuple[Tensor | None, ...]) -> _Kept | None:
        size = sum(x.nbytes for x in tensors if x is not None)
        if size <= self._memory_left:
            self._memory_left -= size
            return tensors
        if size > self._disk_left:
            return None
        try:
            kept = tuple(None if x is None else self._append(x) for x in tensors)
        except OSError:  # the disk is full: go on without it
            self._disk_left = 0
            return None
        self._disk_left -= size
        return kept

    def _append(self, tensor: Tensor) -> _Place:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        numbers = tensor.numpy()
        place = _Place(self._end, numbers.shape, numbers.dtype)
        self._file.seek(place.offset)
        if self._file.write(numbers.tobytes()) != numbers.nbytes:
            raise OSError("the disk is full")
        self._end += numbers.nbytes
        return place

    def _read(self, kept: "Tensor | _Place | None") -> Tensor | None:
        if isinstance(kept, _Place):
            kept = torch.from_numpy(self._map(kept))
        return None if kept is None else kept.to(torch.float32, copy=True)

    def _map(self, place: _Place) -> NDArray[Any]:
        assert self._file is not None  # a place is only made with a file
        return np.memmap(self._file, place.dtype, "c", place.offset, place.shape)
