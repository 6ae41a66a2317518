"""Limits in marks: numbers with unit, comparison and what they are counted over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.model import Bounds
from defect_inspector.clauses.units import AREAS, dimension

BACK = 7  # marks between a comparison and its number, at most
FIELDS = {"gt": "more_than", "ge": "at_least", "lt": "less_than", "le": "at_most"}
LOWER, UPPER = ("gt", "ge"), ("lt", "le")
MEASURES = ("length", "width", "depth", "diameter", "area", "count", "distance", "other")


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


def find_limits(marks: Sequence[Mark]) -> list[Limit]:
    """All limits of a sentence, in order."""
    singles = [x for i in range(len(marks)) if (x := _single(marks, i)) is not None]
    return _units(_merge(marks, singles))


def bound(op: str, value: float) -> Bounds:
    """The range of one comparison."""
    return Bounds(**{FIELDS[op]: value})


def _single(marks: Sequence[Mark], i: int) -> Limit | None:
    value = marks[i].value if marks[i].value is not None else _word(marks, i)
    if value is None or _over(marks, i):
        return None
    first, op, hint, forbidden, low = _before(marks, i)
    last, unit = _unit(marks, i)
    behind = _behind(marks, last)
    if op is None and behind:
        last, op, forbidden = behind
    per = _per(marks, i, last)
    return Limit(
        first=first,
        last=last,
        value=value,
        bounds=bound(op, value) if op else None,
        unit=unit or ("count" if per or _counts(marks, last) else None),
        hint=hint,
        per=per,
        forbidden=forbidden,
        low=low,
        odd=unit is None and not per and _odd(marks, last),
    )


def _word(marks: Sequence[Mark], i: int) -> float | None:
    """Numbers in words; an article is one where a comparison stands right before it."""
    word = marks[i].get("number")
    if word is not None:
        return float(word)
    compared = i > 0 and (marks[i - 1].get("compare") or marks[i - 1].get("forbidden"))
    named = any(x.get("term") for x in marks[i + 1 : i + 4]) and not any(
        x.get("measure") for x in marks[i + 1 : i + 3]
    )
    return 1.0 if marks[i].get("article") and compared and named else None


def _before(marks: Sequence[Mark], i: int) -> tuple[int, str | None, str | None, bool, bool]:
    """First mark, comparison, its measure, whether it forbids, whether a range begins."""
    low: int | None = None
    for j in range(i - 1, max(-1, i - 1 - BACK), -1):
        mark = marks[j]
        compare, forbidden = mark.get("compare"), mark.get("forbidden")
        if compare or forbidden:
            op, _, hint = (forbidden or compare or "").partition(" ")
            op, hint = _negated(marks, j, op, hint)
            return j, op, hint or None, forbidden is not None, False
        if mark.get("between") and low is None:
            low = j  # `from 2 mm`, but also `ab einer Tiefe von 2 mm`
        elif not _skipped(mark):
            break
    return (i if low is None else low), None, None, False, low is not None


def _negated(marks: Sequence[Mark], j: int, op: str, hint: str) -> tuple[str, str]:
    """`not` right before a comparison turns it around."""
    near = j > 0 and marks[j - 1].get("negation") == "near"
    flipped = {"gt": "le", "ge": "lt"}
    return (flipped.get(op, op) if near else op), hint


def _skipped(mark: Mark) -> bool:
    if mark.text in "(:=.~≈[" or mark.get("article") or mark.text.lower() in ("of", "als", "von"):
        return True
    if mark.get("joiner") or mark.get("negation") or mark.get("disposition") or mark.get("per"):
        return False
    named = mark.get("measure") or mark.get("term") or mark.get("plain") or mark.get("modal")
    return named is not None


def _unit(marks: Sequence[Mark], i: int) -> tuple[int, str | None]:
    """The last mark of the quantity and its unit."""
    j = i + 1
    if j < len(marks) and marks[j].text == "-" and j + 1 < len(marks):
        j += marks[j + 1].get("unit") is not None
    if j >= len(marks):
        return i, None
    unit = marks[j].get("unit")
    if unit == "in" and marks[j].text.lower() == "in" and not _inches(marks, j):
        unit = None
    if unit is not None:
        return j, unit
    return (j, "count") if marks[j].get("counter") else (i, None)


def _inches(marks: Sequence[Mark], j: int) -> bool:
    """Whether `in` stands for inch: nothing behind it that something could be in."""
    if j + 1 >= len(marks):
        return True
    kinds = {"disposition", "joiner", "compare", "modal", "measure", "after", "severity", "beyond"}
    return marks[j + 1].kind == "symbol" or bool(kinds & set(marks[j + 1].senses))


def _behind(marks: Sequence[Mark], last: int) -> tuple[int, str, bool] | None:
    """`5 mm or more`, `5 mm nicht überschreiten`, `5毫米以上`."""
    for j in range(last + 1, min(len(marks), last + 5)):
        after = marks[j].get("after")
        if after:
            if marks[j].get("compare") and _single_follows(marks, j):
                return None
            allowed = any(x.text.lower() in ("darf", "dürfen", "must", "shall") for x in marks[:j])
            negated = "nicht" in marks[j].text.lower()
            if negated and allowed:
                return j, "gt", True
            return j, after, False
        named = marks[j].get("measure") or marks[j].get("term") or marks[j].get("article")
        if not (named or marks[j].text in "()" or marks[j].kind == "word" and j == last + 1):
            return None
    return None


def _single_follows(marks: Sequence[Mark], j: int) -> bool:
    return any(x.value is not None for x in marks[j + 1 : j + 4])


def _counts(marks: Sequence[Mark], last: int) -> bool:
    """Whether the number counts what is named behind it: `more than three open pores`."""
    for mark in marks[last + 1 : last + 4]:
        if mark.get("term"):
            return True
        if mark.kind not in ("word", "ideograph") or mark.get("disposition") or mark.get("modal"):
            return False
    return False


def _odd(marks: Sequence[Mark], last: int) -> bool:
    behind = marks[last + 1] if last + 1 < len(marks) else None
    unknown = behind is not None and behind.kind in ("word", "ideograph") and not behind.senses
    return unknown and not _counts(marks, last)


def _over(marks: Sequence[Mark], i: int) -> bool:
    """Whether the number belongs to what something is counted over: `per 100 cm²`."""
    before = marks[i - 1] if i else None
    if before is not None and before.get("article") and i > 1:
        before = marks[i - 2]
    if before is None or not (before.get("per") or before.text in ("/", "any")):
        return False
    _, unit = _unit(marks, i)
    strong = before.text.lower() not in ("in", "within", "on", "innerhalb von", "auf", "/")
    return unit in AREAS or (strong and unit is not None and unit != "count")


def _per(marks: Sequence[Mark], i: int, last: int) -> str | None:
    """What is counted over, of the limit that ends at `last`; looked for up to the next limit."""
    for j in range(last + 1, min(len(marks), last + 14)):
        if marks[j].get("per") or marks[j].text == "/":
            over = per_at(marks, j + 1)
            if over:
                return over
        elif marks[j].value is not None or marks[j].get("compare"):
            break
    return _leading(marks, i)


def _leading(marks: Sequence[Mark], i: int) -> str | None:
    """`Per part at most three pores`, `每件不超过3处`: before, with no other number between."""
    for j in range(i - 1, max(-1, i - 14), -1):
        if marks[j].get("disposition") or (marks[j].value is not None and not _over(marks, j)):
            return None
        if marks[j].get("per") or marks[j].text == "/":
            over = per_at(marks, j + 1)
            if over:
                return over
    return None


def per_at(marks: Sequence[Mark], j: int) -> str | None:
    """What is counted over, from the marks behind `per`."""
    if j < len(marks) and marks[j].get("article"):
        j += 1
    if j >= len(marks):
        return None
    value = marks[j].value
    strong = marks[j - 1].text.lower() not in ("in", "within", "on", "auf", "innerhalb von")
    if value is not None:
        _, unit = _unit(marks, j)
        fits = unit in AREAS or (strong and unit is not None and unit != "count")
        return f"{value:g} {unit}" if fits else None
    if not strong:
        return None
    noun = marks[j].get("per_noun")
    if noun or marks[j].get("zone") or marks[j].get("at"):
        return noun or "zone"
    unit = marks[j].get("unit")
    return f"1 {unit}" if unit in AREAS else None


def _merge(marks: Sequence[Mark], singles: Sequence[Limit]) -> list[Limit]:
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
    both = Bounds(
        more_than=lower.more_than,
        at_least=lower.at_least,
        less_than=upper.less_than,
        at_most=upper.at_most,
    )
    return replace(
        low, last=high.last, bounds=both, unit=high.unit or low.unit,
        odd=high.odd,
        value=None, hint=low.hint or high.hint, per=high.per or low.per, low=False,
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


def _units(limits: Sequence[Limit]) -> list[Limit]:
    """A number without a unit has the one before it, else the one behind it."""
    done: list[Limit] = []
    for i, limit in enumerate(limits):
        if limit.unit is None and not limit.odd:
            near = [x.unit for x in [*reversed(done), *limits[i + 1 :]] if x.unit]
            limit = replace(limit, unit=next(iter(near), None))
        done.append(limit)
    return done
