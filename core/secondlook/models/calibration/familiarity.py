"""Is a case like anything the adapter learned from? The distance to its nearest neighbours says.

Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022, arXiv
2204.06507: the distance of a vector at unit length to its k-th nearest among those of training.
The threshold is an order statistic of the distances between the training cases themselves, each
measured against the cases outside its own group.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from secondlook.errors import ModelError
from secondlook.models.calibration.threshold import Threshold, calibrate

NEIGHBOURS = 5
CHUNK = 1024
TOLERANCE = 1e-3
"""Distances below it are rounding of float32: two equal vectors may come out this far apart."""


@dataclass(frozen=True, kw_only=True)
class FamiliarityRule:
    """How far from the training cases is too far. The vectors are stored beside the card."""

    k: int
    threshold: Threshold

    def unfamiliar(self, vectors: ArrayLike, training: ArrayLike) -> NDArray[np.bool_]:
        """(N,) whether each vector (N, D) lies too far from the training vectors (M, D).

        A vector that is not finite is unfamiliar.
        """
        return ~(neighbour_distances(vectors, training, self.k) <= self.threshold.value)


def fit_familiarity(
    training: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    rate: float = 0.01,
    k: int = NEIGHBOURS,
) -> FamiliarityRule:
    """The rule at which a share `rate` of cases like the training cases is called unfamiliar.

    Cases that are all the same make a rule that knows nothing but them.

    Args:
        groups: (M,) what belongs together; neighbours in a case's own group do not count.

    Raises ModelError for fewer than 8 cases, fewer than two groups, or vectors that are not finite.
    """
    vectors = np.asarray(training, dtype=np.float32)
    names = np.arange(len(vectors)) if groups is None else np.asarray(groups)
    if not np.isfinite(vectors).all():
        raise ModelError("some training vectors are not finite: use another backbone")
    if len(vectors) > 1 and len(np.unique(names)) < 2:
        raise ModelError(
            f"all {len(vectors)} cases belong to one group, so none can be compared with another: "
            "add cases of other groups"
        )
    distances = neighbour_distances(vectors, vectors, k, names).tolist() if len(vectors) else []
    found = calibrate(distances, rate)
    floor = Threshold(
        value=max(found.value, TOLERANCE),
        false_alarm_rate=rate,
        false_alarm_bound=found.false_alarm_bound,
        goods=found.goods,
    )
    return FamiliarityRule(k=k, threshold=floor)


def neighbour_distances(
    vectors: ArrayLike, training: ArrayLike, k: int, groups: NDArray[np.generic] | None = None
) -> NDArray[np.float64]:
    """(N,) distance, 0 to 2, to the k-th nearest of M training vectors, all at unit length.

    With fewer than k to compare with, the farthest of them counts. With `groups` (N,) the vectors
    are the training vectors themselves, and those of the same group are left out.
    """
    queries, rows = _unit(vectors), _unit(training)
    out = np.empty(len(queries))
    for start, similarity in _similarities(queries, rows):
        part = slice(start, start + len(similarity))
        if groups is not None:
            similarity[groups[part, None] == groups[None]] = -np.inf
        usable = np.isfinite(similarity).sum(1) if groups is not None else len(rows)
        place = np.minimum(k, np.maximum(usable, 1)) - 1
        ranked = -np.sort(-similarity, axis=1)
        nearest = np.take_along_axis(ranked, np.broadcast_to(place, len(ranked))[:, None], 1)[:, 0]
        out[part] = np.sqrt(np.maximum(2 - 2 * nearest, 0))
    return out


def _unit(vectors: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit: NDArray[np.float64] = values / np.maximum(length, np.finfo(np.float32).tiny)
    return unit


def _similarities(
    queries: NDArray[np.float64], rows: NDArray[np.float64]
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    for start in range(0, len(queries), CHUNK):
        yield start, queries[start : start + CHUNK] @ rows.T
