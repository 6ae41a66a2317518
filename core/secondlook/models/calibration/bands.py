"""Two thresholds instead of one: accept below, reject above, and a person looks in between.

Both are order statistics of scores that the model had not seen: of goods, and of bads where there
are some. Few scores make the band wider, never narrower than the stated rates allow: where the
largest good cannot promise the false-alarm rate, nothing is rejected without a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.calibration.order import rank_for, share_lower
from secondlook.models.calibration.threshold import LEAST_GOODS


class Band(StrEnum):
    """What a score calls for."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Scores up to `accept` are accepted, those above `reject` rejected, the rest reviewed."""

    accept: float
    reject: float | None
    """None: too few goods for the false-alarm rate, so nothing is rejected without a person."""
    false_alarm_rate: float
    """The share of goods that may be rejected, as asked for."""
    review_rate: float
    """The share of goods that may be reviewed or rejected, as asked for; few bads raise it."""
    miss_rate: float
    """The share of bads that may be accepted, as asked for."""
    false_alarm_bound: float
    """With 95 % confidence no more than this share of goods is rejected."""
    miss_bound: float | None
    """With 95 % confidence no more than this share of bads is accepted; None without bads."""
    goods: int
    bads: int

    def __post_init__(self) -> None:
        if self.reject is not None and self.accept > self.reject:
            raise ModelError(f"the bands cross: accept {self.accept}, reject {self.reject}")

    def band(self, score: float) -> Band:
        """What this score calls for; a score that is no number is reviewed."""
        if score <= self.accept:
            return Band.ACCEPT
        return Band.REJECT if self.reject is not None and score > self.reject else Band.REVIEW


def fit_bands(
    goods: Sequence[float],
    bads: Sequence[float] = (),
    *,
    false_alarm_rate: float = 0.01,
    review_rate: float = 0.05,
    miss_rate: float = 0.05,
) -> Bands:
    """Bands from scores of goods, and of bads where there are some.

    Raises ModelError for fewer than 8 goods, scores that are not finite, rates outside (0, 1), or
    a false-alarm rate above the review rate.
    """
    good, bad = (np.sort(np.asarray(x, dtype=np.float64)) for x in (goods, bads))
    _check(good, bad, false_alarm_rate, review_rate, miss_rate)
    rank = rank_for(1 - false_alarm_rate, len(good))
    high = float(good[rank - 1]) if rank <= len(good) else None
    usual = float(good[min(len(good), rank_for(1 - review_rate, len(good))) - 1])
    low = _below_bads(bad, miss_rate)
    accept = usual if low is None else min(usual, low)
    # Bads far above every good: what lies between has been seen of neither, so it is reviewed.
    reject = high if high is None or low is None else max(high, low)
    return Bands(
        accept=accept,
        reject=reject,
        false_alarm_rate=false_alarm_rate,
        review_rate=review_rate,
        miss_rate=miss_rate,
        false_alarm_bound=0.0 if reject is None else _share_above(good, reject),
        miss_bound=_share_above(-bad, -accept, strict=False) if len(bad) else None,
        goods=len(good),
        bads=len(bad),
    )


def _below_bads(bad: NDArray[np.float64], rate: float) -> float | None:
    """A score with at most a share `rate` of bads at or below it; just below all, where few."""
    if not len(bad):
        return None
    place = len(bad) - rank_for(1 - rate, len(bad))  # of the smallest bad that is not missed
    return float(np.nextafter(bad[max(place, 0)], -np.inf))


def _share_above(scores: NDArray[np.float64], cut: float, *, strict: bool = True) -> float:
    """With 95 % confidence at most this share of future scores lies above (or at) the cut."""
    below = int((scores <= cut).sum() if strict else (scores < cut).sum())
    return 1.0 if below < 1 else 1 - share_lower(below, len(scores))


def _check(good: NDArray[np.float64], bad: NDArray[np.float64], *rates: float) -> None:
    if len(good) < LEAST_GOODS:
        raise ModelError(
            f"bands need at least {LEAST_GOODS} different goods, got {len(good)}: "
            "add pictures of good parts"
        )
    if not np.isfinite(good).all() or not np.isfinite(bad).all():
        raise ModelError("some scores are not finite: the backbone gives no usable values")
    false_alarm_rate, review_rate, _ = rates
    if not all(0 < x < 1 for x in rates) or false_alarm_rate > review_rate:
        raise ModelError(
            "rates must lie between 0 and 1, and fewer goods be rejected than reviewed; got "
            f"false alarms {false_alarm_rate}, review {review_rate}, misses {rates[2]}"
        )
