"""Rows of tables as drafts of clauses, under what the header says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from defect_inspector.clauses.columns import LIMITS, OPS, Column, align
from defect_inspector.clauses.context import Context
from defect_inspector.clauses.dispositions import find_dispositions, settle
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.limits import MEASURES, per_at
from defect_inspector.clauses.marks import read_marks
from defect_inspector.clauses.numbers import Style
from defect_inspector.clauses.scopes import Reading
from defect_inspector.clauses.sentences import read_sentence
from defect_inspector.clauses.terms import find_terms, leading
from defect_inspector.clauses.zones import EVERYWHERE, find_zones

NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "./.", "/", "entfällt", "无"})
WHOLE = frozenset(
    {"all", "any", "alle", "everywhere", "überall", "全部", "所有", "各区", "*", *NOTHING}
)


@dataclass
class Table:
    """A header and what the rows so far leave to the next: the defect of a merged cell."""

    columns: Sequence[Column]
    around: Context
    term: str = ""

    def read(self, cells: Sequence[str], style: Style) -> Reading:
        """The clauses of one row."""
        reading = Reading()
        if len(cells) == len(self.columns) + 1 and not any(x.role == "term" for x in self.columns):
            self.columns = [Column(role="term"), *self.columns]  # its header was left empty
        texts = align([x.strip() for x in cells], self.columns)
        if texts is None:
            reading.problems.append("a cell of the row is empty, and which one cannot be told")
            return reading
        named = {x.role: i for i, x in reversed(list(enumerate(self.columns)))}
        cell = {role: texts[i] for role, i in named.items()}
        if "term" in cell:
            self.term = cell["term"] or self.term
            cell["term"] = self.term
        context, problem = self._context(cell, style)
        if problem:
            reading.problems.append(problem)
            return reading
        for text, around in self._limits(texts, context):
            part = read_sentence(read_marks(fold(text), style), around)
            reading.drafts += part.drafts
            reading.problems += part.problems
        if not reading.drafts and not reading.problems:
            reading.problems.append("no limit or disposition could be read from the row")
        return reading

    def _context(self, cell: dict[str, str], style: Style) -> tuple[Context, str | None]:
        unit_at = next((x.unit for x in self.columns if x.unit and x.role in LIMITS), None)
        units = [x.get("unit") for x in read_marks(fold(cell.get("unit", "")), style)]
        unit = next((x for x in units if x), None)
        counted = any(x and x == "count" for x in units) or _counter(cell.get("unit", ""), style)
        if cell.get("unit") and unit is None and not counted:
            return Context(), f"the unit {cell['unit']} is not known"
        named = _named(cell.get("term", ""), style)
        own = replace(
            named,
            number=cell.get("number") or None,
            unit=unit or ("count" if counted else named.unit or unit_at),
            severity=_sense(cell.get("severity", ""), "severity", style),
            zones=_zones(cell.get("zone"), style),
            per=_per(cell.get("per", ""), style) or _over(cell, style),
            row=True,
        )
        measure = _measure(cell.get("measure", ""), style) or own.measure
        code, problem = _disposition(cell.get("disposition", ""), style)
        own = replace(own, measure=measure, disposition=code)
        if measure == "count" and not units:
            own = replace(own, unit="count")
        return replace(own.under(self.around), row=True, per=own.per or self.around.per), problem

    def _limits(self, texts: Sequence[str], context: Context) -> list[tuple[str, Context]]:
        """The text to read for each limit of the row, with its context."""
        found: list[tuple[str, Context]] = []
        ends = [
            f"{OPS[x.role]} {_bare(text)}"
            for x, text in zip(self.columns, texts, strict=True)
            if x.role in OPS and text.lower() not in NOTHING
        ]
        if ends:
            found.append((" ".join(ends), context))
        for column, text in zip(self.columns, texts, strict=True):
            if column.role == "limit" and text.lower() not in NOTHING:
                found.append((text, _under(column, context)))
        if found:
            return found
        said = next(
            (t for x, t in zip(self.columns, texts, strict=True) if x.role == "disposition"), ""
        )
        return [(said, context)]


def _bare(text: str) -> str:
    return text.lstrip("<>≤≥= ")


def _under(column: Column, context: Context) -> Context:
    measure = column.measure if column.measure in MEASURES else None
    code = column.disposition or context.disposition
    return replace(
        context,
        zones=column.zones or context.zones,
        measure=measure or context.measure,
        unit=column.unit or context.unit,
        disposition=code,
        per=column.per or context.per,
        bare=column.op or "limit",
    )


def _named(text: str, style: Style) -> Context:
    """The defects of a cell: the known terms, else the cell itself."""
    marks = read_marks(fold(text), style)
    terms = find_terms(marks)
    unit = next((x.get("unit") for x in marks if x.get("unit") and x.text.lower() != "in"), None)
    measure = next((x.get("measure") for x in marks if x.get("measure") in MEASURES), None)
    zones = tuple(x for _, names in find_zones(marks) for x in names if x != EVERYWHERE)
    severity = next((x.get("severity") for x in marks if x.get("severity")), None)
    names = tuple(x[1] for x in terms)
    if not names and text:
        whole = fold(text).lower()
        names = (leading(marks) or whole,) if len(whole) <= 60 else ()
    return Context(
        terms=names, round=any(x[2] for x in terms), measure=measure, unit=unit, zones=zones, severity=severity
    )  # fmt: skip


def _sense(text: str, sense: str, style: Style) -> str | None:
    found = (x.get(sense) for x in read_marks(fold(text), style))
    return next((x for x in found if x), None)


def _measure(text: str, style: Style) -> str | None:
    found = (x.get("measure") for x in read_marks(fold(text), style))
    return next((x for x in found if x in MEASURES), None)


def _counter(text: str, style: Style) -> bool:
    marks = read_marks(fold(text), style)
    return any(x.get("counter") or x.get("measure") == "count" or x.get("term") for x in marks)


def _zones(text: str | None, style: Style) -> tuple[str, ...]:
    if text is None or fold(text).lower() in WHOLE:
        return ()
    marks = read_marks(fold(text), style)
    found = [x for _, names in find_zones(marks) for x in names]
    if found:
        return tuple(x for x in found if x != EVERYWHERE)
    parts = [
        x
        for x in fold(text)
        .replace(" and ", ",")
        .replace(" und ", ",")
        .replace("、", ",")
        .replace("/", ",")
        .replace("，", ",")
        .split(",")
    ]
    letters = [x.strip() for x in parts]
    return tuple(letters) if all(0 < len(x) <= 3 for x in letters) else (fold(text),)


def _over(cell: dict[str, str], style: Style) -> str | None:
    """What is counted over, said in the cell of the defect or the measure: `Anzahl je Teil`."""
    marks = read_marks(fold(f"{cell.get('term', '')} | {cell.get('measure', '')}"), style)
    found = (per_at(marks, i + 1) for i, x in enumerate(marks) if x.get("per") or x.text == "/")
    return next((x for x in found if x), None)


def _per(text: str, style: Style) -> str | None:
    if fold(text).lower() in NOTHING:
        return None
    marks = read_marks(f"per {fold(text)}", style)
    skip = 2 if len(marks) > 1 and marks[1].get("per") else 1
    return per_at(marks, skip) or fold(text)


def _disposition(text: str, style: Style) -> tuple[str | None, str | None]:
    """The disposition of a cell, or why it has none."""
    if text.lower() in NOTHING:
        return None, None
    marks = read_marks(fold(text), style)
    said = settle(find_dispositions(marks), marks)
    if said is None or said.code is None:
        return None, f"the disposition “{fold(text)[:60]}” is not known"
    return said.code, None
