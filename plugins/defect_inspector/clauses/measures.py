"""Which measure a limit is of: length, width, depth, height, diameter, area, count or distance."""

from collections.abc import Sequence

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.ranges import Limit
from defect_inspector.clauses.units import dimension

MEASURES = ("length", "width", "depth", "height", "diameter", "area", "count", "distance", "other")
LENGTHS = frozenset({"length", "width", "depth", "height", "diameter", "distance", "other"})


def measure_of(
    limit: Limit,
    unit: str,
    marks: Sequence[Mark],
    span: tuple[int, int],
    known: str | None,
    is_round: bool,
) -> str:
    """The measure that a limit's unit, comparison and neighbouring words name.

    known: what was measured before, or what the heading or column says. Lengths that nobody
    names are diameters of round defects and lengths of all others.
    """
    kind = dimension(unit)
    if kind == "count":
        return "count"
    if kind in ("area", "%"):
        return "area"
    default = "diameter" if is_round else "length"
    named = limit.hint or _behind(limit, marks, span[1]) or _before(limit, marks)
    named = named or (_after(limit, marks, span[1]) if known is None else None) or known
    return named if named is not None and named in LENGTHS else default


def _behind(limit: Limit, marks: Sequence[Mark], end: int) -> str | None:
    """`5 mm long`, `0.2 mm in depth`."""
    near = marks[limit.last + 1 : min(end, limit.last + 3)]
    if near and near[0].get("joiner"):
        return None
    found = [x.get("measure") for x in near if x.get("measure") and not x.get("compare")]
    return next((x for x in found if x in LENGTHS), None)


def _before(limit: Limit, marks: Sequence[Mark]) -> str | None:
    """The nearest before, up to the number of the limit before."""
    at = next(
        (i for i in range(limit.first, limit.last + 1) if marks[i].value is not None), limit.first
    )
    for i in range(at - 1, -1, -1):
        if marks[i].value is not None or marks[i].get("disposition") or marks[i].text == ";":
            break
        measure = marks[i].get("measure")
        if measure in LENGTHS:
            return measure
        if measure == "size":
            return None
    inner = (x.get("measure") for x in marks[limit.first : limit.last])
    return next((x for x in inner if x in LENGTHS), None)


def _after(limit: Limit, marks: Sequence[Mark], end: int) -> str | None:
    for i in range(limit.last + 1, end):
        if marks[i].value is not None:
            break
        measure = marks[i].get("measure")
        if measure in LENGTHS:
            return measure
    return None
