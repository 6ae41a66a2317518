"""Paragraphs, items and headings: which lines belong together, and what they are."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from defect_inspector.clauses.grids import rows_of
from defect_inspector.clauses.numbering import (
    HEADING,
    begins_item,
    is_cjk,
    is_short,
    number_of,
    numbered,
    plain_number,
)
from defect_inspector.clauses.sentence_ends import split_sentences
from defect_inspector.clauses.statements import Statement
from secondlook import Line, Passage, Record, ends_sentence

WRAPPED = ("application/pdf", "text/plain", "text/markdown")
CUT = 250  # passages shorter than this were not cut out of a longer paragraph
COLON = (":", "：")
UNENDED = frozenset(
    [
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
    ]
)


class Paragraphs:
    """The lines of a record that stand in no table, with what intake knew of their structure."""

    def __init__(self, record: Record, lines: Sequence[Line]) -> None:
        self.source = record.text
        self.lines = lines
        self.texts = [x.text for x in lines]
        self.wrapped = record.media_type in WRAPPED
        self.loose = self.wrapped and record.media_type != "text/markdown"
        self.passages: Sequence[Passage] = record.passages
        self.starts = [x.start for x in record.passages]

    def end(self, i: int) -> int:
        """The end of the paragraph, item or heading that begins with line i."""
        j = i + 1
        while self.wrapped and j < len(self.lines) and not self.lines[j].blank:
            if self._breaks(j, first=j == i + 1):
                break
            j += 1
        return j

    def statements(self, i: int, j: int) -> Iterator[Statement]:
        """The heading, or the sentences, that lines i to j say."""
        start, end = self.lines[i].start, self.lines[j - 1].end
        text = self.source[start:end]
        number, skip = number_of(text, heading=j == i + 1)
        body = text[skip:].strip()
        title = self._title(i, body) if j == i + 1 else None
        if title:
            yield Statement(kind=title, start=start, end=end, text=body, number=number)
            return
        for first, last in split_sentences(text, skip):
            yield Statement(
                kind="sentence", start=start + first, end=start + last, text=text[first:last],
                number=number, ends=first == skip,
            )  # fmt: skip

    def _title(self, i: int, body: str) -> str | None:
        """`lead` or `heading` where a single line is one; body: without its number."""
        if not body or not is_short(body):
            return None
        if body.endswith(COLON):
            return "lead"
        above = self.loose and i + 1 < len(self.lines) and self.lines[i + 1].blank
        titled = not self._last(self.lines[i]) or plain_number(self.texts[i]) is not None
        return "heading" if titled or above else None

    def _breaks(self, j: int, *, first: bool) -> bool:
        """Whether line j begins something else than the line before; first: that is a first line."""
        before, line = self.texts[j - 1], self.texts[j]
        begins = self._begins(self.lines[j]) or begins_item(line, before)
        return begins or (first and _heads(before, line)) or rows_of(self.texts, j) is not None

    def _begins(self, line: Line) -> bool:
        """Whether a passage begins in this line that is no mere cut of a long paragraph."""
        at = bisect_right(self.starts, line.end) - 1
        if at < 0 or self.starts[at] < line.start:
            return False
        before = self.passages[at - 1].text if at else ""
        return len(before.rstrip()) < CUT or ends_sentence(before)

    def _last(self, line: Line) -> bool:
        """Whether nothing follows the line in its passage."""
        at = bisect_right(self.starts, line.end) - 1
        return at < 0 or self.passages[at].end <= line.end


def _heads(line: str, after: str) -> bool:
    """Whether a line is a heading above the next line."""
    text = line.strip()
    if not is_short(line):
        return False
    if text.endswith(COLON) and len(text) <= HEADING:
        return True
    first = after.lstrip()[:1]
    capital = first.isupper() or not first.isalpha() or is_cjk(first)
    title = len(text) <= 45 and len(after) > 1.3 * len(text)
    return capital and (len(text) <= 60 if numbered(line) else title) and not _wraps(text)


def _wraps(text: str) -> bool:
    """Whether a line goes on in the next: it ends with a small word, a comma or a number."""
    last = text.split()[-1].lower() if text.split() else ""
    return last in UNENDED or text.endswith((",", "，", "-", "–", "、")) or last[1:].isdigit()
