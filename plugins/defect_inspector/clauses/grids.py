"""Tables out of PDF whose cells stand below each other, one a line, empty ones left out."""

import re
from collections.abc import Sequence
from itertools import pairwise

from defect_inspector.clauses.alignment import fit
from defect_inspector.clauses.columns import Column, read_column
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.headers import read_header
from defect_inspector.clauses.limits import find_limits
from defect_inspector.clauses.marks import read_marks
from defect_inspector.clauses.numbers import Style

FIRST = frozenset({"number", "term", "zone", "severity"})  # a column before it is a heading
LINES = 2000  # of one table
CELL = 70  # longer lines are sentences
ROW_NUMBER = re.compile(r"[A-Z]{0,4}-?\d{1,4}(?:\.\d{1,3}){0,5}[.)]?")
HEADING = re.compile(r"\d{1,3}(?:\.\d{1,3}){0,5}\.?\s+[^\W\d_]{2}")
Row = tuple[int, int, tuple[str, ...]]
"""First and last line, and the cells."""


def rows_of(lines: Sequence[str], at: int) -> tuple[list[Column], list[Row], int] | None:
    """The columns, the rows, and how many lines they take; None where no such table begins."""
    if not read_column(lines[at]) or _header(lines[at : at + 17]) is None:
        return None
    return _rows(lines[at : at + LINES])


def _rows(lines: Sequence[str]) -> tuple[list[Column], list[Row], int] | None:
    header = _header(lines[:17])
    if header is None:
        return None
    columns, at = header
    end = at
    starts: list[int] = []
    while end < len(lines) and _cell(lines[end]):
        if starts and read_column(lines[end]) and _header(lines[end : end + 17]):
            break
        if _begins(lines, end, columns, starts[-1] if starts else None):
            starts.append(end)
        elif not starts:
            return None
        end += 1
    end = _without_tail(lines, columns, starts, end)
    if not starts or all(b - a < 2 for a, b in zip(starts, [*starts[1:], end], strict=True)):
        return None
    edges = [*starts, end]
    rows = [
        (first, last - 1, tuple(_joined(lines[first:last], columns)))
        for first, last in pairwise(edges)
    ]
    return columns, rows, end


def _header(lines: Sequence[str]) -> tuple[list[Column], int] | None:
    """Header cells one a line, at the start of the lines."""
    count = 0
    while count < len(lines) and count < 16 and _cell(lines[count]) and read_column(lines[count]):
        count += 1
    for size in range(count, 2, -1):
        columns = read_header([fold(x) for x in lines[:size]])
        if (
            columns
            and columns[0].role in FIRST
            and size < len(lines)
            and _begins(lines, size, columns, None)
        ):
            return columns, size
    return None


def _cell(line: str) -> bool:
    text = line.strip()
    ended = text.endswith((".", "。")) and len(text) > 25
    return 0 < len(text) <= CELL and not ended and not HEADING.match(text) and "|" not in text


def _begins(lines: Sequence[str], i: int, columns: Sequence[Column], last: int | None) -> bool:
    """Whether a row begins here: its line fits the first column, and the row before has enough."""
    if last is not None and i - last < 2:
        return False
    text = fold(lines[i])
    if columns[0].role == "number":
        return ROW_NUMBER.fullmatch(text) is not None and not _bare(lines, i, columns, last)
    if columns[0].role == "term" and fit(text, columns[0]) > 0:
        return True
    full = last is not None and i - last >= len(columns)
    worded = columns[0].role == "term" and not _limited(text)
    return (last is None or full) and (worded or fit(text, columns[0]) > 0)


def _bare(lines: Sequence[str], i: int, columns: Sequence[Column], last: int | None) -> bool:
    """Whether the number is a limit: the row has cells to come and its last were no disposition."""
    if last is None or any(x in lines[i] for x in ("-",)):
        return False
    style = ROW_NUMBER.fullmatch(fold(lines[last]))
    depth = lines[i].count("."), lines[last].count(".")
    return style is not None and depth[0] != depth[1] or i - last < (len(columns) + 1) // 2


def _limited(text: str) -> bool:
    marks = read_marks(text, Style.POINT)
    return bool(find_limits(marks)) or any(x.get("disposition") for x in marks)


def _without_tail(
    lines: Sequence[str], columns: Sequence[Column], starts: Sequence[int], end: int
) -> int:
    """Lines behind a full last row are text below the table, unless they go on with its cell."""
    if not starts:
        return end
    full = starts[-1] + len(columns)
    while end > full and lines[end - 1].strip()[:1].isupper():
        end -= 1
    return end


def _joined(lines: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """Cells that were wrapped onto several lines as one, as far as there are too many."""
    cells = [" ".join(x.split()) for x in lines]
    while len(cells) > 1 and (len(cells) > len(columns) or _wrapped(cells, columns)):
        at = next(
            (i for i in range(1, len(cells)) if _continues(cells[i - 1], cells[i], columns)), None
        )
        if at is None:
            if len(cells) <= len(columns):
                break
            at = len(cells) - 1
        cells[at - 1 : at + 1] = [f"{cells[at - 1]} {cells[at]}"]
    return cells


def _wrapped(cells: Sequence[str], columns: Sequence[Column]) -> bool:
    return any(_continues(a, b, columns) for a, b in pairwise(cells))


def _continues(before: str, cell: str, columns: Sequence[Column]) -> bool:
    """Whether a line can only be the rest of the cell before: `rework by`, `polishing`."""
    if cell[:1].islower() and max(fit(cell, x) for x in columns) <= 0:
        return True
    small = before.split()[-1].lower() if before.split() else ""
    return small in {"by", "of", "the", "and", "or", "und", "oder", "der", "in", "von", "bis", "to", "mit", "than", "als", "per", "je", "over", "über"} or before.endswith((",", "-", "–", "(", "≤", "≥", "<", ">"))  # fmt: skip
