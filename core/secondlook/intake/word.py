"""DOCX documents through python-docx: paragraphs and tables in their order."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
from docx.document import Document as WordDocument
from docx.table import Table
from docx.text.paragraph import Paragraph

from secondlook.intake.archive import check_archive
from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.intake.parsed import Block, BlockKind, Document
from secondlook.layout import join_cells
from secondlook.settings import Limits

MAIN = "word/document.xml"
XML_SHARE = 8  # a parsed tree takes about this much more memory than its XML


def read_word(path: Path, limits: Limits) -> Document:
    """The text, one line a paragraph or table row. Numbers that Word makes up are not text."""
    names = check_archive(path, limits)
    if MAIN not in names:
        detail = "A ZIP archive that is no Word document; unpack it and give its folder."
        raise Refused(Reason.UNSUPPORTED, detail)
    _check_xml(path, limits)
    try:
        document = docx.Document(str(path))
    except ValueError:  # a template or a document with macros
        detail = "A Word file of another kind than DOCX; save it as DOCX."
        raise Refused(Reason.UNSUPPORTED, detail) from None
    return assemble(_lines(document))


def assemble(lines: Iterator[tuple[str, BlockKind]]) -> Document:
    """A document with one block for each piece of text, one below the other."""
    parts: list[str] = []
    blocks: list[Block] = []
    position = 0
    for text, kind in lines:
        if text.strip():
            blocks.append(Block(position, position + len(text), kind))
            parts.append(text)
            position += len(text) + 1
    return Document("\n".join(parts), blocks)


def _check_xml(path: Path, limits: Limits) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = [x for x in archive.infolist() if x.filename.endswith((".xml", ".rels"))]
        size = sum(len(archive.read(entry)) for entry in parts)
    if size * XML_SHARE > 2 * limits.max_unpacked_bytes:
        detail = f"The text takes {mebibytes(size)} of XML; split the document."
        raise Refused(Reason.UNPACKS_TOO_LARGE, detail)


def _lines(document: WordDocument) -> Iterator[tuple[str, BlockKind]]:
    for item in document.iter_inner_content():
        if isinstance(item, Paragraph):
            yield item.text, _kind(item)
        else:
            yield from _rows(item)


def _kind(paragraph: Paragraph) -> BlockKind:
    style = (paragraph.style.name if paragraph.style else None) or ""
    if style.startswith(("Heading", "Title")):
        return BlockKind.HEADING
    properties = paragraph._p.pPr
    listed = properties is not None and properties.numPr is not None
    return BlockKind.ITEM if listed or style.startswith("List") else BlockKind.PARAGRAPH


def _rows(table: Table) -> Iterator[tuple[str, BlockKind]]:
    """One line a row. A merged cell is listed once for each place that it covers."""
    for row in table.rows:
        around = [""] * row.grid_cols_before, [""] * row.grid_cols_after
        texts = [*around[0], *(" ".join(cell.text.split()) for cell in row.cells), *around[1]]
        whole = len({id(cell._tc) for cell in row.cells}) == 1
        yield texts[0] if whole else join_cells(texts), BlockKind.ROW
