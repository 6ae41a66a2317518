"""Cuts the text of a record into headings, sentences and table rows, each with its place.

Word and HTML give one line a block; PDF, Markdown and text wrap their lines. Rows come as cells
between bars or wide gaps, and out of PDF as one cell a line.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from defect_inspector.clauses.columns import Column, read_column, read_header
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.grids import rows_of
from secondlook import Passage, Record

WRAPPED = ("application/pdf", "text/plain", "text/markdown")
RULER = re.compile(r"[\s=\-_*~#.|+:]*")
BULLET = re.compile(
    r"\s*(?:[-*+•‣▪●◦·–—]\s+|[（(]?\d{1,3}[.)）、]\s*(?!\d)|[（(]?[a-zA-Z][.)）]\s+)(?=\S)"
)
NUMBER = re.compile(
    r"\s*(?:[-*+•‣▪●◦·–—]\s+)?(?:§\s*)?(?:[（(](?P<c>\d{1,3}|[a-zA-Z])[)）]|(?P<a>\d{1,3}(?:\.\d{1,3}){1,5})[.):：、]?"
    r"|(?P<b>\d{1,3})[.)、](?!\d)|(?P<d>[a-zA-Z])\)|(?P<e>[A-Z]{1,4}-?\d{1,4}(?:\.\d{1,3}){0,3})[.):：](?!\d))[\s\u3000]*(?=\S)"
)
PLAIN_NUMBER = re.compile(r"\s*(?P<b>\d{1,2})[\s\u3000]+(?=[^\W\d_])")
UNIT_NEXT = re.compile(
    r"(?:mm|cm|µm|μm|um|in|m|%|inch|mil|毫米|厘米|微米|米|平方|个|处|条)(?![a-zA-Z])", re.IGNORECASE
)
END = re.compile(r"[.!?][\"'”’»)\]]{0,3}(?=\s)|[。！？]|[.!?][\"'”’»)\]]{0,3}\Z")
ABBREVIATION = re.compile(
    r"(?:(?<!\w)(?:max|min|approx|ca|no|nr|fig|abb|e\.g|i\.e|z\.\s?B|bzw|incl|inkl|einschl|dia|tab|sec|pos|lfd"
    r"|resp|vgl|vs|usw|etc|evtl|ggf|sog|stk|d\.\s?h|sq|cf|art|mind|zul|i\.o|n\.i\.o|[a-zäöü]|\d{1,2}))\.$",
    re.IGNORECASE,
)
ZONE_END = re.compile(r"(?:zones?|zonen|bereich|and|und|or|oder|,)\s+[A-Z0-9]\.$", re.IGNORECASE)
GAPS = re.compile(r"\t+| {2,}")
UNENDED = frozenset(
    {
        "the",
        "a",
        "an",
        "of",
        "or",
        "and",
        "in",
        "than",
        "to",
        "is",
        "are",
        "shall",
        "must",
        "be",
        "with",
        "on",
        "for",
        "not",
        "up",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "und",
        "oder",
        "mit",
        "im",
        "von",
        "auf",
        "als",
        "bis",
        "sind",
        "ist",
        "am",
        "nicht",
        "über",
    }
)
HEADING = 90
CUT = 250  # passages shorter than this were not cut out of a longer paragraph
SENTENCE_END = (".", "!", "?", "。", "！", "？", "…", ";", "；")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A stretch of the record's text: `text[start:end]`."""

    kind: str
    """`heading`, `lead`, `sentence`, `header`, `row` or `flat` (a row whose cells ran together)."""
    start: int
    end: int
    text: str
    """What is to be read: the stretch without its bullet and number."""
    number: str | None = None
    cells: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    ends: bool = False
    """Whether this begins a block, so that what a list was led in by may be over."""


@dataclass(frozen=True)
class _Line:
    start: int
    end: int
    text: str

    @property
    def blank(self) -> bool:
        return RULER.fullmatch(self.text) is not None


def find_statements(record: Record) -> Iterator[Statement]:
    """The statements of a record, in order."""
    lines = list(_lines(record.text))
    texts = [x.text for x in lines]
    cuts = _Passages(record)
    i = 0
    in_table = flat = False
    while i < len(lines):
        line = lines[i]
        if line.blank:
            i += 1
            flat = flat and i < len(lines) and bool(line.text.strip())
            continue
        grid = rows_of(texts, i)
        if grid is not None:
            columns, rows, taken = grid
            for first, last, cells in rows:
                start, end = lines[i + first].start, lines[i + last].end
                yield _statement(record, "row", start, end, cells=cells, columns=tuple(columns))
            i += taken
            continue
        cells = cells_of(line.text, record.media_type)
        if cells:
            header = read_header(cells)
            kind = "header" if header and _is_header(cells, in_table) else "row"
            columns_here = tuple(header) if header and kind == "header" else ()
            yield _statement(record, kind, line.start, line.end, cells=cells, columns=columns_here)
            in_table, i = True, i + 1
            continue
        in_table = False
        flat_header = _flat_header(line.text)
        if flat_header:
            flat, i = True, i + 1
            yield _statement(record, "header", line.start, line.end)
            continue
        if flat and not line.text.rstrip().endswith(SENTENCE_END) and not cuts.heading(line):
            yield _statement(record, "flat", line.start, line.end)
            i += 1
            continue
        flat = False
        j = _block(lines, texts, i, cuts)
        yield from _sentences(record, lines[i:j], lines[j] if j < len(lines) else None, cuts)
        i = j


def _is_header(cells: Sequence[str], in_table: bool) -> bool:
    return not in_table or not any(x.isdigit() for cell in cells for x in cell)


def cells_of(line: str, media_type: str) -> tuple[str, ...]:
    """The cells of a row; empty where the line is none."""
    text = line.strip()
    if " | " in text or text.count("|") >= 2:
        return tuple(x.strip() for x in text.strip("|").split("|"))
    if media_type in ("text/plain", "application/pdf") and len(GAPS.findall(text)) >= 1:
        cells = tuple(x.strip() for x in GAPS.split(text))
        if len(cells) > 2 or "\t" in text:
            return cells
    return ()


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for part in text.split("\n"):
        yield _Line(start, start + len(part), part)
        start += len(part) + 1


class _Passages:
    """Where passages begin: what intake knew of the structure of the document."""

    def __init__(self, record: Record) -> None:
        self.wrapped = record.media_type in WRAPPED
        self.loose = self.wrapped and record.media_type != "text/markdown"
        self.passages: Sequence[Passage] = record.passages
        self.starts = [x.start for x in record.passages]

    def begins(self, line: _Line) -> bool:
        """Whether a passage begins in this line that is no mere cut of a long paragraph."""
        at = bisect_right(self.starts, line.end) - 1
        if at < 0 or self.starts[at] < line.start:
            return False
        before = self.passages[at - 1].text.rstrip() if at else ""
        return len(before) < CUT or before.endswith(SENTENCE_END)

    def last(self, line: _Line) -> bool:
        """Whether nothing follows the line in its passage."""
        at = bisect_right(self.starts, line.end) - 1
        return at < 0 or self.passages[at].end <= line.end

    def heading(self, line: _Line) -> bool:
        """Whether intake took the line for a heading, or it looks like a numbered one."""
        numbered = NUMBER.match(line.text) or _plain_number(line.text)
        return bool(numbered) and _short(line.text)


def _short(text: str) -> bool:
    text = text.strip()
    return len(text) <= HEADING and not text.endswith(SENTENCE_END)


def _plain_number(text: str) -> re.Match[str] | None:
    match = PLAIN_NUMBER.match(text)
    return match if match and text[match.end()].isupper() | (text[match.end()] > "\u2e80") else None


def _block(lines: Sequence[_Line], texts: Sequence[str], i: int, cuts: _Passages) -> int:
    """The end of the paragraph, item or heading that begins with line i."""
    j = i + 1
    while cuts.wrapped and j < len(lines) and not lines[j].blank:
        before, line = lines[j - 1], lines[j]
        if (
            cuts.begins(line)
            or _starts(line.text, before.text)
            or _heads(before, line, j - 1 == i, cuts)
        ):
            break
        if rows_of(texts, j):
            break
        j += 1
    return j


def _starts(text: str, before: str) -> bool:
    """Whether a line begins an item or a numbered clause."""
    if BULLET.match(text) and not re.match(r"\s*\d", text):
        return True
    numbered = NUMBER.match(text)
    if _plain_number(text) and _short(text) and len(text) <= 60:
        return len(before) < 60 or before.rstrip().endswith(SENTENCE_END)
    if not numbered or UNIT_NEXT.match(text, numbered.end()):
        return False
    done = before.rstrip().endswith((*SENTENCE_END, ":", "：")) or len(before) < 60
    return done or numbered["a"] is not None and text[numbered.end()].isupper()


def _heads(line: _Line, after: _Line, first: bool, cuts: _Passages) -> bool:
    """Whether a line is a heading above the next line."""
    text = line.text.strip()
    if not first or not _short(line.text):
        return False
    if text.endswith((":", "：")) and len(text) <= HEADING:
        return True
    capital = (
        after.text.lstrip()[:1].isupper()
        or not after.text.lstrip()[:1].isalpha()
        or after.text.lstrip()[:1] > "\u2e80"
    )
    numbered = (NUMBER.match(line.text) or _plain_number(line.text)) is not None
    short = len(text) <= 60 if numbered else len(text) <= 45 and len(after.text) > 1.3 * len(text)
    return capital and short and not _wraps(text)


def _wraps(text: str) -> bool:
    """Whether a line goes on in the next: it ends with a small word, a comma or a number."""
    last = text.split()[-1].lower() if text.split() else ""
    return last in UNENDED or text.endswith((",", "，", "-", "–", "、")) or last[1:].isdigit()


def _flat_header(text: str) -> bool:
    """`Defect Measure Limit Disposition`: names of columns and nothing else."""
    words = fold(text[:200]).split()
    if (
        len(text) > 200
        or not 3 <= len(words) <= 14
        or any(x.isdigit() for x in text)
        or text.rstrip().endswith(SENTENCE_END)
    ):
        return False
    told = [read_column(x) for x in words if x[0] not in "(["]
    roles = {x.role for x in told if x is not None}
    return (
        all(x is not None for x in told)
        and len(roles) >= 3
        and bool(roles & {"term", "disposition"})
    )


def _sentences(
    record: Record, block: Sequence[_Line], after: _Line | None, cuts: _Passages
) -> Iterator[Statement]:
    start, end = block[0].start, block[-1].end
    text = record.text[start:end]
    number, skip = _number(text, heading=len(block) == 1)
    body = text[skip:].strip()
    if len(block) == 1 and _short(body) and body:
        lead = body.endswith((":", "："))
        titled = not cuts.last(block[0]) or _plain_number(text) is not None
        if lead or titled or (after is not None and after.blank and cuts.loose):
            yield _statement(
                record, "lead" if lead else "heading", start, end, text=body, number=number
            )
            return
    for first, last in _split(text, skip):
        yield _statement(
            record, "sentence", start + first, start + last, number=number, ends=first == skip
        )


def _number(text: str, heading: bool) -> tuple[str | None, int]:
    """The number before a clause, and where its words begin."""
    match = NUMBER.match(text) or (_plain_number(text) if heading else None)
    if match and not UNIT_NEXT.match(text, match.end()):
        return next(x for x in match.groupdict().values() if x), match.end()
    bullet = BULLET.match(text)
    return None, bullet.end() if bullet and not bullet[0].strip()[:1].isdigit() else 0


def _split(text: str, begin: int) -> Iterator[tuple[int, int]]:
    """Sentences of a block from `begin` on."""
    for match in END.finditer(text, begin):
        tail = text[max(0, match.end() - 24) : match.end()]
        rest = text[match.end() : match.end() + 8].lstrip()
        goes_on = ABBREVIATION.search(tail) or rest[:1].islower()
        if match[0][0] == "." and rest and goes_on and not ZONE_END.search(tail):
            continue
        yield from _trim(text, begin, match.end())
        begin = match.end()
    yield from _trim(text, begin, len(text))


def _trim(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if start < end:
        yield start, end


def _statement(
    record: Record,
    kind: str,
    start: int,
    end: int,
    *,
    text: str | None = None,
    number: str | None = None,
    cells: tuple[str, ...] = (),
    columns: tuple[Column, ...] = (),
    ends: bool = False,
) -> Statement:
    trimmed = next(_trim(record.text, start, end), (start, end))
    return Statement(
        kind=kind, start=trimmed[0], end=trimmed[1], text=record.text[slice(*trimmed)] if text is None else text,
        number=number, cells=cells, columns=columns, ends=ends,
    )  # fmt: skip
