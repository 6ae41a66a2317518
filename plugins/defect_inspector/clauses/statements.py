"""Stretches of a record: headings, sentences and table rows, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from defect_inspector.clauses.columns import Column


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A stretch of the record's text: `text[start:end]`."""

    kind: str
    """`heading`, `lead`, `sentence`, `header`, `row` or `flat` (a row whose cells ran together)."""
    start: int
    end: int
    text: str = ""
    """What is to be read: the stretch without its bullet and number."""
    number: str | None = None
    cells: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    ends: bool = False
    """Whether this begins a block, so that what a list was led in by may be over."""


def stretch(source: str, statement: Statement) -> Statement:
    """The statement without white space around it; its text is the source's where it has none."""
    start, end = next(
        trim(source, statement.start, statement.end), (statement.start, statement.end)
    )
    return replace(statement, start=start, end=end, text=statement.text or source[start:end])


def trim(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span without white space around it; none where nothing is left."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if start < end:
        yield start, end
