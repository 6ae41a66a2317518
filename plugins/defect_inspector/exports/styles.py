"""The measures, colours, tables and pictures of a printed report."""

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Image, Table

from defect_inspector.exports.fonts import BOLD, REGULAR

WIDTH = 180 * mm
GREY, LINE, SHADE, YELLOW = (HexColor(x) for x in (0x45525F, 0xCFD8DC, 0xF3F6F7, 0xFFF4D6))
RED = HexColor(0xA31226)
TONES = {
    "good": HexColor(0x1B6E3C),
    "caution": HexColor(0x8A5A00),
    "bad": RED,
    "neutral": GREY,
}
NEAR_COLUMNS = 6
TALL = 120 * mm
"""Height from which on a row may be parted; reportlab repeats the head amid a page then."""
EAST_ASIAN = "\u2e80"
"""From this letter on lines are broken between any two letters."""
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=8.5, leading=11.5)
STYLES = {
    "body": BODY,
    "small": ParagraphStyle("small", BODY, fontSize=7, leading=9.2, textColor=GREY),
    "line": ParagraphStyle("line", BODY, fontSize=5.5, leading=8, textColor=GREY),
    "cell": ParagraphStyle("cell", BODY, fontSize=7.5, leading=9.8),
    "strong": ParagraphStyle("strong", BODY, fontName=BOLD),
    "head": ParagraphStyle("head", BODY, fontName=BOLD, fontSize=7, leading=9),
    "kind": ParagraphStyle("kind", BODY, fontName=BOLD, fontSize=8, leading=11, textColor=GREY),
    "title": ParagraphStyle("title", BODY, fontName=BOLD, fontSize=16, leading=20, spaceAfter=6),
    "section": ParagraphStyle(
        "section", BODY, fontName=BOLD, fontSize=10.5, leading=14, spaceBefore=10, spaceAfter=4
    ),
    "found": ParagraphStyle(
        "found", BODY, fontName=BOLD, fontSize=9.5, leading=12.5, spaceBefore=8, spaceAfter=2
    ),
    "outcome": ParagraphStyle("outcome", BODY, fontName=BOLD, fontSize=15, leading=19),
    "notice": ParagraphStyle("notice", BODY, fontName=BOLD, textColor=RED, spaceAfter=6),
}
Rows = Sequence[Sequence[Any]]


def table(
    rows: Rows, widths: Sequence[float], style: Sequence[Any], *, repeat: int = 0, space: float = 0
) -> Table:
    """Rows that may go on on the next page; inside of a row only where that row is a tall one."""
    plain = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    how: dict[str, Any] = {"colWidths": list(widths), "hAlign": "LEFT"}
    alone = (Table([list(x)], style=plain, **how) for x in rows)
    tall = any(x.wrap(WIDTH, 0)[1] > TALL for x in alone)
    return Table(
        [list(x) for x in rows],
        style=[*plain, *style],
        repeatRows=repeat,
        splitInRow=int(tall),
        spaceBefore=space,
        spaceAfter=space,
        **how,
    )


def image(jpeg: bytes, width: float, height: float) -> Image:
    """As large as fits."""
    return Image(io.BytesIO(jpeg), width, height, kind="proportional", hAlign="LEFT")
