"""Exact search: the stored vectors nearest to some queries, read a chunk at a time.

Nothing is approximated: every vector is compared. What is kept in memory is one chunk and the
best so far, whatever the number of vectors.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from secondlook.assessments import BackboneRef
from secondlook.errors import ModelError

K = TypeVar("K")
K_co = TypeVar("K_co", covariant=True)


class ImageEmbedder(Protocol):
    """A backbone that turns a picture into one vector."""

    @property
    def ref(self) -> BackboneRef:
        """Which backbone this is, exactly."""

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors (B, P) of unit length of B pictures (H, W, 3)."""


class Chunk(Protocol[K_co]):
    """Some vectors and what each belongs to."""

    @property
    def keys(self) -> Sequence[K_co]:
        """N keys that order among each other."""

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(N, D), of unit length."""


@dataclass(frozen=True, eq=False)
class _Moved(Generic[K]):
    keys: Sequence[K]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, order=True)
class Near(Generic[K]):
    """A neighbour; the smallest one is the nearest, and of equals the one with the smaller key."""

    distance: float
    """Minus the cosine."""
    key: K

    @property
    def similarity(self) -> float:
        """Cosine, -1 to 1."""
        return float(np.clip(-self.distance, -1, 1))


def nearest(
    queries: NDArray[np.float32],
    chunks: Iterable[Chunk[K]],
    count: int,
    *,
    group: Callable[[K], Hashable] = lambda key: key,
) -> tuple[Near[K], ...]:
    """The `count` keys most similar to the nearest of the queries (Q, D), most similar first.

    Of keys with the same `group` only the best one is kept. Keys of equal similarity come in
    their own order. The answer is the same however the vectors are cut into chunks.

    Raises ModelError where queries and vectors differ in size, or `count` is below 1.
    """
    if count < 1:
        raise ModelError(f"a search for the {count} nearest finds nothing: ask for 1 or more")
    best: dict[Hashable, Near[K]] = {}
    for chunk in chunks:
        similarity = _similarity(queries, chunk.vectors)
        floor = -max(best.values()).distance if len(best) == count else -np.inf
        for near in _descending(similarity, chunk.keys, floor, group, count):
            key = group(near.key)
            best[key] = min(near, best.get(key, near))
        best = dict(sorted(best.items(), key=lambda item: item[1])[:count])
    return tuple(best.values())


def mapped(
    chunks: Iterable[Chunk[K]], move: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> Iterator[Chunk[K]]:
    """The same keys with vectors (N, D) of another space, (N, S) of unit length."""
    return (_Moved(x.keys, move(x.vectors)) for x in chunks)


def _similarity(queries: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine (N,) of each vector with the query nearest to it.

    By `vecdot` and not by a matrix product: that one sums in another order at the rim of a chunk,
    and equal vectors would then differ in the last bit.
    """
    if queries.ndim != 2 or not len(queries) or queries.shape[1] != vectors.shape[1]:
        raise ModelError(
            f"queries {queries.shape} do not compare with vectors {vectors.shape}: "
            "they come from another backbone"
        )
    best: NDArray[np.float32] = np.vecdot(vectors, queries[0])
    for query in queries[1:]:
        best = np.maximum(best, np.vecdot(vectors, query))
    return best


def _descending(
    similarity: NDArray[np.float32],
    keys: Sequence[K],
    floor: float,
    group: Callable[[K], Hashable],
    count: int,
) -> Iterable[Near[K]]:
    """Neighbours of at least `floor`, best first, until no more can be among the best `count`."""
    rows = np.flatnonzero(similarity >= floor)
    seen: set[Hashable] = set()
    last = np.inf
    for row in rows[np.argsort(-similarity[rows])]:
        value = similarity[row]
        if len(seen) >= count and value < last:
            return
        yield Near(-float(value), keys[row])
        if len(seen) < count:
            seen.add(group(keys[row]))
            last = value
