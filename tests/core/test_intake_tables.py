"""Tables of every format: each cell stays in its column, also where others are empty or merged."""

from io import BytesIO
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from secondlook.intake.html import read_html
from secondlook.intake.markdown import read_markdown
from secondlook.intake.pdf_text import text_of
from secondlook.intake.word import read_word
from secondlook.settings import Limits

ROWS = [
    ["No.", "Defect", "Limit", "Zone", "Action"],
    ["1", "Scratch", "> 5 mm", "", "scrap"],
    ["2", "Pore", "", "B", "rework by polishing and then a second inspection by quality"],
    ["", "Dent", "", "", "hold"],
]
LINES = [" | ".join(row) for row in ROWS]


def test_empty_cells_of_word_keep_their_place(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(len(ROWS), 5)
    for row, texts in zip(table.rows, ROWS, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.save(str(tmp_path / "a.docx"))
    assert read_word(tmp_path / "a.docx", Limits()).text.split("\n") == LINES


def test_merged_cells_of_word_stand_in_every_place(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    table.cell(0, 1).merge(table.cell(0, 2)).text = "Zone A"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "Pore"
    table.cell(1, 2).text = "scrap"
    document.add_table(1, 2)._cells[0].merge(document.tables[1]._cells[1]).text = "Notes"
    document.save(str(tmp_path / "a.docx"))
    lines = read_word(tmp_path / "a.docx", Limits()).text.split("\n")
    assert lines == [" | Zone A | Zone A", "Pore |  | scrap", "Pore |  | ", "Notes"]


def test_empty_and_merged_cells_of_html() -> None:
    document = read_html(
        "<table><tr><th rowspan=2>Defect<th colspan=2>Zone A<th>B</tr>"
        "<tr><th>max<th>then<th></tr><tr><td>Pore<td><td rowspan='2'>scrap<td>1</tr>"
        "<tr><td>Dent<td>2<td></tr><tr><td colspan=4>Notes</tr></table>"
    )
    assert document.text.split("\n") == [
        "Defect | Zone A | Zone A | B",
        "Defect | max | then | ",
        "Pore |  | scrap | 1",
        "Dent | 2 | scrap | ",
        "Notes",
    ]


def test_cells_spread_wide_take_no_memory() -> None:
    row = "<td colspan=99999 rowspan=99999>x</td>"
    document = read_html(f"<table>{f'<tr>{row * 20}</tr>' * 200}</table>")
    assert len(document.text) < 2_000_000


def test_empty_cells_of_markdown_keep_their_place() -> None:
    source = "\n".join([f"| {LINES[0]} |", "|---" * 5 + "|", *(f"| {x} |" for x in LINES[1:])])
    lines = [x for x in read_markdown(source).text.split("\n") if x]
    assert lines == LINES


def _page(draw: BytesIO) -> list[str]:
    return [x for x in text_of(PdfReader(draw).pages[0]).split("\n") if x.strip()]


@pytest.mark.parametrize("merged", [False, True])
def test_cells_between_lines_of_a_pdf(merged: bool) -> None:
    style = getSampleStyleSheet()["BodyText"]
    cells = [[Paragraph(x, style) for x in row] for row in ROWS]
    lines = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
    spans = [("SPAN", (3, 2), (3, 3))] if merged else []
    buffer = BytesIO()
    before, after = Paragraph("Text above.", style), Paragraph("Text below.", style)
    SimpleDocTemplate(buffer).build([before, Table(cells, style=[*lines, *spans]), after])
    last = " | Dent |  | B | hold" if merged else LINES[3]
    assert _page(buffer) == ["Text above.", *LINES[:3], last, "Text below."]


def test_cells_of_a_pdf_without_lines() -> None:
    buffer = BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(50, 740, "Some words above the table that are one line of text.")
    wrapped = [*ROWS[:2], [*ROWS[2][:4], "rework by"], ["", "", "", "", "polishing"]]
    for y, row in zip((700, 680, 660, 646), wrapped, strict=True):
        for x, text in zip((50, 90, 180, 260, 320), row, strict=True):
            canvas.drawString(x, y, text)
    canvas.save()
    assert _page(buffer)[1:] == [*LINES[:2], "2 | Pore |  | B | rework by polishing"]


def test_paragraphs_of_a_pdf_are_parted_by_blank_lines() -> None:
    buffer = BytesIO()
    canvas = Canvas(buffer)
    for y, text in ((700, "Heading"), (670, "First line"), (656, "second line"), (620, "Next"), (606, "end")):  # fmt: skip
        canvas.drawString(50, y, text)
    canvas.save()
    assert text_of(PdfReader(buffer).pages[0]).strip() == (
        "Heading\n\nFirst line\nsecond line\n\nNext\nend"
    )
