"""What a measure may be, from least to most, and whether that lies in the range of a clause."""

from dataclasses import dataclass
from math import inf

from defect_inspector.clauses import Bounds

LIMIT = "the limit lies within the measuring uncertainty"


@dataclass(frozen=True)
class Span:
    """The least and the most that a measure may be, in the unit of the clause."""

    low: float
    high: float
    said: str = ""
    note: str = ""
    doubt: str = LIMIT
    """Why, where it cannot be told whether it lies in a range."""


def certain(bounds: Bounds, span: Span) -> bool | None:
    """Whether a measure lies in a range; None where that cannot be told."""
    if bounds.holds(span.low) and bounds.holds(span.high):
        return True
    low, high = bounds.lower, bounds.upper
    over = high is not None and (span.low > high[0] or (span.low == high[0] and not high[1]))
    under = low is not None and (span.high < low[0] or (span.high == low[0] and not low[1]))
    return False if over or under else None


def doubt_of(applies: bool | None, span: Span) -> str:
    """Why it cannot be told; empty where it can, or the span says so itself."""
    return span.doubt if applies is None and span.high < inf and not span.note else ""


def room_in(bounds: Bounds, span: Span) -> float:
    """How far a measure is from the nearest end of a range, as a share of it."""
    middle = (span.low + span.high) / 2
    ends = [x[0] for x in (bounds.lower, bounds.upper) if x is not None]
    return min((abs(middle - x) / max(abs(x), 1e-9) for x in ends), default=inf)
