"""From which probability on a label is reported: a stated share of those that have it is found.

Chosen on probabilities of cases that were not learned from, each calibrated on the other folds. The
share of future cases found follows the law of an order statistic (Vovk 2012, arXiv 1209.2673), from
which `sensitivity_lower` comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from secondlook.errors import ModelError
from secondlook.models.calibration.order import share_lower


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """Where one label is reported, and what that finds and flags."""

    threshold: float
    """A label is reported from this probability on."""
    sensitivity: float
    """The share of held-out cases with the label that is reported."""
    sensitivity_lower: float
    """With 95 % confidence over the draw of the groups at least this share of future ones is."""
    specificity: float | None
    """The share of held-out cases without it that is not reported; None where there is none."""
    positives: int
    """Held-out cases with the label."""
    groups: int
    """How many of them were independent."""


def fit_operating_points(
    probabilities: ArrayLike,
    truth: ArrayLike,
    classes: Sequence[str],
    groups: NDArray[np.int64],
    *,
    sensitivity: float,
) -> dict[str, OperatingPoint]:
    """The highest threshold of each label that finds the share asked for.

    Args:
        probabilities: (N, C) of cases that were not learned from.
        truth: (N, C) whether each label holds. A label that never does has no point.

    Raises ModelError for a share that is not above 0 and at most 1.
    """
    if not 0 < sensitivity <= 1:
        raise ModelError(f"a sensitivity lies above 0 and is at most 1, got {sensitivity}")
    values, holds = np.asarray(probabilities, np.float64), np.asarray(truth, dtype=bool)
    return {
        name: _point(values[:, i], holds[:, i], groups, sensitivity)
        for i, name in enumerate(classes)
        if holds[:, i].any()
    }


def _point(
    values: NDArray[np.float64],
    holds: NDArray[np.bool_],
    groups: NDArray[np.int64],
    sensitivity: float,
) -> OperatingPoint:
    found = np.sort(values[holds])[::-1]
    rank = int(np.ceil(sensitivity * len(found) - 1e-9))
    threshold = float(found[rank - 1])
    independent = len(np.unique(groups[holds]))
    # The same quantile of the independent cases alone; the share above it is one order statistic.
    above = max(1, int(np.floor(rank / len(found) * independent)))
    return OperatingPoint(
        threshold=threshold,
        sensitivity=float((found >= threshold).mean()),
        sensitivity_lower=share_lower(above, independent),
        specificity=None if holds.all() else float((values[~holds] < threshold).mean()),
        positives=len(found),
        groups=independent,
    )
