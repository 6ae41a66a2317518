"""Limits in marks: numbers with unit, comparison and what they are counted over."""

from collections.abc import Sequence
from dataclasses import replace

from defect_inspector.clauses.comparisons import after, before
from defect_inspector.clauses.counted import counts, is_base, per_at, per_of
from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.quantities import number_at, unit_at
from defect_inspector.clauses.ranges import Limit, bound, merge
from defect_inspector.clauses.units import LENGTHS

PLACE = "place"


def find_limits(marks: Sequence[Mark]) -> list[Limit]:
    """All limits of a sentence, in order."""
    singles = [x for i in range(len(marks)) if (x := _single(marks, i)) is not None]
    return _counted(marks, _units(_ratios(marks, _forbidden(marks, merge(marks, singles)))))


def _forbidden(marks: Sequence[Mark], limits: Sequence[Limit]) -> list[Limit]:
    """`must not be longer than 50 mm nor deeper than 0.2 mm`: the second is forbidden too."""
    done: list[Limit] = []
    for limit in limits:
        between = marks[done[-1].last + 1 : limit.first] if done else []
        joined = between and all(x.get("joiner") or x.get("plain") for x in between)
        lower = limit.bounds is not None and limit.bounds.upper is None
        goes_on = bool(done) and done[-1].forbidden and joined and lower
        done.append(replace(limit, forbidden=True) if goes_on else limit)
    return done


def _single(marks: Sequence[Mark], i: int) -> Limit | None:
    value = number_at(marks, i)
    if value is None or is_base(marks, i):
        return None
    last, unit = unit_at(marks, i)
    compared = before(marks, i)
    if compared.op is None:
        compared = after(marks, last, compared)
    last = max(last, compared.last)
    if compared.op is None and unit in LENGTHS and _from_elsewhere(marks, i):
        compared = replace(compared, hint=PLACE)
    per = per_of(marks, i, last)
    unit = unit or ("count" if per or counts(marks, last) else None)
    return Limit(
        first=compared.first, last=last, value=value, unit=unit, per=per,
        bounds=bound(compared.op, value) if compared.op else None,
        hint=compared.hint, forbidden=compared.forbidden, low=compared.low,
        odd=unit is None and _odd(marks, last),
    )  # fmt: skip


def _from_elsewhere(marks: Sequence[Mark], i: int) -> bool:
    """`within 5 mm of the rib`: a distance from something that is no defect."""
    return i > 0 and marks[i - 1].text.lower() in ("within", "innerhalb", "innerhalb von", "距")


def _ratios(marks: Sequence[Mark], limits: Sequence[Limit]) -> list[Limit]:
    """`3 mm on 1 m`: a length over a length is none of a defect."""
    done: list[Limit] = []
    for limit in limits:
        over = limit.first and marks[limit.first - 1].get("per") and limit.unit in LENGTHS
        near = done and done[-1].unit in LENGTHS and limit.first - done[-1].last <= 2
        if over and near and limit.bounds is None:
            done[-1] = replace(done[-1], hint=PLACE)
            limit = replace(limit, hint=PLACE)
        done.append(limit)
    return done


def _odd(marks: Sequence[Mark], last: int) -> bool:
    """Whether an unknown word stands where the unit would."""
    follows = marks[last + 1] if last + 1 < len(marks) else None
    return follows is not None and follows.kind in ("word", "ideograph") and not follows.senses


def _counted(marks: Sequence[Mark], limits: Sequence[Limit]) -> list[Limit]:
    """`up to 4 pores of 0.5 mm or less per face`: the one count has what is said at the end."""
    counts_ = [x for x in limits if x.unit == "count" and x.per is None]
    over = {per_at(marks, i + 1) for i, x in enumerate(marks) if x.get("per") and i > 0} - {None}
    if len(counts_) != 1 or len(over) != 1:
        return list(limits)
    return [replace(x, per=next(iter(over))) if x is counts_[0] else x for x in limits]


def _units(limits: Sequence[Limit]) -> list[Limit]:
    """A number without a unit has the one before it, else the one behind it."""
    done: list[Limit] = []
    for i, limit in enumerate(limits):
        if limit.unit is None and not limit.odd:
            near = [x.unit for x in [*reversed(done), *limits[i + 1 :]] if x.unit]
            limit = replace(limit, unit=next(iter(near), None))
        done.append(limit)
    return done
