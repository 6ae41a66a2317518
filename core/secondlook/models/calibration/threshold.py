"""A threshold from goods alone, at a stated false-alarm rate, and how far it can be trusted.

The threshold is an order statistic of n scores of goods that the bank had not seen (split
conformal prediction: Vovk et al. 2005; Laxhammar and Falkman 2010 for anomalies). For such a
threshold the share of future goods below it follows Beta(k, n + 1 - k) over the draw of the n
goods (Vovk 2012, arXiv 1209.2673). With scores from K folds the law holds approximately.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.errors import ModelError
from secondlook.models.calibration.order import rank_for, share_lower

LEAST_GOODS = 8


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A calibrated cut: scores above `value` are flagged."""

    value: float
    false_alarm_rate: float
    """The share of goods that may be flagged, as asked for."""
    false_alarm_bound: float
    """With 95 % confidence over the draw of the goods, no more than this share is flagged."""
    goods: int
    """How many scores the threshold was taken from."""


def calibrate(scores: Sequence[float], false_alarm_rate: float = 0.05) -> Threshold:
    """The threshold for scores of goods that the bank had not seen.

    With fewer than 1/rate - 1 goods no order statistic reaches the rate: the largest score is
    taken and the bound tells how much that can promise.

    Raises ModelError for fewer than 8 goods, a rate outside (0, 1), or scores that are no numbers.
    """
    count = len(scores)
    if count < LEAST_GOODS:
        raise ModelError(
            f"a threshold needs at least {LEAST_GOODS} different goods, got {count}: "
            "add pictures of good parts"
        )
    if not 0 < false_alarm_rate < 1:
        raise ModelError(f"the false-alarm rate must lie between 0 and 1, got {false_alarm_rate}")
    if not np.isfinite(scores).all():
        raise ModelError("some scores of goods are not finite: the backbone gives no usable values")
    rank = min(count, rank_for(1 - false_alarm_rate, count))
    return Threshold(
        value=float(np.sort(np.asarray(scores))[rank - 1]),
        false_alarm_rate=false_alarm_rate,
        false_alarm_bound=1 - share_lower(rank, count),
        goods=count,
    )
