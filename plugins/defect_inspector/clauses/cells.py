"""What the cells of a row say: its defect, unit, place, severity and disposition."""

import re
from collections.abc import Sequence

from defect_inspector.clauses.context import Context
from defect_inspector.clauses.counted import per_at
from defect_inspector.clauses.dispositions import find_dispositions, settle
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.marks import Mark, read_marks
from defect_inspector.clauses.measures import MEASURES
from defect_inspector.clauses.numbers import Style
from defect_inspector.clauses.phrases import phrase, runs
from defect_inspector.clauses.terms import find_terms
from defect_inspector.clauses.zones import EVERYWHERE, find_zones

NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "./.", "/", "entfällt", "无"})
WHOLE = frozenset(
    {"all", "any", "alle", "everywhere", "überall", "全部", "所有", "各区", "*", *NOTHING}
)
AND = re.compile(r" and | und |[、/，,]")
TERM = 60  # characters; a longer cell is no name of a defect


def named(text: str, style: Style) -> Context:
    """The defects of a cell: the known terms, else the cell itself."""
    marks = read_marks(fold(text), style)
    terms = find_terms(marks)
    names = tuple(x[1] for x in terms)
    whole = fold(text).lower()
    if not names and 0 < len(whole) <= TERM:
        names = (next((phrase(marks, x) for x in runs(marks)), whole),)
    return Context(
        terms=names,
        round=any(x[2] for x in terms),
        measure=_measured(marks),
        unit=_unit(marks),
        zones=tuple(x for _, places in find_zones(marks) for x in places if x != EVERYWHERE),
        severity=_first(marks, "severity"),
    )


def unit_of(text: str, style: Style) -> str | None:
    """The unit of a unit cell; `count` for pieces, parts or a defect. None where it is unknown."""
    marks = read_marks(fold(text), style)
    known = _first(marks, "unit")
    counted = any(x.get("counter") or x.get("measure") == "count" or x.get("term") for x in marks)
    return known or ("count" if counted else None)


def unit_in(text: str, style: Style) -> str | None:
    """The unit that stands beside a measure: `diameter, mm`."""
    return _unit(read_marks(fold(text), style))


def severity_of(text: str, style: Style) -> str | None:
    """The severity of a cell."""
    return _first(read_marks(fold(text), style), "severity")


def measure_of(text: str, style: Style) -> str | None:
    """The measure of a cell."""
    return _measured(read_marks(fold(text), style))


def zones_of(text: str | None, style: Style) -> tuple[str, ...]:
    """The places of a cell; none where it says everywhere, or nothing."""
    if text is None or fold(text).lower() in WHOLE:
        return ()
    found = [x for _, names in find_zones(read_marks(fold(text), style)) for x in names]
    if found:
        return tuple(x for x in found if x != EVERYWHERE)
    letters = [x.strip() for x in AND.split(fold(text))]
    return tuple(letters) if all(0 < len(x) <= 3 for x in letters) else (fold(text),)


def over_of(text: str, style: Style) -> str | None:
    """What is counted over, said in the cell of the defect or the measure: `Anzahl je Teil`."""
    marks = read_marks(fold(text), style)
    found = (per_at(marks, i + 1) for i, x in enumerate(marks) if x.get("per") or x.text == "/")
    return next((x for x in found if x), None)


def per_of(text: str, style: Style) -> str | None:
    """What is counted over, in a cell of its own: `part`, `per 100 cm²`."""
    if fold(text).lower() in NOTHING:
        return None
    marks = read_marks(f"per {fold(text)}", style)
    skip = 2 if len(marks) > 1 and marks[1].get("per") else 1
    return per_at(marks, skip) or fold(text)


def disposition_of(text: str, style: Style) -> tuple[str | None, str | None]:
    """The disposition of a cell, or why it has none."""
    if text.lower() in NOTHING:
        return None, None
    marks = read_marks(fold(text), style)
    said = settle(find_dispositions(marks), marks)
    if said is None or said.code is None:
        return None, f"the disposition “{fold(text)[:60]}” is not known"
    return said.code, None


def _first(marks: Sequence[Mark], sense: str) -> str | None:
    return next((value for x in marks if (value := x.get(sense))), None)


def _measured(marks: Sequence[Mark]) -> str | None:
    return next((value for x in marks if (value := x.get("measure")) in MEASURES), None)


def _unit(marks: Sequence[Mark]) -> str | None:
    """The first unit; the word `in` is none."""
    return _first([x for x in marks if x.text.lower() != "in"], "unit")
