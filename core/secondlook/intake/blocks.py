"""Finds headings, paragraphs, list items and table rows in text without markup.

Used for plain text, PDF and notes, where structure shows only in how lines look.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from secondlook.intake.parsed import Block, BlockKind
from secondlook.layout import Line, cells_of, ends_sentence, lines_of

ITEM = re.compile(r"\s*(?:[-*+•‣▪●◦·–—]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+\S")
NUMBERED = re.compile(r"\s*(?:§\s*)?(?:\d{1,3}(?:\.\d{1,3}){1,5}\.?|\d{1,2})[\s\u3000]+(?=\S)(.*)")
ORDINAL = re.compile(r"\d{1,3}[.)]\s+")
HEADING_CHARS = 90  # longer lines are sentences


def find_blocks(text: str, pages: Sequence[int] = ()) -> list[Block]:
    """The blocks of `text`, in order; no block reaches over the start of a page."""
    starts = sorted({0, len(text), *(p for p in pages if 0 < p < len(text))})
    blocks: list[Block] = []
    for start, end in pairwise(starts):
        blocks.extend(_page_blocks(text, start, end))
    return blocks


def _page_blocks(text: str, start: int, end: int) -> Iterator[Block]:
    lines = list(lines_of(text, start, end))
    block: Block | None = None
    for i, line in enumerate(lines):
        if line.blank:
            kind = None
        else:
            kind = _begins(line, _text(lines, i - 1), _text(lines, i + 1), block)
        if block and (kind or line.blank):
            yield block
            block = None
        if kind:
            block = Block(line.start, line.end, kind)
        elif block:
            block = Block(block.start, line.end, block.kind)
    if block:
        yield block


def _text(lines: Sequence[Line], index: int) -> str:
    """The neighbouring line, empty where there is none."""
    inside = 0 <= index < len(lines)
    return "" if not inside or lines[index].blank else lines[index].text


def _begins(line: Line, before: str, after: str, block: Block | None) -> BlockKind | None:
    """The kind of block that starts with this line; None where it continues the block before."""
    if "\t" in line.text.strip() or cells_of(line.text, drawn=True):
        return BlockKind.ROW
    if _is_heading(line.text, before, after, block):
        return BlockKind.HEADING
    if _is_numbered(line.text) and _may_start(before, block):
        return BlockKind.PARAGRAPH
    if ITEM.match(line.text):
        return BlockKind.ITEM
    if block is None or block.kind in (BlockKind.HEADING, BlockKind.ROW):
        return BlockKind.PARAGRAPH
    return None


def _is_heading(line: str, before: str, after: str, block: Block | None) -> bool:
    words = line.strip()
    if len(words) > HEADING_CHARS or ends_sentence(words) or "\t" in words:
        return False
    if _is_numbered(line):
        return _may_start(before, block) and len(words) <= HEADING_CHARS
    if words.endswith((":", "：")):
        return not before and len(words) <= HEADING_CHARS // 2 and not ITEM.match(line)
    alone = not before and not after
    title = ORDINAL.sub("", words)
    return alone and title[:1].isalpha() and not title[:1].islower() and len(words.split()) <= 12


def _is_numbered(line: str) -> bool:
    """`4.2 Scratches`, but not `4.2 mm of the edge`."""
    found = NUMBERED.match(line)
    return found is not None and not found[1][:1].islower() and found[1][:1].isalpha()


def _may_start(before: str, block: Block | None) -> bool:
    """A numbered line inside a sentence is a number, not a clause."""
    if not before or (block and block.kind is BlockKind.HEADING):
        return True
    return ends_sentence(before) or before.rstrip().endswith((":", "："))
