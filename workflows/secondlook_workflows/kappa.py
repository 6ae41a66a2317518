"""Agreement beyond chance, and its spread over cases.

Cohen (1960, doi 10.1177/001316446002000104) for pairs, by scikit-learn; Fleiss (1971, doi
10.1037/h0031619) for any number of readers a case, each case weighing as one. Both are undefined
where everybody only ever says one thing.
"""

import math
from collections.abc import Sequence

import numpy as np

from secondlook_workflows.resampling import Floats, Pair, Resamples, Statistic


def cohen(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Cohen's kappa of two lists of words (n,); None where it is undefined."""
    from sklearn.metrics import cohen_kappa_score

    if len({*one, *other}) < 2:
        return None
    return _defined(float(cohen_kappa_score(list(one), list(other))))


def fleiss(ratings: Sequence[Sequence[str]]) -> float | None:
    """Fleiss' kappa of the words about each case (two or more each); None where it is undefined."""
    if not ratings:
        return None
    return _defined(float(_fleiss(_counts(ratings))(np.ones((1, len(ratings))))[0]))


def percent(one: Sequence[str], other: Sequence[str]) -> float | None:
    """The share of pairs that say the same."""
    same = [x == y for x, y in zip(one, other, strict=True)]
    return sum(same) / len(same) if same else None


def intervals(
    one: Sequence[str], other: Sequence[str], ratings: Sequence[Sequence[str]], *, seed: int = 0
) -> dict[str, Pair | None]:
    """95 % of the resamples of cases; None where cases are too few to say."""
    if not one:
        return {"percent": None, "cohen_kappa": None, "fleiss_kappa": None}
    pairs = Resamples.of([str(i) for i in range(len(one))], seed=seed)
    cases = Resamples.of([str(i) for i in range(len(ratings))], seed=seed)
    same = np.array([x == y for x, y in zip(one, other, strict=True)], dtype=np.float64)
    return {
        "percent": pairs.interval(share(same)),
        "cohen_kappa": pairs.interval(_cohen(one, other)),
        "fleiss_kappa": cases.interval(_fleiss(_counts(ratings))),
    }


def share(of: Floats) -> Statistic:
    """The weighted mean of (n,) zeros and ones."""
    return lambda weights: np.asarray(weights @ of / weights.sum(1))


def _cohen(one: Sequence[str], other: Sequence[str]) -> Statistic:
    words = sorted({*one, *other})
    place = {word: i for i, word in enumerate(words)}
    a, b = (np.eye(len(words))[[place[x] for x in said]] for said in (one, other))
    same = (a * b).sum(1)

    def statistic(weights: Floats) -> Floats:
        total = weights.sum(1)
        expected = ((weights @ a) * (weights @ b)).sum(1) / total**2
        return _beyond(weights @ same / total, expected)

    return statistic


def _fleiss(counts: Floats) -> Statistic:
    """`counts` (n, K): how many readers of each case said each word."""
    readers = counts.sum(1, keepdims=True)
    agreed = (counts * (counts - 1)).sum(1) / (readers * (readers - 1))[:, 0]
    shares = counts / readers

    def statistic(weights: Floats) -> Floats:
        total = weights.sum(1)
        expected = ((weights @ shares / total[:, None]) ** 2).sum(1)
        return _beyond(weights @ agreed / total, expected)

    return statistic


def _counts(ratings: Sequence[Sequence[str]]) -> Floats:
    words = sorted({word for said in ratings for word in said})
    return np.array([[said.count(word) for word in words] for said in ratings], dtype=np.float64)


def _beyond(observed: Floats, expected: Floats) -> Floats:
    room = 1 - expected
    empty = np.full(observed.shape, np.nan)
    return np.asarray(np.divide(observed - expected, room, out=empty, where=room > 1e-12))


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
