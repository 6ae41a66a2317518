"""Figures of merit from scores and truth. A figure that cannot be computed is None and says why.

Ranking metrics come from scikit-learn. The pixel metrics are computed from histograms over all
images, so that a million maps need no more memory than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BINS = 4096
PRO_LIMIT = 0.3
"""False-positive rate up to which per-region overlap is integrated (Bergmann et al. 2020)."""


@dataclass
class Metrics:
    """Named figures, and a note for each that is None."""

    values: dict[str, float | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def missing(self, names: Sequence[str], why: str) -> None:
        """These cannot be computed, because."""
        self.values |= dict.fromkeys(names)
        self.notes.append(f"{', '.join(names)}: {why}")


def ranking(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> Metrics:
    """auroc and average_precision of scores (n,) against truth (n,)."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    metrics = Metrics()
    if truth.all() or not truth.any():
        metrics.missing(
            ("auroc", "average_precision"),
            f"needs cases with and without a finding, got {int(truth.sum())} of {len(truth)} with",
        )
        return metrics
    metrics.values = {
        "auroc": float(roc_auc_score(truth, scores)),
        "average_precision": float(average_precision_score(truth, scores)),
    }
    return metrics


def verdicts(truth: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> Metrics:
    """f1_macro over (with finding, without) and accuracy at the stored threshold."""
    from sklearn.metrics import accuracy_score, f1_score

    metrics = Metrics()
    metrics.values = {
        "f1_macro": float(f1_score(truth, flagged, average="macro", zero_division=0)),
        "accuracy": float(accuracy_score(truth, flagged)),
    }
    return metrics


class PixelMetrics:
    """pixel_auroc and aupro over many maps, added one at a time.

    `low` and `high` bound the scores of all maps; scores are binned between them.
    """

    def __init__(self, low: float, high: float) -> None:
        self._low, self._span = low, max(high - low, 1e-12)
        self._good = np.zeros(BINS, dtype=np.int64)
        self._bad = np.zeros(BINS, dtype=np.int64)
        self._regions: list[NDArray[np.float64]] = []

    def add(self, scores: NDArray[np.float32], mask: NDArray[np.bool_] | None) -> None:
        """One image: scores (H, W) and its mask (H, W); None where nothing is wrong with it."""
        from scipy.ndimage import label

        bins = self._bins(scores)
        if mask is None:
            self._good += np.bincount(bins.ravel(), minlength=BINS)
            return
        self._good += np.bincount(bins[~mask], minlength=BINS)
        self._bad += np.bincount(bins[mask], minlength=BINS)
        regions, count = label(mask, structure=np.ones((3, 3)))
        for number in range(1, count + 1):
            part = np.bincount(bins[regions == number], minlength=BINS)
            self._regions.append(_from_above(part / part.sum()))

    def compute(self) -> Metrics:
        """The two figures."""
        metrics = Metrics()
        if not self._regions or not self._good.any():
            metrics.missing(("pixel_auroc", "aupro"), "needs masks and pixels outside them")
            return metrics
        false_alarms = np.append(0.0, _from_above(self._good / self._good.sum()))
        found = np.append(0.0, _from_above(self._bad / self._bad.sum()))
        overlap = np.append(0.0, np.mean(self._regions, axis=0))
        metrics.values = {
            "pixel_auroc": float(np.trapezoid(found, false_alarms)),
            "aupro": _area_up_to(false_alarms, overlap, PRO_LIMIT) / PRO_LIMIT,
        }
        return metrics

    def _bins(self, scores: NDArray[np.float32]) -> NDArray[np.int64]:
        scaled = (scores.astype(np.float64) - self._low) / self._span * (BINS - 1)
        return np.clip(scaled, 0, BINS - 1).astype(np.int64)


def _from_above(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of pixels at or above each bin, from the highest bin down."""
    return np.cumsum(shares[::-1])


def _area_up_to(x: NDArray[np.float64], y: NDArray[np.float64], limit: float) -> float:
    inside = x <= limit
    xs = np.append(x[inside], limit)
    ys = np.append(y[inside], np.interp(limit, x, y))
    return float(np.trapezoid(ys, xs))
