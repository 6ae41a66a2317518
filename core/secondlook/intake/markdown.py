"""Markdown as it reads: markup taken away, every line where it was in the source."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

from secondlook.intake.parsed import Block, BlockKind, Document
from secondlook.layout import join_cells

TAG = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)
UNREAD = re.compile(r"\s*<(script|style)\b", re.IGNORECASE)


def read_markdown(source: str) -> Document:
    """The text of a Markdown document, with as many lines as its source."""
    lines = [""] * (source.count("\n") + 1)
    spans: list[tuple[int, int, BlockKind]] = []
    parser = MarkdownIt("commonmark").enable("table")
    for first, texts, kind in _pieces(parser.parse(source)):
        last = min(first + len(texts), len(lines))
        for line, text in zip(range(first, last), texts, strict=False):
            lines[line] = text
        spans.append((first, last, kind))
    return Document("\n".join(lines), _blocks(lines, spans))


def _blocks(lines: Sequence[str], spans: Sequence[tuple[int, int, BlockKind]]) -> list[Block]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return [Block(starts[first], starts[last] - 1, kind) for first, last, kind in spans]


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[int, list[str], BlockKind]]:
    """First line, lines of text, and kind of each leaf block."""
    marker, around = "", ""
    depth = 0
    for i, token in enumerate(tokens):
        if token.type == "list_item_open":
            marker = f"{token.info}{token.markup} " if token.info else ""
        depth += {"list_item_open": 1, "list_item_close": -1}.get(token.type, 0)
        if token.map is None:
            continue
        first, end = token.map
        if token.type == "tr_open":
            yield first, [_row(tokens[i:])], BlockKind.ROW
        elif token.type == "inline" and tokens[i - 1].type not in ("th_open", "td_open"):
            texts = _inline(token, end - first)
            kind = _kind(around, depth)
            yield first, [marker + texts[0], *texts[1:]], kind
            marker = ""
        elif token.type in ("fence", "code_block"):
            yield first + (token.type == "fence"), _code(token), BlockKind.PARAGRAPH
        elif token.type == "html_block" and not UNREAD.match(token.content):
            yield first, _strip(token.content).split("\n")[: end - first], BlockKind.PARAGRAPH
        around = token.type


def _kind(around: str, depth: int) -> BlockKind:
    if around == "heading_open":
        return BlockKind.HEADING
    return BlockKind.ITEM if depth else BlockKind.PARAGRAPH


def _row(tokens: Sequence[Token]) -> str:
    """The cells of the row that begins here, empty ones included."""
    row = takewhile(lambda token: token.type != "tr_close", tokens)
    return join_cells(_inline(x, 1)[0] for x in row if x.type == "inline")


def _inline(token: Token, height: int) -> list[str]:
    """The text of a paragraph, on as many lines as it has in the source."""
    texts = [""]
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            texts.append("")
        elif child.type in ("text", "code_inline", "image"):
            texts[-1] += child.content
    if len(texts) > height:
        texts[height - 1 :] = [" ".join(texts[height - 1 :])]
    return texts


def _code(token: Token) -> list[str]:
    return token.content.rstrip("\n").split("\n")


def _strip(markup: str) -> str:
    """The text of an HTML block; line ends inside of tags stay."""
    return TAG.sub(lambda tag: "\n" * tag[0].count("\n"), markup)
