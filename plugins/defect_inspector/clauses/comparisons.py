"""Comparisons before and behind a number: `not longer than 5 mm`, `5 mm or more`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from defect_inspector.clauses.marks import Mark

BACK = 9  # marks between a comparison and its number, at most
AHEAD = 4
MUST = frozenset({"must", "shall", "muss", "müssen", "应", "必须", "须"})
BEYOND = {"up": "gt", "down": "lt"}
"""`anything above 8 mm`: what lies beyond, with its number."""
NEGATED = {"gt": "le", "ge": "lt"}


@dataclass(frozen=True)
class Compared:
    """What the words around a number compare it by, from mark `first` to mark `last`."""

    first: int
    last: int
    op: str | None = None
    """gt, ge, lt or le; None for a bare number."""
    hint: str | None = None
    """The measure that the comparison names: `longer than`."""
    forbidden: bool = False
    """`must not exceed`: what lies in the range is not permitted."""
    low: bool = False
    """`between`, `from`: a range begins."""


def before(marks: Sequence[Mark], i: int) -> Compared:
    """The comparison before the number at mark i."""
    low: int | None = None
    for j in range(i - 1, max(-1, i - 1 - BACK), -1):
        if marks[j].get("compare") or marks[j].get("forbidden"):
            return _compared(marks, j, i)
        if marks[j].get("beyond") in BEYOND and j == i - 1:
            return Compared(j, i, BEYOND[marks[j].senses["beyond"]])
        if marks[j].get("between") and low is None:
            low = j  # `from 2 mm`, but also `ab einer Tiefe von 2 mm`
        elif not (_skipped(marks[j]) or _owned(marks, j, i)):
            break
    return Compared(i if low is None else low, i, low=low is not None)


def _negation(marks: Sequence[Mark], j: int) -> str | None:
    """`not` or `none` right before, or with a verb between: `do not extend more than`."""
    for k in range(j - 1, max(-1, j - 4), -1):
        if marks[k].get("negation"):
            return marks[k].get("negation") if k == j - 1 else _near(marks[k])
        if marks[k].senses and not set(marks[k].senses) <= {"plain", "function", "existence"}:
            break
        if marks[k].kind != "word":
            break
    return None


def _near(mark: Mark) -> str | None:
    return "near" if mark.get("negation") == "near" else None


def _must(marks: Sequence[Mark], j: int) -> bool:
    """`must be at least 15 mm`: less is not permitted."""
    for k in range(j - 1, max(-1, j - 4), -1):
        if marks[k].text.lower() in MUST:
            return True
        if not (marks[k].get("plain") or marks[k].get("modal")):
            break
    return False


def _owned(marks: Sequence[Mark], j: int, i: int) -> bool:
    """`超过电池片面积的 10%`: what a share is of stands between."""
    return marks[i - 1].text == "的" and marks[j].kind == "ideograph"


def _compared(marks: Sequence[Mark], j: int, i: int) -> Compared:
    """The comparison at mark j; `not` right before it turns it around."""
    forbidden = marks[j].get("forbidden")
    op, _, hint = (forbidden or marks[j].get("compare") or "").partition(" ")
    negation = _negation(marks, j)
    if op == "ge" and forbidden is None and _must(marks, j):
        return Compared(j, i, "lt", hint or None, forbidden=True)
    if j > 0 and marks[j - 1].text.lower() in ("weder", "neither"):
        return Compared(j, i, op, hint or None, forbidden=True)
    if negation == "near":
        op = NEGATED.get(op, op)
    none = negation == "any"  # `and none above 0.5 mm`
    return Compared(j, i, op, hint or None, none or forbidden is not None)


def _skipped(mark: Mark) -> bool:
    """Whether a mark may stand between a comparison and its number."""
    if mark.text in "(:=.~≈[" or mark.get("article") or mark.text.lower() in ("of", "als", "von"):
        return True
    if mark.get("joiner") or mark.get("negation") or mark.get("disposition") or mark.get("per"):
        return False
    named = mark.get("measure") or mark.get("term") or mark.get("plain") or mark.get("modal")
    return named is not None


def after(marks: Sequence[Mark], last: int, bare: Compared) -> Compared:
    """`5 mm or more`, `5 mm nicht überschreiten`, `5毫米以上`: else the bare number."""
    for j in range(last + 1, min(len(marks), last + 1 + AHEAD)):
        op = marks[j].get("after")
        if op:
            next_one = any(x.value is not None for x in marks[j + 1 : j + 4])
            of_next = marks[j].get("compare") and next_one
            return bare if of_next else _behind(marks, j, op, bare)
        named = marks[j].get("measure") or marks[j].get("term") or marks[j].get("article")
        if not (named or marks[j].text in "()" or marks[j].kind == "word" and j == last + 1):
            break
    return bare


def _behind(marks: Sequence[Mark], j: int, op: str, bare: Compared) -> Compared:
    """The comparison at mark j behind a number; `darf … nicht überschreiten` forbids."""
    ordered = any(x.text.lower() in ("darf", "dürfen", "must", "shall") for x in marks[:j])
    forbidden = ordered and "nicht" in marks[j].text.lower()
    return replace(bare, last=j, op="gt" if forbidden else op, forbidden=forbidden)
