"""Sets of labels that hold the true one at a stated rate.

Least ambiguous set-valued classifiers (LAC; Sadinle et al. 2019, arXiv 1609.00451): a label belongs
to the set when its probability is high enough, "enough" being an order statistic of the
probabilities of the true labels of cases the head had not seen. LAC rather than adaptive sets,
which temperature scaling tends to enlarge. Cuts of single classes only where every class has 50
cases (Ding et al. 2023, arXiv 2306.09335, on what goes wrong below that).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from secondlook.errors import ModelError
from secondlook.models.calibration.order import CONFIDENCE, rank_for, share_lower

LEAST_PER_CLASS = 50


@dataclass(frozen=True, kw_only=True)
class ConformalSets:
    """Which labels cannot be ruled out."""

    cuts: tuple[float, ...]
    """For each label the least probability with which it joins the set; 0 lets it in always."""
    alpha: float
    """The share of cases whose set may lack the true label."""
    n: int
    """Independent cases behind the cut (groups, where cases come in groups); the fewest of a
    class where cuts are class-wise."""
    coverage_lower: float
    """With 95 % confidence over the draw of these cases, at least such a share is covered (of
    every single class, where cuts are class-wise)."""
    classwise: bool

    def sets(self, probabilities: ArrayLike, *, never_empty: bool = True) -> NDArray[np.bool_]:
        """(N, C) which labels belong to the set of each case.

        An empty set says that the case is like none of the classes; with `never_empty` the most
        probable label is in the set all the same.
        """
        values = np.asarray(probabilities, dtype=np.float64)
        chosen = values >= np.array(self.cuts)
        if never_empty:
            chosen[np.arange(len(values)), values.argmax(1)] = True
        return chosen


def fit_conformal(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    alpha: float = 0.1,
    independent: int | None = None,
) -> ConformalSets:
    """Fit on calibrated probabilities (N, C) and the true labels (N,).

    Args:
        independent: how many of the N cases are independent of each other: the number of groups.
            It makes cut and bound cautious; the cases themselves unless given.

    Raises ModelError for no cases or a rate outside (0, 1).
    """
    values, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if not len(values) or not 0 < alpha < 1:
        raise ModelError(
            f"conformal sets need at least one labelled case and a rate between 0 and 1, "
            f"got {len(values)} cases and {alpha}"
        )
    share = min(1.0, (independent or len(values)) / len(values))
    counts = np.bincount(truth, minlength=values.shape[1])
    classwise = bool((counts * share).min() >= LEAST_PER_CLASS)
    true = values[np.arange(len(truth)), truth]
    parts = [true[truth == c] for c in range(values.shape[1])] if classwise else [true]
    cuts = [_cut(x, alpha, share) for x in parts]
    least = _independent(min(map(len, parts)), share)
    return ConformalSets(
        cuts=tuple(cuts) if classwise else tuple(cuts * values.shape[1]),
        alpha=alpha,
        n=least,
        coverage_lower=_coverage_lower(least, alpha),
        classwise=classwise,
    )


def _cut(true: NDArray[np.float64], alpha: float, share: float) -> float:
    """The probability that a share of 1 - alpha of true labels reaches; 0 where too few."""
    independent = _independent(len(true), share)
    # The same quantile level that the independent cases alone would ask for.
    level = rank_for(1 - alpha, independent) / independent
    rank = int(np.ceil(level * len(true) - 1e-9))
    return 0.0 if rank > len(true) else float(np.sort(true)[::-1][rank - 1])


def _independent(cases: int, share: float) -> int:
    return max(1, round(share * cases))


def _coverage_lower(count: int, alpha: float) -> float:
    rank = rank_for(1 - alpha, count)
    # Beyond the last rank every label is let in.
    return 1.0 if rank > count else share_lower(rank, count, CONFIDENCE)
