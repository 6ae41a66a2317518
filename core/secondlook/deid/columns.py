"""Columns of a table in text (CSV) whose heading says that they name somebody."""

import re
from collections.abc import Iterator

Span = tuple[int, int]
NAMES = re.compile(
    r"(?:(?:patient|pt|first|last|middle|given|family|sur|full|physician|doctor|referr\w+"
    r"|operator|reader|author)?[ _-]*name[ _-]*(?:first|last)?|patient|surname|forename|mrn|ssn"
    r"|nhs|(?:patient|study|case|person|subject|medical|record|accession|account|insurance)"
    r"[ _-]*(?:id|number|no|nr|key)?|(?:date[ _-]*of[ _-]*)?birth[ _-]*(?:date|day)?|dob|phone\w*"
    r"|tel\w*|mobile|fax|e?-?mail|address|street|city|zip\w*|post\w*code|physician|doctor"
    r"|radiologist|operator|birthdate|date|time|\w+[ _-]*date)",
    re.IGNORECASE,
)
CELL = r'"(?:[^"]|"")*+"|[^{0}\n"]*+'


def column_spans(text: str) -> Iterator[Span]:
    """The cells below such headings; none where the first line is no heading of a table."""
    end = text.find("\n")
    first = text[:end] if end >= 0 else ""
    mark = max(",;\t", key=first.count)
    if not first.count(mark) or len(first) > 2000:
        return
    cell = re.compile(CELL.format(re.escape(mark)))
    headings = [text[a:b].strip(' "\ufeff') for a, b in _cells(text, 0, cell, mark)[0]]
    wanted = {i for i, x in enumerate(headings) if NAMES.fullmatch(x)}
    at = end + 1
    while wanted and at < len(text):
        cells, at = _cells(text, at, cell, mark)
        if len(cells) == len(headings):
            yield from (x for i, x in enumerate(cells) if i in wanted)


def _cells(text: str, at: int, cell: "re.Pattern[str]", mark: str) -> tuple[list[Span], int]:
    """The cells of one row, and where the next one begins."""
    cells: list[Span] = []
    while found := cell.match(text, at):
        cells.append(found.span())
        at = found.end()
        if at >= len(text) or text[at] != mark:
            break
        at += 1
    end = text.find("\n", at)
    return cells, end + 1 if end >= 0 else len(text)
