"""What can be said from a handful of goods: a threshold with little promise, and nothing rejected.

Below 8 goods no score says which share of goods lies above it with any confidence worth a name.
The largest of n is taken: of exchangeable scores the next one is larger in 1 of n + 1 cases.
"""

from collections.abc import Sequence

import numpy as np

from secondlook.errors import ModelError
from secondlook.models.calibration import (
    LEAST_GOODS,
    Bands,
    Threshold,
    calibrate,
    fit_bands,
)

LEAST = 3
"""With two each would be compared with one other alone."""


def threshold_of(scores: Sequence[float], rate: float = 0.05) -> Threshold:
    """The threshold, as `calibrate` gives it; of fewer than 8 scores the largest.

    Raises ModelError for fewer than 3 scores, or scores that are no numbers.
    """
    if len(scores) >= LEAST_GOODS:
        return calibrate(scores, rate)
    if len(scores) < LEAST or not np.isfinite(scores).all():
        raise ModelError(
            f"a threshold needs at least {LEAST} scores that are numbers, got {list(scores)}: "
            "add pictures of good parts"
        )
    bound = 1 - 0.05 ** (1 / len(scores))
    return Threshold(
        value=max(scores), false_alarm_rate=rate, false_alarm_bound=bound, goods=len(scores)
    )


def bands_of(scores: Sequence[float], rate: float, review_rate: float) -> Bands:
    """The bands, as `fit_bands` gives them; of fewer than 8 scores one that rejects nothing."""
    if len(scores) >= LEAST_GOODS:
        return fit_bands(scores, false_alarm_rate=rate, review_rate=review_rate)
    return Bands(
        accept=max(scores),
        reject=None,
        false_alarm_rate=rate,
        review_rate=review_rate,
        miss_rate=0.05,
        false_alarm_bound=0.0,
        miss_bound=None,
        goods=len(scores),
        bads=0,
    )


def few_note(count: int) -> str | None:
    """A sentence where there are too few goods; None where there are enough."""
    if count >= LEAST_GOODS:
        return None
    return (
        f"Only {count} good pictures: about 1 good part in {count + 1} will be flagged, and none is "
        "rejected without a person. Use it to begin with, and learn again with 20 pictures or more."
    )
