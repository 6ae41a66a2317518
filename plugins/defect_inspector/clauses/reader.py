"""Reads a record: its statements one by one, each under its headings or its table's header."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from defect_inspector.clauses.columns import Column
from defect_inspector.clauses.context import Before, Context, Headings
from defect_inspector.clauses.contradictions import find_contradictions
from defect_inspector.clauses.dispositions import find_dispositions, settle
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.limits import MEASURES, find_limits
from defect_inspector.clauses.marks import Mark, read_marks
from defect_inspector.clauses.model import Clause, ReadManual, Synonym, Unread
from defect_inspector.clauses.numbers import NUMBER, Style, majority
from defect_inspector.clauses.scopes import Draft, Reading
from defect_inspector.clauses.sentences import read_sentence
from defect_inspector.clauses.statements import Statement, find_statements
from defect_inspector.clauses.tables import Table
from defect_inspector.clauses.terms import find_synonyms, find_terms
from defect_inspector.clauses.zones import find_zones
from secondlook import Record

LONGEST = 1000  # characters of a sentence; longer ones are no rules
GERMAN = frozenset(
    {
        "der",
        "die",
        "das",
        "und",
        "ist",
        "sind",
        "mit",
        "nicht",
        "bis",
        "von",
        "zulässig",
        "über",
        "oder",
        "auf",
        "bei",
    }
)


def read_clauses(record: Record) -> ReadManual:
    """The clauses of a manual, and what looks like one but could not be read.

    Never raises for what a text says: a manual without rules gives an empty ReadManual.
    """
    reader = _Reader(record)
    for statement in find_statements(record):
        reader.take(statement)
    clauses = tuple(reader.clauses)
    return ReadManual(
        clauses=clauses,
        unread=tuple(reader.unread),
        synonyms=tuple(reader.synonyms),
        contradictions=find_contradictions(clauses),
    )


def style_of_record(text: str) -> Style:
    """Whether a manual writes 0.5 or 0,5: as most of its numbers, else as its language does."""
    found = majority(x[0] for x in NUMBER.finditer(text[:500_000]))
    if found is not None:
        return found
    words = [x for x in text[:50_000].lower().split() if x.isalpha()]
    german = sum(x in GERMAN for x in words)
    return Style.COMMA if german * 12 > len(words) and german else Style.POINT


class _Reader:
    def __init__(self, record: Record) -> None:
        self.record = record
        self.style = style_of_record(record.text)
        self.clauses: list[Clause] = []
        self.unread: list[Unread] = []
        self.synonyms: list[Synonym] = []
        self._headings = Headings()
        self._before: Before | None = None
        self._table: Table | None = None
        self._starts = [x.start for x in record.passages]
        self._lines = [i for i, x in enumerate(record.text) if x == "\n"]

    def take(self, statement: Statement) -> None:
        """Read one statement."""
        if statement.end - statement.start > LONGEST:
            self._refuse(statement, f"a sentence longer than {LONGEST} characters is not read")
        elif statement.kind in ("heading", "lead"):
            self._heading(statement)
        elif statement.kind in ("header", "row", "flat"):
            self._row(statement)
        else:
            self._sentence(statement)

    def _marks(self, statement: Statement) -> list[Mark]:
        text = fold(statement.text)
        own = majority(x[0] for x in NUMBER.finditer(text))
        return read_marks(text, own or self.style)

    def _heading(self, statement: Statement) -> None:
        marks = self._marks(statement)
        limited = any(x.bounds is not None for x in find_limits(marks))
        said = settle(find_dispositions(marks), marks)
        named = bool(find_terms(marks))
        if limited or (statement.kind == "heading" and said and named):
            self._sentence(statement)
            return
        context = _aspects(marks, statement.number)
        self._before, self._table = None, None
        if any(x.get("exception") for x in marks):
            self._refuse(statement, "a heading with an exception cannot be read")
        if statement.kind == "lead" and (said or statement.number is None and not context.aspects):
            self._headings.lead = replace(context, number=None) if context.aspects else None
            return
        if said and len(marks) > 5:
            context = replace(context, disposition=None)
        self._headings.enter(context)

    def _sentence(self, statement: Statement) -> None:
        self._table = None
        marks = self._marks(statement)
        lead = self._headings.lead
        whole = statement.text.rstrip().endswith((".", "。"))
        if lead and lead.disposition and whole and statement.ends and find_dispositions(marks):
            self._headings.lead = None
        around = replace(self._headings.context(), before=self._before)
        around = replace(around, number=statement.number or around.number, bare=None)
        self._note_synonyms(statement, marks)
        reading = read_sentence(marks, around)
        self._before = reading.last
        self._keep(statement, reading, around.number)

    def _row(self, statement: Statement) -> None:
        around = self._headings.context()
        if statement.kind == "header":
            self._table = Table(statement.columns, around) if statement.columns else None
            return
        if statement.columns and (self._table is None or self._table.columns != statement.columns):
            self._table = Table(statement.columns, around)
        if self._table is None or statement.kind == "flat":
            self._loose(statement)
            return
        own = majority(x[0] for x in NUMBER.finditer(fold(statement.text)))
        reading = self._table.read(statement.cells, own or self.style)
        self._keep(statement, reading, _row_number(self._table.columns, statement) or around.number)

    def _loose(self, statement: Statement) -> None:
        """A row without a header, or one whose cells ran together, is read as a sentence."""
        marks = self._marks(replace(statement, text=statement.text.replace("|", " , ")))
        number, text = _flat_number(statement.text)
        if number:
            marks = self._marks(replace(statement, text=text.replace("|", " , ")))
        around = self._headings.context()
        reading = read_sentence(marks, replace(around, bare="limit"))
        self._keep(statement, reading, number or around.number)

    def _note_synonyms(self, statement: Statement, marks: Sequence[Mark]) -> None:
        for term, others in find_synonyms(marks):
            self.synonyms.append(Synonym(term=term, others=others, **self._place(statement)))

    def _keep(self, statement: Statement, reading: Reading, number: str | None) -> None:
        place = self._place(statement)
        for draft in reading.drafts:
            self.clauses.append(_clause(draft, number, place))
        for problem in reading.problems:
            self.unread.append(Unread(reason=problem, **place))

    def _refuse(self, statement: Statement, reason: str) -> None:
        self.unread.append(Unread(reason=reason, **self._place(statement)))

    def _place(self, statement: Statement) -> dict[str, Any]:
        at = max(bisect_right(self._starts, statement.start) - 1, 0)
        passage = self.record.passages[at] if self.record.passages else None
        return {
            "quote": self.record.text[statement.start : statement.end],
            "passage": passage.ordinal if passage else 0,
            "start": statement.start,
            "end": statement.end,
            "page": passage.page if passage else None,
            "line": bisect_right(self._lines, statement.start - 1) + 1,
        }


def _clause(draft: Draft, number: str | None, place: dict[str, Any]) -> Clause:
    return Clause(
        number=number,
        terms=draft.terms,
        measure=draft.measure,
        more_than=draft.bounds.more_than,
        at_least=draft.bounds.at_least,
        less_than=draft.bounds.less_than,
        at_most=draft.bounds.at_most,
        unit=draft.unit,
        per=draft.per,
        zone=draft.zone,
        severity=draft.severity,
        disposition=draft.disposition,
        **place,
    )


def _aspects(marks: Sequence[Mark], number: str | None) -> Context:
    """What a heading or lead-in says for all below it."""
    terms = find_terms(marks)
    said = settle(find_dispositions(marks), marks)
    measure = next((x.get("measure") for x in marks if x.get("measure") in MEASURES), None)
    return Context(
        number=number,
        terms=tuple(word for at, word, _ in terms if marks[at].get("term") != "generic"),
        round=any(x[2] for x in terms),
        measure=measure if measure not in ("other", "count", "area") else None,
        zones=tuple(name for _, names in find_zones(marks) for name in names),
        severity=next((x.get("severity") for x in marks if x.get("severity")), None),
        disposition=said.code if said else None,
    )


def _row_number(columns: Sequence[Column], statement: Statement) -> str | None:
    first = statement.cells[0] if statement.cells else ""
    numbered = bool(columns) and columns[0].role == "number" and any(x.isdigit() for x in first)
    return first.rstrip(".):") if numbered and len(first) <= 12 else None


def _flat_number(text: str) -> tuple[str | None, str]:
    head, _, rest = text.strip().strip("|").strip().partition(" ")
    dotted = head.rstrip(".)").replace(".", "").isdigit() and ("." in head or ")" in head)
    return (head.rstrip(".)"), rest) if dotted and rest else (None, text)
