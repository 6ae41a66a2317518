"""Do probabilities mean what they say? Figures, and the table behind a reliability chart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from secondlook.errors import ModelError

MOST_BINS = 15
PER_BIN = 100
"""Cases a bin should hold: with 50, chance alone opens a mean gap of 0.05 where p is one half."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Cases of like confidence."""

    confidence: float
    """Mean of what was claimed."""
    frequency: float
    """The share for which it held."""
    cases: int


def claims(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each probability that is claimed and 1.0 or 0.0 for whether it held.

    For labels (N,): that of the most probable label of each of N cases. For labels (N, C) of
    zeros and ones: that of each label of each case. Raises ModelError for no cases.
    """
    values, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if not len(values) or len(values) != len(truth):
        raise ModelError(f"got {len(values)} probabilities for {len(truth)} labels")
    if truth.ndim == 2:
        return values.ravel(), truth.astype(np.float64).ravel()
    return values.max(1), (values.argmax(1) == truth).astype(np.float64)


def reliability(
    probabilities: ArrayLike, labels: ArrayLike, bins: int | None = None
) -> tuple[Bin, ...]:
    """Bins of equal numbers of cases, from the least confident to the most.

    Unless given there are as many bins as hold 100 cases each, at most 15.
    """
    claimed, held = claims(probabilities, labels)
    count = bins or int(np.clip(len(claimed) // PER_BIN, 1, MOST_BINS))
    order = np.argsort(claimed, kind="stable")
    return tuple(
        Bin(confidence=float(claimed[x].mean()), frequency=float(held[x].mean()), cases=len(x))
        for x in np.array_split(order, count)
        if len(x)
    )


def expected_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, bins: int | None = None
) -> float:
    """Mean gap between claim and frequency over bins of equal numbers of cases (ECE).

    Equal numbers rather than equal widths: Nixon et al. 2019, arXiv 1904.01685.
    """
    table = reliability(probabilities, labels, bins)
    total = sum(x.cases for x in table)
    return sum(x.cases * abs(x.confidence - x.frequency) for x in table) / total


def brier(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Mean squared distance from the truth (Brier 1950): summed over the C classes for labels (N,),
    mean over the labels for (N, C)."""
    values, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if truth.ndim == 2:
        return float(((values - truth) ** 2).mean())
    return float(((values - np.eye(values.shape[1])[truth]) ** 2).sum(1).mean())
