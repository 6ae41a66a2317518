"""How likely anything is to be found, by good parts and labels together.

Good parts say how unusual a case is, whatever is wrong with it; labels say what people called a
fault and what they let pass. Neither clears what the other has found: a logistic regression on
both gives each a weight that is never below 0 (stacked generalisation, Wolpert 1992; with weights
of one sign, Breiman, "Stacked Regressions", 1996). Its prior is the score by good parts alone, and
cases of one group count as one, so that labels count as far as they have proved themselves on
cases they were not learned from.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from secondlook.errors import ModelError

LEAST_RATIO, LEAST_PROBABILITY = 1e-3, 1e-3
"""What is smaller counts as this: neither may settle a case all alone."""
USUAL = 2.0
"""Log-odds that one spread of the log ratio is worth before any label: about what a goods score is
worth that orders nine pairs of a good and a bad case in ten rightly."""
USUAL_SPREAD = 1.0
DOUBT = 0.5
"""Spread of the prior of the weight of the labels, which is at 0; 1 takes them by their word."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Blend:
    """The probability that anything is to be found, from two numbers about a case."""

    bias: float
    goods: float
    """Weight of the log of the goods score in units of its threshold; 0 or more."""
    labels: float
    """Weight of the log-odds that the labels give; 0 or more."""
    alone: tuple[float, float]
    """Bias and weight for a case of which the labels say nothing."""
    cases: int
    """How many it was fitted on."""

    def __post_init__(self) -> None:
        values = (self.bias, self.goods, self.labels, *self.alone)
        if not np.isfinite(values).all() or min(self.goods, self.labels, self.alone[1]) < 0:
            raise ModelError(f"a blend needs finite numbers and weights of 0 or more, got {values}")

    def __call__(self, ratio: float, anything: float | None) -> float:
        """0 to 1.

        Args:
            ratio: the goods score of the case in units of the threshold.
            anything: the probability of any finding by the labels; None where they say nothing.
        """
        unusual = float(_unusual(ratio))
        if anything is None:
            return float(expit(self.alone[0] + self.alone[1] * unusual))
        found = float(_odds(anything))
        return float(expit(self.bias + self.goods * unusual + self.labels * found))


def fit_blend(ratios: ArrayLike, anything: ArrayLike, holds: ArrayLike, groups: ArrayLike) -> Blend:
    """Fit on cases that the labels had not seen.

    Args:
        ratios: (N,) goods scores in units of the threshold.
        anything: (N,) probability of any finding, calibrated on other cases.
        holds: (N,) bool, whether anything was to be found.
        groups: (N,) which cases belong together.

    Raises ModelError where all cases have something to be found, or none has.
    """
    truth = np.asarray(holds, dtype=bool)
    if truth.all() or not truth.any():
        raise ModelError(
            f"a blend needs cases with a finding and cases without one, got {int(truth.sum())} "
            f"with and {int((~truth).sum())} without"
        )
    unusual, odds = _unusual(ratios), _odds(anything)
    spread = max(float(unusual.std()), 1e-3)
    share = len(np.unique(np.asarray(groups))) / len(truth)
    alone = _fit(np.stack([unusual / spread], 1), truth, share)
    both = _fit(np.stack([unusual / spread, odds], 1), truth, share)
    return Blend(
        bias=both[0],
        goods=both[1] / spread,
        labels=both[2],
        alone=(alone[0], alone[1] / spread),
        cases=len(truth),
    )


def _unusual(ratios: ArrayLike) -> Floats:
    return np.asarray(np.log(np.maximum(np.asarray(ratios, dtype=np.float64), LEAST_RATIO)))


def _odds(anything: ArrayLike) -> Floats:
    values = np.asarray(anything, dtype=np.float64)
    return np.asarray(logit(np.clip(values, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)))


def _fit(inputs: Floats, holds: NDArray[np.bool_], share: float) -> list[float]:
    """Bias and weights (K + 1) with the highest posterior; the prior is for goods, then labels.

    Each case counts as `share` of one.
    """
    rows = np.column_stack([np.ones(len(inputs)), inputs])
    middle = np.array([0.0, USUAL, 0.0])[: rows.shape[1]]
    force = np.array([0.0, USUAL_SPREAD**-2, DOUBT**-2])[: rows.shape[1]]

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = rows @ weights
        total = share * (np.logaddexp(0, logits) - holds * logits).sum()
        total += (force * (weights - middle) ** 2).sum() / 2
        slope = share * rows.T @ (expit(logits) - holds) + force * (weights - middle)
        return float(total), slope

    bounds = [(None, None), *[(0.0, None)] * inputs.shape[1]]
    found = minimize(loss, middle, jac=True, method="L-BFGS-B", bounds=bounds).x
    return [float(x) for x in found]
