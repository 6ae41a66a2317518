"""Intervals by resampling whole groups: the exams of one patient are no independent evidence.

The cluster bootstrap (Field and Welsh 2007, doi 10.1111/j.1467-9868.2007.00593.x): as many groups
as there are, drawn with replacement, each with all its cases; the interval holds the middle share
of the figures of the resamples. `scipy.stats.bootstrap` draws single observations and calls its
statistic once a resample; here a resample is how often each case counts, and the figures of all
resamples are computed at once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 1000
LEAST_GROUPS = 20
"""With fewer groups their spread says little of how far a figure can be trusted."""
LEAST_USABLE = 0.95
"""The share of resamples in which the figure must exist: the others would be left out."""
CELLS = 4_000_000
"""Numbers held at once; 32 MB."""

Floats = NDArray[np.float64]
Pair = tuple[float, float]
Statistic = Callable[[Floats], Floats]
"""From how often each case counts (B, n) to a figure for each resample (B,); NaN for none."""


@dataclass(frozen=True, eq=False)
class Resamples:
    """Draws of whole groups; the same for the same set of groups, in whatever order they come."""

    drawn: NDArray[np.int32]
    """(B, G) how often each group was drawn."""
    place: NDArray[np.int64]
    """(n,) the group of each case."""

    @classmethod
    def of(cls, groups: Sequence[str], *, seed: int = 0, count: int = RESAMPLES) -> "Resamples":
        """`count` draws from the groups (n,) of cases, of which there is at least one."""
        names, place = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
        share = np.full(len(names), 1 / len(names))
        drawn = np.random.default_rng(seed).multinomial(len(names), share, size=count)
        return cls(drawn.astype(np.int32), place)

    @property
    def groups(self) -> int:
        """How many there are."""
        return int(self.drawn.shape[1])

    def spread(self, statistic: Statistic) -> Floats:
        """(B,) the figure in every resample."""
        return np.concatenate([statistic(x) for x in self._weights()])

    def interval(self, statistic: Statistic) -> Pair | None:
        """The middle 95 % of the figure; None where groups or usable resamples are too few."""
        if self.groups < LEAST_GROUPS:
            return None
        values = self.spread(statistic)
        usable = values[np.isfinite(values)]
        if len(usable) < LEAST_USABLE * len(values):
            return None
        low, high = np.quantile(usable, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)

    def _weights(self) -> Iterator[Floats]:
        rows = max(1, CELLS // max(1, len(self.place)))
        for start in range(0, len(self.drawn), rows):
            yield self.drawn[start : start + rows][:, self.place].astype(np.float64)


def auroc(truth: NDArray[np.bool_], scores: Floats) -> Statistic:
    """Area under the ROC curve of scores (n,) against truth (n,), ties counted by half."""
    steps = _Steps(truth, scores)

    def statistic(weights: Floats) -> Floats:
        found, others = steps(weights)
        below = others.cumsum(1) - others / 2
        pairs = found.sum(1) * others.sum(1)
        return _ratio((found * below).sum(1), pairs)

    return statistic


def average_precision(truth: NDArray[np.bool_], scores: Floats) -> Statistic:
    """Precision at each distinct score, weighted by the recall that is gained there."""
    steps = _Steps(truth, scores)

    def statistic(weights: Floats) -> Floats:
        found, others = (x[:, ::-1] for x in steps(weights))
        right, wrong = found.cumsum(1), others.cumsum(1)
        precision = np.nan_to_num(_ratio(right, right + wrong))
        there = np.where(others.sum(1) > 0, found.sum(1), 0)  # as `auroc`: of both kinds
        return _ratio((found * precision).sum(1), there)

    return statistic


class _Steps:
    """Cases gathered by their score, so that ties fall together."""

    def __init__(self, truth: NDArray[np.bool_], scores: Floats) -> None:
        self._order = np.argsort(scores, kind="stable")
        self._truth = np.asarray(truth)[self._order].astype(np.float64)
        ordered = np.asarray(scores)[self._order]
        self._edges = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))

    def __call__(self, weights: Floats) -> tuple[Floats, Floats]:
        """(B, K) how much there is of true and of other cases at each distinct score, rising."""
        ordered = weights[:, self._order]
        found = np.add.reduceat(ordered * self._truth, self._edges, axis=1)
        return found, np.add.reduceat(ordered * (1 - self._truth), self._edges, axis=1)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))
