"""Reads a record: its statements one by one, each under its headings or its table's header."""

from collections.abc import Sequence
from dataclasses import replace

from defect_inspector.clauses.aspects import aspects_of, leads, states_rule
from defect_inspector.clauses.collected import Collected
from defect_inspector.clauses.columns import Column
from defect_inspector.clauses.context import Before, Context, Headings
from defect_inspector.clauses.contradictions import find_contradictions
from defect_inspector.clauses.corrections import Correction, find_corrections
from defect_inspector.clauses.dispositions import find_dispositions
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.layout import find_statements
from defect_inspector.clauses.marks import Mark, read_marks
from defect_inspector.clauses.model import ReadManual
from defect_inspector.clauses.numbers import Style, style_of_text
from defect_inspector.clauses.own_words import own_words
from defect_inspector.clauses.sentences import read_sentence
from defect_inspector.clauses.statements import Statement
from defect_inspector.clauses.tables import Table
from defect_inspector.clauses.vocabulary import Phrases
from secondlook import Record, amended_at, unamended

LONGEST = 1000  # characters of a sentence; longer ones are no rules
LONGEST_NUMBER = 12
UNCORRECTED = "a correction begins with `line 41:`, the number of its clause and a colon, or `new:`"
TITLE = 5  # marks of a heading whose disposition holds for all below it


def read_clauses(record: Record) -> ReadManual:
    """The clauses of a manual, and what looks like one but could not be read.

    Never raises for what a text says: a manual without rules gives an empty ReadManual.
    """
    statements = list(find_statements(unamended(record)))
    reader = _Reader(record, own_words(statements))
    for statement in statements:
        reader.take(statement)
    start = amended_at(record.text)
    if start is not None:
        for correction in find_corrections(record.text, start):
            reader.correct(correction, start)
    clauses = tuple(reader.settled())
    return ReadManual(
        clauses=clauses,
        unread=tuple(reader.unread),
        synonyms=tuple(reader.synonyms),
        contradictions=find_contradictions(clauses),
    )


class _Reader(Collected):
    def __init__(self, record: Record, own: Phrases) -> None:
        super().__init__(record, own)
        self._headings = Headings()
        self._before: Before | None = None
        self._about: tuple[str, ...] = ()
        self._table: Table | None = None

    def take(self, statement: Statement) -> None:
        """Read one statement."""
        if statement.end - statement.start > LONGEST:
            self.refuse(statement, f"a sentence longer than {LONGEST} characters is not read")
        elif statement.kind in ("heading", "lead"):
            self._heading(statement)
        elif statement.kind in ("header", "row", "flat"):
            self._row(statement)
        else:
            self._sentence(statement)

    def correct(self, correction: Correction, behind: int) -> None:
        """Read what a person wrote in the place of a rule; no heading of the manual holds for it.

        What begins from `behind` on was corrected and stays.
        """
        self._headings, self._before, self._about, self._table = Headings(), None, (), None
        statement = Statement(
            kind="sentence",
            start=correction.start,
            end=correction.end,
            text=correction.text,
            number=correction.number or self.number_at(correction),
            ends=True,
        )
        if not correction.read:
            self.refuse(statement, UNCORRECTED)
            return
        if not self.withdraw(correction, behind):
            self.refuse(statement, f"nothing was read at {correction.target} of the manual")
        if not correction.withdraws:
            self.take(statement)

    def _marks(self, statement: Statement) -> list[Mark]:
        text = fold(statement.text)
        return read_marks(text, self._style(text), self.own)

    def _style(self, text: str) -> Style:
        """How a stretch writes its numbers: as the most of them, else as the manual does."""
        return style_of_text(text) or self.style

    def _heading(self, statement: Statement) -> None:
        marks = self._marks(statement)
        if states_rule(marks, titled=statement.kind == "heading"):
            self._sentence(statement)
            return
        self._before, self._table, self.implied = None, None, set()
        context = aspects_of(marks, statement.number)
        if any(x.get("exception") for x in marks) and not context.zones:
            self.refuse(statement, "a heading with an exception cannot be read")
        if statement.kind == "lead" and leads(context, marks):
            self._headings.lead = replace(context, number=None) if context.aspects else None
        else:
            words = [x for x in marks if x.kind != "symbol"]
            wordy = len(words) > TITLE and context.disposition
            self._headings.enter(replace(context, disposition=None) if wordy else context)

    def _sentence(self, statement: Statement) -> None:
        self._table = None
        marks = self._marks(statement)
        if statement.ends and statement.text.rstrip().endswith((".", "。")):
            self._headings.end_list(disposed=bool(find_dispositions(marks)))
        if any(x.get("table") for x in marks):
            self._headings.lead = replace(aspects_of(marks, None), disposition=None)
        around = replace(self._headings.context(), before=self._before)
        around = self._goes_on(statement, around)
        around = replace(around, number=statement.number or around.number, bare=None)
        self.note_synonyms(statement, marks)
        reading = read_sentence(marks, around)
        self._before = reading.last
        self._about = next((x.terms for x in reading.drafts[-1:]), self._about)
        self.keep(statement, reading, around.number)

    def _goes_on(self, statement: Statement, around: Context) -> Context:
        """A later sentence of an item is about what the one before was about."""
        self._about = () if statement.ends else self._about
        return replace(around, carried=self._about)

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
        reading = self._table.read(statement.cells, self._style(fold(statement.text)))
        self.keep(statement, reading, _row_number(statement, self._table.columns) or around.number)

    def _loose(self, statement: Statement) -> None:
        """A row without a header, or one whose cells ran together, is read as a sentence."""
        number, text = _flat_number(statement.text)
        marks = self._marks(replace(statement, text=text.replace("|", " , ")))
        around = self._headings.context()
        reading = read_sentence(marks, replace(around, bare="limit"))
        self.keep(statement, reading, number or around.number)


def _row_number(statement: Statement, columns: Sequence[Column]) -> str | None:
    """The number in the first cell of a row, where the column holds numbers."""
    first = statement.cells[0] if statement.cells else ""
    numbered = bool(columns) and columns[0].role == "number" and any(x.isdigit() for x in first)
    return first.rstrip(".):") if numbered and len(first) <= LONGEST_NUMBER else None


def _flat_number(text: str) -> tuple[str | None, str]:
    """The number that a row without columns begins with, and what follows."""
    head, _, rest = text.strip().strip("|").strip().partition(" ")
    dotted = head.rstrip(".)").replace(".", "").isdigit() and ("." in head or ")" in head)
    return (head.rstrip(".)"), rest) if dotted and rest else (None, text)
