"""Rows of tables as drafts of clauses, under what the header says."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from defect_inspector.clauses import cells as said
from defect_inspector.clauses.alignment import align
from defect_inspector.clauses.columns import LIMITS, Column
from defect_inspector.clauses.context import Context
from defect_inspector.clauses.drafts import Draft, Reading, stepped
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.marks import read_marks
from defect_inspector.clauses.numbers import Style
from defect_inspector.clauses.rows import limits_of
from defect_inspector.clauses.sentences import read_sentence

BRIEF = 3  # words of a cell that is a disposition


@dataclass
class Table:
    """A header and what the rows so far leave to the next: the defect of a merged cell."""

    columns: Sequence[Column]
    around: Context
    term: str = ""
    _parts: dict[str, "Table"] = field(default_factory=dict)

    @property
    def foreign(self) -> bool:
        """Whether it is about something else: a history of changes, a sampling plan."""
        return any(x.role == "foreign" for x in self.columns)

    def read(self, cells: Sequence[str], style: Style) -> Reading:
        """The clauses of one row."""
        if self.foreign:
            return Reading()
        if len(cells) == len(self.columns) + 1 and not any(x.role == "term" for x in self.columns):
            self.columns = [Column(role="term"), *self.columns]  # its header was left empty
        texts = align([x.strip() for x in cells], self.columns)
        if texts is None:
            return Reading(problems=["a cell of the row is empty, and which one cannot be told"])
        groups = list(dict.fromkeys(x.group for x in self.columns if x.group))
        if len(groups) < 2:
            return self._row(texts, style)
        return self._grouped(groups, texts, style)

    def _grouped(self, groups: Sequence[str], texts: Sequence[str], style: Style) -> Reading:
        """Under a header of two rows each upper cell has a row of its own."""
        whole = Reading()
        for group in groups:
            keep = [i for i, x in enumerate(self.columns) if x.group in ("", group)]
            columns = [self.columns[i] for i in keep]
            part = self._parts.setdefault(group, Table(columns, self.around))
            if all(texts[i].lower() in said.NOTHING for i in keep if self.columns[i].group):
                continue
            reading = part._row([texts[i] for i in keep], style)
            whole.drafts += reading.drafts
            whole.problems += reading.problems
        return whole

    def _row(self, texts: Sequence[str], style: Style) -> Reading:
        cell = self._cells(texts)
        unit, no_unit = self._unit(cell, style)
        code, no_code = said.disposition_of(cell.get("disposition", ""), style)
        problem = no_unit or no_code
        if problem:
            return Reading(problems=[problem])
        context = self._context(cell, style, unit, code)
        if code and context.severity and not context.terms:
            return Reading(severities={context.severity: code})
        return self._read(texts, context, style)

    def _cells(self, texts: Sequence[str]) -> dict[str, str]:
        """The first cell of each role; a defect stands for the rows below it too."""
        cell: dict[str, str] = {}
        for column, text in zip(self.columns, texts, strict=True):
            cell.setdefault(column.role, text)
        if "disposition" not in cell:
            cell |= self._guessed(texts, "disposition")
        if "term" in cell:
            self.term = cell["term"] = cell["term"] or self.term
        return cell

    def _beyond(self, texts: Sequence[str], drafts: Sequence[Draft], style: Style) -> list[Draft]:
        """The column for what exceeds all limits of the row."""
        told = zip(self.columns, texts, strict=True)
        text = next((text for x, text in told if x.role == "beyond"), "")
        code, _ = said.disposition_of(text, style)
        ends = [x.bounds.upper[0] for x in drafts if x.bounds.upper and x.measure != "any"]
        last = [x for x in drafts if x.bounds.upper and x.bounds.upper[0] == max(ends, default=0)]
        past = [(x, x.bounds.beyond()) for x in last]
        return [replace(x, bounds=b, disposition=code) for x, b in past if code and b]

    def _guessed(self, texts: Sequence[str], role: str) -> dict[str, str]:
        """The cell of a column with an unknown header that holds nothing but a disposition."""
        for column, text in zip(self.columns, texts, strict=True):
            code, _ = said.disposition_of(text, Style.POINT)
            if column.role == "remark" and code and len(text.split()) <= BRIEF:
                return {role: text}
        return {}

    def _unit(self, cell: dict[str, str], style: Style) -> tuple[str | None, str | None]:
        """The unit of a row's own cell, or why it has none."""
        text = cell.get("unit", "")
        unit = "count" if said.over_of(text, style) else said.unit_of(text, style)
        unknown = text.lower() not in said.NOTHING and unit is None
        return unit, f"the unit {text} is not known" if unknown else None

    def _context(
        self, cell: dict[str, str], style: Style, unit: str | None, code: str | None
    ) -> Context:
        """What the row says for all its limits."""
        named = said.named(cell.get("term", ""), style)
        measure = said.measure_of(cell.get("measure", ""), style) or named.measure
        header = next((x.unit for x in self.columns if x.unit and x.role in LIMITS), None)
        header = said.unit_in(cell.get("measure", ""), style) or header
        counted = "count" if measure == "count" and not cell.get("unit") else None
        over = said.over_of(
            f"{cell.get('term', '')} | {cell.get('measure', '')} | {cell.get('unit', '')}", style
        )
        grouped = next((x.severity for x in self.columns if x.group and x.severity), None)
        own = replace(
            named, number=cell.get("number") or None, measure=measure, disposition=code,
            unit=counted or unit or named.unit or header,
            severity=said.severity_of(cell.get("severity", ""), style) or grouped or named.severity,
            zones=said.zones_of(cell.get("zone"), style) or named.zones,
        )  # fmt: skip
        per = said.per_of(cell.get("per", ""), style) or over or self.around.per
        return replace(own.under(self.around), row=True, per=per)

    def _read(self, texts: Sequence[str], context: Context, style: Style) -> Reading:
        reading = Reading()
        for text, around in limits_of(self.columns, texts, context, style):
            if around is None:
                reading.problems.append(f"a condition ({text}) that is no measured limit")
                continue
            part = read_sentence(read_marks(fold(text), style), around)
            reading.drafts += [x for x in part.drafts if x not in reading.drafts]
            reading.problems += part.problems
        reading.drafts = stepped(reading.drafts)
        reading.drafts += self._beyond(texts, reading.drafts, style)
        if not reading.drafts and not reading.problems:
            reading.problems.append("no limit or disposition could be read from the row")
        return reading
