"""The text of a PDF page, its tables as rows with their cells between bars.

pypdf gives text in the order in which it was drawn, and the words of a row run together or stand
below each other. So where lines or gaps show a table, its cells are read by their places.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pypdf import PageObject
from pypdf._text_extraction import _layout_mode  # the only reader that knows where words end
from pypdf.errors import PyPdfError
from pypdf.generic import ContentStream

from secondlook.intake.aligned import aligned_tables
from secondlook.intake.places import Area, Matrix, Segment, Word, applied
from secondlook.intake.ruled import ruled_tables
from secondlook.layout import join_cells

PAINT = frozenset({b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"})
SHOW = frozenset({b"Tj", b"TJ", b"'", b'"'})
GAP = 1.35  # line spacings between paragraphs, at least
LOWEST = 4  # points from one line to the next, at least
MOST_WORDS = 6000  # of a page; pages with more are pictures made of letters
Table = tuple[Area, list[list[str]]]


@dataclass
class _Page:
    """What is drawn on a page: text in its order, lines, and where the leftmost text begins."""

    pieces: list[tuple[float, float, str]] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    left: float = float("inf")
    _path: list[Segment] = field(default_factory=list)
    _at: tuple[float, float] = (0.0, 0.0)

    def text(self, text: str, cm: Matrix, tm: Matrix, *_: object) -> None:
        """A piece of text, at the place where it begins."""
        self.pieces.append((*applied(cm, tm[4], tm[5]), text))

    def operator(self, operator: bytes, operands: Any, cm: Matrix, tm: Matrix) -> None:
        """One drawing instruction."""
        if operator in SHOW:
            self.left = min(self.left, applied(cm, tm[4], tm[5])[0])
        elif operator in (b"m", b"l", b"re"):
            self._draw(operator, [float(x) for x in operands], cm)
        elif operator in PAINT or operator == b"n":
            self.segments += self._path if operator in PAINT else []
            self._path = []

    def _draw(self, operator: bytes, numbers: list[float], cm: Matrix) -> None:
        here = applied(cm, *numbers[:2])
        if operator == b"l":
            self._path.append((*self._at, *here))
        elif operator == b"re":
            x, y = applied(cm, numbers[0] + numbers[2], numbers[1] + numbers[3])
            (a, b), corners = here, (here[0], here[1], x, y)
            edges = [(a, b, x, b), (a, y, x, y), (a, b, a, y), (x, b, x, y)]
            thin = min(abs(corners[2] - a), abs(corners[3] - b)) < 3
            self._path += [corners] if thin else edges
        self._at = here


def text_of(page: PageObject) -> str:
    """The text of a page; rows of tables are lines of their own."""
    drawn = _Page()
    plain = page.extract_text(visitor_text=drawn.text, visitor_operand_before=drawn.operator)
    tables = _tables(page, drawn)
    whole = "".join(text for _, _, text in drawn.pieces).split() == plain.split()
    return _composed(drawn, tables) if tables or whole else plain


def _tables(page: PageObject, drawn: _Page) -> list[Table]:
    words = _words(page, drawn)
    if not 4 <= len(words) <= MOST_WORDS:
        return []
    ruled = ruled_tables(drawn.segments, words)
    rest = [x for x in words if not any(area.holds(x.middle, x.y) for area, _ in ruled)]
    return [*ruled, *aligned_tables(rest)]


def _words(page: PageObject, drawn: _Page) -> list[Word]:
    """Stretches of text on one line, with both ends."""
    try:
        operations = iter(ContentStream(page.get_contents(), page.pdf, "bytes").operations)
        found = _layout_mode.text_show_operations(operations, page._layout_mode_fonts())
    except (PyPdfError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return []  # what the plain reader found is text all the same
    return [
        Word(x["tx"] + drawn.left, x["displaced_tx"] + drawn.left, x["ty"], x["font_height"], text)
        for x in found
        if (text := " ".join(x["text"].split()))
    ]


def _composed(drawn: _Page, tables: list[Table]) -> str:
    """The text in its order, each table where its first text stood, a blank line at each gap."""
    waiting = dict(enumerate(tables))
    wide = GAP * _spacing(drawn.pieces)
    above: float | None = None
    parts: list[str] = []
    for x, y, text in drawn.pieces:
        at = next((i for i, (area, _) in enumerate(tables) if area.holds(x, y)), None)
        if at is None or not text.strip():
            apart = bool(text.strip()) and above is not None and abs(above - y) > wide
            parts += ["\n", text] if apart else [text if above is not None else text.lstrip(" ")]
            above = y if text.strip() else above
        elif at in waiting:
            parts.append("".join(f"\n{_line(row)}" for row in waiting.pop(at)[1]) + "\n\n")
            above = None
    return "".join(parts)


def _spacing(pieces: list[tuple[float, float, str]]) -> float:
    """From one line of a paragraph to the next: the least drop that comes more than once."""
    heights = [y for _, y, text in pieces if text.strip()]
    drops = Counter(round(a - b) for a, b in pairwise(heights) if a - b > LOWEST)
    return min((x for x, count in drops.items() if count > 1), default=float("inf"))


def _line(row: list[str]) -> str:
    """A row as a line; one cell over the whole width is a line of text."""
    return row[0] if len(set(row)) == 1 else join_cells(row)
