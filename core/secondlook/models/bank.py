"""A memory bank of good patches: how far is each patch of a picture from anything seen as good?

Roth et al., "Towards Total Recall in Industrial Anomaly Detection" (PatchCore), CVPR 2022,
arXiv 2106.08265. Two choices differ from the paper. The score of a picture is the largest value
of its map, not re-weighted by the neighbours of the nearest row: then one threshold cuts score
and map alike, a flagged picture always shows where, and more good rows can never raise a score.
And features are brought to unit length, so that a distance compares their direction: what is
there, not how strong its contrast is. On synthetic defects painted on held-out goods that told
good from bad better than raw features or features standardised by the goods.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from secondlook.errors import ModelError

CHUNK = 4096
"""Bank rows compared at a time: a 1024-patch picture then needs 16 MB of distances."""
QUERIES = 8192
"""Patches compared at a time: of a picture in many tiles, not all at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """What a bank says about one picture, alone or with a second look."""

    map: NDArray[np.float32]
    """(h, w) distance of each patch to its nearest good patch, 0 (the same) to 2."""
    places: NDArray[np.int32]
    """(h, w) which of `references` holds that patch."""
    references: tuple[str, ...]
    """sha256 of the good pictures."""
    strangeness: float = 0.0
    """How much the picture as a whole is unlike any good one: above 1 it is unfamiliar."""
    condition: tuple[str, ...] = ()
    """How the picture was taken otherwise than the good ones, a sentence each."""

    @property
    def score(self) -> float:
        """The largest value of the map."""
        return float(self.map.max())

    @property
    def nearest(self) -> str:
        """sha256 of the good picture whose patch is nearest where the map is largest."""
        return self.references[int(self.places.flat[int(self.map.argmax())])]

    @property
    def unfamiliar(self) -> bool:
        """Whether this is no picture of such a part, good or bad: its score then says nothing."""
        return not self.strangeness <= 1


@dataclass(frozen=True, kw_only=True, eq=False)
class PatchBank:
    """Good patches and where each came from."""

    rows: NDArray[np.float32]
    """(M, D), of unit length; see `normalise`."""
    origin: NDArray[np.int32]
    """(M,) index into `references`."""
    references: tuple[str, ...]
    """sha256 of the good pictures."""

    def __post_init__(self) -> None:
        rows, size = self.rows.shape if self.rows.ndim == 2 else (0, 0)
        fits = rows and size and self.origin.shape == (rows,)
        if not fits or not 0 <= self.origin.min() <= self.origin.max() < self.count:
            raise ModelError(
                f"a bank of {self.rows.shape} rows and {self.origin.shape} origins "
                f"of {self.count} pictures does not fit together"
            )

    @property
    def count(self) -> int:
        """How many good pictures the bank remembers."""
        return len(self.references)

    def score(self, patches: NDArray[np.float32]) -> Scored:
        """Compare the patches (h, w, D) of one picture, as the backbone gives them."""
        height, width, size = patches.shape
        if size != self.rows.shape[1]:
            raise ModelError(
                f"patches have {size} channels and the bank {self.rows.shape[1]}: "
                "they come from another backbone"
            )
        distance, row = nearest(normalise(patches.reshape(-1, size)), self.rows)
        return Scored(
            map=distance.reshape(height, width),
            places=self.origin[row].reshape(height, width),
            references=self.references,
        )


def normalise(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (N, D) at unit length; a feature of length 0 stays 0."""
    length = np.linalg.norm(patches, axis=1, keepdims=True)
    unit: NDArray[np.float32] = patches / np.maximum(length, np.float32(1e-12))
    return unit


def nearest(
    queries: NDArray[np.float32], rows: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Euclidean distance (N,) of each query (N, D) to its nearest row, and that row's index.

    Exact search in chunks. Rows are chosen by |q|^2 - 2qr + |r|^2, which cancels badly near 0, so
    the distance to the chosen row is computed again: a query that equals a row gets exactly 0.
    """
    bank = torch.from_numpy(rows)
    starts = range(0, len(queries), QUERIES)
    found = [_nearest(torch.from_numpy(queries[x : x + QUERIES]), bank) for x in starts]
    if not found:
        return np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int64)
    distance, index = (torch.cat(x).numpy() for x in zip(*found, strict=True))
    return distance, index


def _nearest(query: Tensor, bank: Tensor) -> tuple[Tensor, Tensor]:
    best = torch.full((len(query),), float("inf"))
    index = torch.zeros(len(query), dtype=torch.int64)
    for start in range(0, len(bank), CHUNK):
        chunk = bank[start : start + CHUNK]
        lengths = chunk.square().sum(dim=1)
        value, place = torch.addmm(lengths, query, chunk.T, alpha=-2).min(dim=1)
        closer = value < best
        best = torch.where(closer, value, best)
        index = torch.where(closer, place + start, index)
    return (query - bank[index]).norm(dim=1), index


def references_to_bytes(references: Sequence[str]) -> NDArray[np.uint8]:
    """sha256 names as (n, 32) bytes, for storage."""
    data = b"".join(bytes.fromhex(x) for x in references)
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, 32).copy()


def references_from_bytes(data: NDArray[np.uint8]) -> tuple[str, ...]:
    """The inverse of `references_to_bytes`."""
    return tuple(bytes(x).hex() for x in data)
