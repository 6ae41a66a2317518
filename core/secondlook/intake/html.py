"""HTML documents through lxml. Scripts, styles and hidden parts are dropped; nothing is fetched."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from secondlook.intake.parsed import BlockKind, Document
from secondlook.intake.spans import spread_spans
from secondlook.intake.word import assemble
from secondlook.layout import join_cells

UNREAD = (
    "script", "style", "template", "noscript", "svg", "math", "iframe", "object", "embed",
    "audio", "video", "canvas", "select", "textarea", "button", "head",
)  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
KINDS = dict.fromkeys(HEADINGS, BlockKind.HEADING)
KINDS |= {"li": BlockKind.ITEM, "dd": BlockKind.ITEM, "tr": BlockKind.ROW}
BREAKS = HEADINGS | {
    "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "legend",
    "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot",
    "thead", "tr", "ul",
}  # fmt: skip
CELLS = frozenset({"td", "th"})
HIDDEN = '//*[@hidden or contains(translate(@style, " ", ""), "display:none")]'
SPACES = re.compile(r"[ \t\n\r\f\u00a0]+")


def read_html(source: str) -> Document:
    """The visible text, one line a block; line numbers count in the text, not in the source."""
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    root = lxml_html.document_fromstring(source.encode(), parser=parser)
    etree.strip_elements(root, etree.Comment, etree.ProcessingInstruction, *UNREAD, with_tail=False)
    hidden: Any = root.xpath(HIDDEN)
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()
    spread_spans(root)
    return assemble(_blocks(root))


def _blocks(root: lxml_html.HtmlElement) -> Iterator[tuple[str, BlockKind]]:
    buffer: list[str] = []
    kinds: list[BlockKind] = [BlockKind.PARAGRAPH]
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = str(element.tag)
        in_row = BlockKind.ROW in kinds
        if tag == "tr" or (tag in BREAKS and not in_row):
            yield _join(buffer), kinds[-1]
            buffer.clear()
        if event == "start":
            kinds.append(KINDS.get(tag, kinds[-1]))
            buffer.append(element.text or "")
            continue
        kinds.pop()
        if tag in CELLS:
            buffer.append("\x00")
        buffer.append(" " if tag == "br" or (in_row and tag in BREAKS) else "")
        buffer.append(element.tail or "")
    yield _join(buffer), BlockKind.PARAGRAPH


def _join(buffer: list[str]) -> str:
    """The cells of a row, each ended by a zero, or the words of another block."""
    cells = [SPACES.sub(" ", cell).strip() for cell in "".join(buffer).split("\x00")]
    row = cells if cells[-1] or len(cells) == 1 else cells[:-1]
    return row[0] if len(set(row)) == 1 else join_cells(row)
