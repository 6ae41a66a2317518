"""Cuts the text of a record into passages that can be cited, each with its place.

A passage is a clause: a paragraph, list item or table row, together with the short heading right
before it. Long paragraphs are cut at sentence ends. For every passage of every text
`text[start:end] == passage.text`, and passages never overlap.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from secondlook.cases import Passage, Record
from secondlook.intake.blocks import find_blocks
from secondlook.intake.charset import clean
from secondlook.intake.parsed import Block, BlockKind

TARGET = 400  # weight of a passage; the text backbone reads 256 tokens, about 4 characters each
HEADINGS = 160  # headings together lighter than this go with the clause that follows
# Possessive, and anchored at the first of several dots: linear on any input.
END = re.compile(
    r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+\s++(?=["'“‘„«(\[]?[^\W_a-zß-ÿ])|[。！？；]++[”’」』）]*+\s*+"""
)
ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-zÄÖÜäöü]|\d{1,2}|abb|abs|al|approx|bzw|ca|cf|dr|etc|evtl|fig|ggf|incl|inkl"
    r"|max|min|no|nr|pos|prof|resp|sec|sog|tab|usw|vgl|vs)\.)$",
    re.IGNORECASE,
)
WEAK_END = re.compile(r"[,;:，、：]\s*|\s+")
CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
Span = tuple[int, int]


def split(text: str, pages: Sequence[int] = ()) -> tuple[Passage, ...]:
    """The passages of `text`; `pages` holds the start offset of each page."""
    return from_blocks(text, find_blocks(text, pages), pages)


def note(text: str, *, kind: str, name: str) -> Record:
    """A record from a string, such as a clinical note in a manifest."""
    text = clean(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Record(
        sha256=digest,
        name=name,
        media_type="text/plain",
        kind=kind,
        text=text,
        passages=split(text),
    )


def from_blocks(
    text: str, blocks: Sequence[Block], pages: Sequence[int] = ()
) -> tuple[Passage, ...]:
    """The passages of a text whose structure is known."""
    passages: list[Passage] = []
    line, counted = 1, 0
    for start, end in _spans(text, blocks, pages):
        line += text.count("\n", counted, start)
        counted = start
        passages.append(
            Passage(
                ordinal=len(passages),
                text=text[start:end],
                start=start,
                end=end,
                line=line,
                page=bisect_right(pages, start) or 1 if pages else None,
            )
        )
    return tuple(passages)


def _spans(text: str, blocks: Sequence[Block], pages: Sequence[int]) -> Iterator[Span]:
    heading: Span | None = None
    for block in blocks:
        joins = heading and _joins(text, heading, block, pages)
        if heading and not joins:
            yield from _cut(text, *heading)
            heading = None
        start = heading[0] if heading else block.start
        if block.kind is BlockKind.HEADING:
            heading = (start, block.end)
        else:
            yield from _cut(text, start, block.end, keep=heading[1] if heading else start)
            heading = None
    if heading:
        yield from _cut(text, *heading)


def _joins(text: str, heading: Span, block: Block, pages: Sequence[int]) -> bool:
    """Whether the headings so far go with this block: they are short and on its page."""
    end = block.end if block.kind is BlockKind.HEADING else heading[1]
    same_page = bisect_right(pages, heading[0]) == bisect_right(pages, block.start)
    return same_page and _weight(text, heading[0], end) <= HEADINGS


def _cut(text: str, start: int, end: int, keep: int = 0) -> Iterator[Span]:
    """Cut `text[start:end]` into spans of about TARGET; nothing is cut before `keep`."""
    for piece in _pack(text, start, end, max(keep, start)):
        trimmed = _trim(text, *piece)
        if trimmed:
            yield trimmed


def _pack(text: str, start: int, end: int, keep: int) -> Iterator[Span]:
    begin, fits, weight = start, start, 0
    for stop in _ends(text, keep, end):
        added = _weight(text, fits, stop)
        if fits > begin and weight + added > TARGET:
            yield begin, fits
            begin, weight = fits, 0
        fits, weight = stop, weight + added
    if fits > begin:
        yield begin, fits


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    """Where the text may be cut: sentence ends, and inside long sentences weaker places."""
    begin = start
    for match in END.finditer(text, start, end):
        tail = text[max(begin, match.start() - 12) : match.start() + 1]
        if ABBREVIATION.search(tail):
            continue
        yield from _weak_ends(text, begin, match.end())
        begin = match.end()
    yield from _weak_ends(text, begin, end)


def _weak_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Cuts inside a sentence that is too long by itself, then its end."""
    begin = start
    while _weight(text, begin, end) > TARGET:
        window = min(end, begin + TARGET)
        while _weight(text, begin, window) > TARGET:
            window = begin + (window - begin) * 3 // 4
        marks = [m.end() for m in WEAK_END.finditer(text, begin + 1, window)]
        begin = next((m for m in reversed(marks) if m > begin + TARGET // 4), window)
        yield begin
    if end > begin:
        yield end


def _weight(text: str, start: int, end: int) -> int:
    """Length in characters; an ideograph counts twice, as it is a token by itself."""
    length = end - start
    return length if length > 4 * TARGET else length + len(CJK.findall(text, start, end))


def _trim(text: str, start: int, end: int) -> Span | None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    return (start, end) if start < end else None
