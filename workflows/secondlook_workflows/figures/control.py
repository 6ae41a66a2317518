"""Which findings hold most often, and whether their share moves more than chance explains."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from math import sqrt

from secondlook_workflows.figures.reviewed import Reviewed, Row

LEAST_CASES = 50
LEAST_DAYS = 5
"""With fewer the limits of a chart would be guesses."""
SIGMAS = 3
IN, OUTSIDE, FEW = "in", "outside", "too few that day"
LEAST_EXPECTED = 5
"""So many cases with, and without, are expected on a day that is compared with its limits."""


def pareto(cases: Sequence[Reviewed]) -> list[Row]:
    """Labels that hold, the most frequent first; each with the share of all that came so far."""
    counted = Counter(label for x in cases for label in x.held)
    total, so_far, rows = counted.total(), 0, list[Row]()
    for label, count in sorted(counted.items(), key=lambda x: (-x[1], x[0])):
        so_far += count
        rows.append({"label": label, "findings": count, "cumulative": so_far / total})
    return rows


def p_chart(cases: Sequence[Reviewed]) -> list[Row]:
    """By day, the share of cases with a finding that holds, and three-sigma limits.

    Shewhart's p-chart with limits for each day's own number of cases; a day on which too few are
    expected for the normal approximation is drawn and never called out of its limits.
    """
    by_day: dict[date, list[bool]] = defaultdict(list)
    for item in cases:
        by_day[item.day].append(bool(item.held))
    centre = sum(bool(x.held) for x in cases) / len(cases) if cases else 0.0
    return [_point(day, some, centre) for day, some in sorted(by_day.items())]


def too_few(cases: Sequence[Reviewed]) -> str | None:
    """In words, why there is no chart; None where there can be one."""
    days = len({x.day for x in cases})
    if len(cases) >= LEAST_CASES and days >= LEAST_DAYS:
        return None
    return (
        f"{len(cases)} decided on {days} {'day' if days == 1 else 'days'}: too few for a p-chart. "
        f"It takes {LEAST_CASES} on {LEAST_DAYS} days."
    )


def _point(day: date, found: Sequence[bool], centre: float) -> Row:
    count, spread = len(found), SIGMAS * sqrt(centre * (1 - centre) / len(found))
    share = sum(found) / count
    low, high = max(0.0, centre - spread), min(1.0, centre + spread)
    compared = min(count * centre, count * (1 - centre)) >= LEAST_EXPECTED
    state = FEW if not compared else IN if low <= share <= high else OUTSIDE
    return {
        "day": day.isoformat(),
        "decided": count,
        "with_finding": sum(found),
        "share": share,
        "centre": centre,
        "low": low,
        "high": high,
        "state": state,
    }
