"""Manuals of our own as files of five formats, each with the clauses that a person reads in it.

A file of `manuals_own/` is named after what it describes and its format (`glass.pdf.txt`; Markdown
and text stand as they are). Above `=== clauses` is the manual: `#` headings, `-` items, paragraphs,
and tables between bars, in which `^` goes on with the cell above and `<` with the cell on the left.
Below it are its clauses, and a part of each sentence that must be listed as unread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

import docx
from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

FOLDER = Path(__file__).parent / "manuals_own"
CLAUSES, UNREAD = "=== clauses\n", "=== unread\n"
Grid = list[list[str]]
Piece = tuple[str, str | Grid]
"""`h1` to `h6`, `li`, `p` or `table`, and its text or cells."""


@dataclass(frozen=True)
class Own:
    """One manual, and what is to be read in it."""

    name: str
    source: str
    clauses: list[str]
    unread: list[str]

    @property
    def suffix(self) -> str:
        """Its format."""
        return Path(self.name.removesuffix(".txt")).suffix or ".txt"

    def write(self, folder: Path) -> Path:
        """The manual as a file of its format."""
        file = folder / f"manual{self.suffix}"
        writers = {".html": _html, ".docx": _word, ".pdf": _pdf}
        if self.suffix in writers:
            writers[self.suffix](list(pieces(self.source)), file)
        else:
            file.write_text(self.source, encoding="utf-8")
        return file


def manuals() -> list[Own]:
    """All manuals of the folder."""
    return [_read(x) for x in sorted(FOLDER.glob("*.txt"))]


def _read(file: Path) -> Own:
    source, _, rest = file.read_text(encoding="utf-8").partition(CLAUSES)
    clauses, _, unread = rest.partition(UNREAD)
    return Own(file.name, source, clauses.splitlines(), unread.splitlines())


def pieces(source: str) -> Iterator[Piece]:
    """The headings, items, paragraphs and tables of a source."""
    lines = [x for x in source.splitlines() if x.strip()]
    for drawn, group in groupby(lines, key=lambda x: x.startswith("|")):
        if drawn:
            yield "table", [[x.strip() for x in row.strip("|").split("|")] for row in group]
            continue
        for line in group:
            yield _piece(line)


def _piece(line: str) -> Piece:
    if line.startswith("#"):
        return f"h{len(line) - len(line.lstrip('#'))}", line.lstrip("# ")
    return ("li", line[2:]) if line.startswith("- ") else ("p", line)


def spans(grid: Grid) -> Iterator[tuple[int, int, int, int]]:
    """Row, column, height and width of each cell that is no part of another."""
    for i, row in enumerate(grid):
        for j, text in enumerate(row):
            if text not in ("^", "<"):
                below = [x[j] for x in grid[i + 1 :]]
                yield i, j, _run(below, "^"), _run(row[j + 1 :], "<")


def _run(cells: list[str], sign: str) -> int:
    return next((n for n, x in enumerate(cells) if x != sign), len(cells)) + 1


def _html(parts: list[Piece], file: Path) -> None:
    body = "\n".join(_table(x) if isinstance(x, list) else _tag(k, escape(x)) for k, x in parts)
    file.write_text(f"<html><head><title>x</title></head><body>{body}</body></html>", "utf-8")


def _tag(kind: str, text: str) -> str:
    return f"<{kind}>{text}</{kind}>"


def _table(grid: Grid) -> str:
    rows = [""] * len(grid)
    for i, j, height, width in spans(grid):
        tag = "td" if i else "th"
        rows[i] += f"<{tag} rowspan={height} colspan={width}>{escape(grid[i][j])}</{tag}>"
    return _tag("table", "".join(_tag("tr", x) for x in rows))


def _word(parts: list[Piece], file: Path) -> None:
    document = docx.Document()
    for kind, text in parts:
        if isinstance(text, list):
            _word_table(document.add_table(len(text), len(text[0])), text)
        elif kind.startswith("h"):
            document.add_heading(text, int(kind[1:]))
        else:
            document.add_paragraph(text, style="List Bullet" if kind == "li" else None)
    document.save(str(file))


def _word_table(table: "docx.table.Table", grid: Grid) -> None:
    for i, j, height, width in spans(grid):
        cell = table.cell(i, j)
        if height > 1 or width > 1:
            cell = cell.merge(table.cell(i + height - 1, j + width - 1))
        cell.text = grid[i][j]


def _pdf(parts: list[Piece], file: Path) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    body = getSampleStyleSheet()["BodyText"]
    body.wordWrap = "LTR"
    story = []
    for kind, text in parts:
        if isinstance(text, list):
            story.append(_pdf_table(text, body))
        else:
            story.append(Paragraph(_styled("• " * (kind == "li") + text), body))
    SimpleDocTemplate(str(file)).build(story)


def _styled(text: str) -> str:
    chinese = any("\u2e80" < x < "\uffff" for x in text)
    return f"<font name='STSong-Light'>{escape(text)}</font>" if chinese else escape(text)


def _pdf_table(grid: Grid, style: ParagraphStyle) -> Table:
    cells = [[Paragraph(_styled(x if x not in ("^", "<") else ""), style) for x in r] for r in grid]
    lines = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
    merged = [
        ("SPAN", (j, i), (j + width - 1, i + height - 1))
        for i, j, height, width in spans(grid)
        if height > 1 or width > 1
    ]
    return Table(cells, style=[*lines, *merged])
