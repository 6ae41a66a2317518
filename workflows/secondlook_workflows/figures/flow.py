"""How much was decided, and how long it had waited."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from secondlook_workflows.figures.rates import quantile, wilson
from secondlook_workflows.figures.reviewed import Reviewed, Row

MINUTE = 60.0


def throughput(cases: Sequence[Reviewed]) -> list[Row]:
    """How many were decided, by day and outcome; also the outcomes that a day had none of."""
    counted = Counter((x.day, x.disposition) for x in cases)
    days, outcomes = sorted({x for x, _ in counted}), sorted({x for _, x in counted})
    return [
        {"day": day.isoformat(), "outcome": outcome, "decided": counted[day, outcome]}
        for day in days
        for outcome in outcomes
    ]


def waiting(cases: Sequence[Reviewed]) -> list[Row]:
    """Median and 95th percentile of the minutes waited, by day."""
    by_day: dict[date, list[Reviewed]] = defaultdict(list)
    for item in cases:
        by_day[item.day].append(item)
    return [{"day": day.isoformat(), **_waits(some)} for day, some in sorted(by_day.items())]


def targets(cases: Sequence[Reviewed]) -> list[Row]:
    """By target, how many kept to it."""
    by_target: dict[timedelta | None, list[Reviewed]] = defaultdict(list)
    for item in cases:
        by_target[item.target].append(item)
    order = sorted(by_target, key=lambda x: (x is None, x or timedelta()))
    return [_kept(x, by_target[x]) for x in order]


def _waits(cases: Sequence[Reviewed]) -> Row:
    minutes = [x.waited.total_seconds() / MINUTE for x in cases]
    return {
        "decided": len(cases),
        "median_minutes": quantile(minutes, 0.5),
        "p95_minutes": quantile(minutes, 0.95),
    }


def _kept(limit: timedelta | None, cases: Sequence[Reviewed]) -> Row:
    kept = None if limit is None else sum(x.waited <= limit for x in cases)
    interval = None if kept is None else wilson(kept, len(cases))
    return {
        "target_minutes": None if limit is None else limit.total_seconds() / MINUTE,
        **_waits(cases),
        "within_target": kept,
        "share": None if kept is None else kept / len(cases),
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
    }
