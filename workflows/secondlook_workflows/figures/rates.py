"""Shares with their intervals."""

from collections.abc import Sequence
from math import sqrt

Z = 1.959963984540054
"""Of a 95 % interval."""
Interval = tuple[float, float]


def wilson(hits: int, total: int) -> Interval | None:
    """95 % interval of a share (Wilson 1927, doi 10.1080/01621459.1927.10502953).

    None of no cases at all.
    """
    if total == 0:
        return None
    share, square = hits / total, Z * Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = Z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    half /= 1 + square / total
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == total else min(1.0, middle + half)
    return low, high


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which this share lies, between two values in proportion; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
