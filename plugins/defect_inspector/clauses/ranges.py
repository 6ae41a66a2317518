"""Limits of a sentence, and two numbers that are the ends of one: `0.2 mm to 0.5 mm`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.model import Bounds
from defect_inspector.clauses.units import dimension

FIELDS = {"gt": "more_than", "ge": "at_least", "lt": "less_than", "le": "at_most"}


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A range in a sentence, and which marks it was read from."""

    first: int
    last: int
    value: float | None
    bounds: Bounds | None
    """None for a bare number: `three pores per part`."""
    unit: str | None = None
    hint: str | None = None
    """The measure that the comparison names: `longer than`."""
    per: str | None = None
    forbidden: bool = False
    """`must not exceed`: what lies in the range is not permitted."""
    low: bool = False
    """`between`, `from`: the lower end of a range."""
    odd: bool = False
    """An unknown word stands where the unit would: `5 furlongs`."""


def bound(op: str, value: float) -> Bounds:
    """The range of one comparison."""
    return Bounds(**{FIELDS[op]: value})


def merge(marks: Sequence[Mark], singles: Sequence[Limit]) -> list[Limit]:
    """Numbers that are two ends of one range as one limit."""
    merged: list[Limit] = []
    for limit in singles:
        pair = _pair(marks, merged[-1], limit) if merged else None
        if pair:
            merged[-1] = pair
        else:
            merged.append(limit)
    return merged


def _pair(marks: Sequence[Mark], low: Limit, high: Limit) -> Limit | None:
    between = marks[low.last + 1 : _number(marks, high)]
    if low.value is None or high.value is None or not _range(between, low, high):
        return None
    lower = _lower(between, low)
    upper = high.bounds if high.bounds and high.bounds.upper else bound("le", high.value)
    both = replace(lower, less_than=upper.less_than, at_most=upper.at_most)
    return replace(
        low, last=high.last, bounds=both, value=None, unit=high.unit or low.unit, odd=high.odd,
        hint=low.hint or high.hint, per=high.per or low.per, low=False,
    )  # fmt: skip


def _number(marks: Sequence[Mark], limit: Limit) -> int:
    """The position of the limit's number."""
    spots = range(limit.first, limit.last + 1)
    return next(
        (i for i in spots if marks[i].value is not None or marks[i].get("number")), spots[0]
    )


def _lower(between: Sequence[Mark], low: Limit) -> Bounds:
    assert low.value is not None
    if low.bounds is not None:
        return low.bounds
    left = next((x.get("compare") for x in between[:1] if x.text in "<＜"), None)
    return bound("gt" if left else "ge", low.value)


def _range(between: Sequence[Mark], low: Limit, high: Limit) -> bool:
    """Whether two numbers with these marks between them are ends of one range."""
    if low.bounds is not None and low.bounds.upper is not None:
        return False
    if high.bounds is not None and high.bounds.lower is not None:
        return False
    if low.unit and high.unit and dimension(low.unit) != dimension(high.unit):
        return False
    if low.hint and high.hint and low.hint != high.hint:
        return False
    joins = {x.get("joiner") for x in between}
    if low.bounds is None and high.bounds is None:
        plain = all(x.get("joiner") for x in between)
        return plain and bool(between) and ("to" in joins or (low.low and "and" in joins))
    if low.bounds is None:
        return _open_below(between)
    soft = all(_soft(x) for x in between) and "or" not in (joins - _commas(between))
    return soft


def _commas(between: Sequence[Mark]) -> set[str | None]:
    return {"or"} if any(x.text in ",，" for x in between) else set()


def _open_below(between: Sequence[Mark]) -> bool:
    """`2 bis 5`, `2 mm up to 5 mm`, `2 < L ≤ 5`."""
    if not between:
        return False
    compares = [x for x in between if x.get("compare")]
    rest = [x for x in between if not x.get("compare")]
    symbol = between[0].text in ("<", "≤", "<=") and len(compares) == 2
    if symbol:
        return len(rest) <= 2 and not any(x.value is not None for x in rest)
    return len(compares) == 1 and all(x.get("joiner") in ("to", "and") for x in rest)


def _soft(mark: Mark) -> bool:
    named = mark.get("compare") or mark.get("joiner") or mark.get("plain") or mark.get("modal")
    return named is not None and mark.get("disposition") is None
