"""Cuts the text of a record into headings, sentences and table rows, each with its place.

Word and HTML give one line a block; PDF, Markdown and text wrap their lines. Rows come as cells
between bars or wide gaps, and out of PDF as one cell a line.
"""

import re
from collections.abc import Iterator, Sequence

from defect_inspector.clauses.columns import Column, read_column
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.grids import rows_of
from defect_inspector.clauses.headers import is_repeated, read_header, under
from defect_inspector.clauses.numbering import is_short, numbered
from defect_inspector.clauses.paragraphs import Paragraphs
from defect_inspector.clauses.statements import Statement, stretch
from secondlook import Record, cells_of, ends_sentence, lines_of

DRAWN = ("text/plain",)
"""Formats in which bars are drawn in the text, also as a frame around a row."""
GAPPED = ("text/plain", "application/pdf")
"""Formats in which cells may be parted by gaps alone."""
GAPS = re.compile(r"\t+| {2,}")
FLAT = 200  # characters of a header whose cells ran together


def find_statements(record: Record) -> Iterator[Statement]:
    """The statements of a record, in order."""
    layout = _Layout(record)
    i = 0
    while i < len(layout.lines):
        i, found = layout.take(i)
        for statement in found:
            yield stretch(record.text, statement)


Taken = tuple[int, Sequence[Statement]]
"""The line behind what was taken, and what it said."""


class _Layout:
    """Takes a stretch of lines after the other, as the first reader that knows what it is."""

    def __init__(self, record: Record) -> None:
        self.lines = list(lines_of(record.text))
        self.paragraphs = Paragraphs(record, self.lines)
        self.drawn = record.media_type in DRAWN
        self.gapped = record.media_type in GAPPED
        self.in_table = self.flat = False
        self.above: tuple[str, ...] = ()

    def take(self, i: int) -> Taken:
        """The statements that begin with line i."""
        if self.lines[i].blank:
            self.flat = self.flat and bool(self.lines[i].text.strip())
            return i + 1, ()
        return self._grid(i) or self._row(i) or self._run_together(i) or self._paragraph(i)

    def _grid(self, i: int) -> Taken | None:
        """A table with one cell a line."""
        grid = rows_of(self.paragraphs.texts, i)
        if grid is None:
            return None
        columns, rows, taken = grid
        return i + taken, [
            Statement(
                kind="row", start=self.lines[i + first].start, end=self.lines[i + last].end,
                cells=cells, columns=tuple(columns),
            )
            for first, last, cells in rows
        ]  # fmt: skip

    def _row(self, i: int) -> Taken | None:
        """A header or row with its cells in one line."""
        line = self.lines[i]
        cells = self._cells(line.text)
        if not cells:
            self.in_table, self.above = False, ()
            return None
        columns = self._header(cells)
        self.in_table, self.above = True, cells
        return i + 1, [
            Statement(
                kind="header" if columns else "row", start=line.start, end=line.end,
                cells=cells, columns=tuple(columns or ()),
            )
        ]  # fmt: skip

    def _header(self, cells: tuple[str, ...]) -> Sequence[Column] | None:
        """The columns of a row that is a header; within a table it must look like one."""
        numbers = any(x.isdigit() for cell in cells for x in cell)
        if self.in_table and numbers:
            return None
        below = under(self.above, cells)
        if below or not self.in_table or is_repeated(cells):
            return below or read_header(cells)
        return None

    def _cells(self, line: str) -> tuple[str, ...]:
        """The cells of a row, between bars or, where they are drawn, wide gaps."""
        cells = cells_of(line, drawn=self.drawn)
        if cells or not self.gapped:
            return cells
        apart = tuple(x.strip() for x in GAPS.split(line.strip()))
        return apart if len(apart) > 2 or "\t" in line.strip() else ()

    def _run_together(self, i: int) -> Taken | None:
        """A header or row whose cells ran together into one line of words."""
        line = self.lines[i]
        header = _flat_header(line.text)
        title = numbered(line.text) and is_short(line.text)
        self.flat = header or (self.flat and not title and not ends_sentence(line.text))
        if not self.flat:
            return None
        kind = "header" if header else "flat"
        return i + 1, [Statement(kind=kind, start=line.start, end=line.end)]

    def _paragraph(self, i: int) -> Taken:
        end = self.paragraphs.end(i)
        return end, list(self.paragraphs.statements(i, end))


def _flat_header(text: str) -> bool:
    """`Defect Measure Limit Disposition`: names of columns and nothing else."""
    words = fold(text[:FLAT]).split()
    worded = len(text) <= FLAT and not any(x.isdigit() for x in text)
    if not worded or not 3 <= len(words) <= 14 or ends_sentence(text):
        return False
    told = [read_column(x) for x in words if x[0] not in "(["]
    roles = {x.role for x in told if x is not None}
    return None not in told and len(roles) >= 3 and bool(roles & {"term", "disposition"})
