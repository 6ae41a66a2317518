"""Nonconformance reports as PDF: the same cases exported at the same moment give the same bytes."""

from collections.abc import Iterable
from typing import IO, Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from defect_inspector.exports import fonts
from defect_inspector.exports.content import report
from defect_inspector.exports.layout import Layout
from defect_inspector.exports.styles import GREY
from secondlook import CaseExport, ExportReader, SecondlookError, __version__

MARGIN = 15 * mm
MOST = 200
"""Cases in one file: a PDF is written as a whole, so all of its pictures are in memory."""


def write_pdf(cases: Iterable[CaseExport], out: IO[bytes], reader: ExportReader) -> int:
    """One document with a report for each case, each from a new page on.

    Raises SecondlookError for more cases than one file can hold.
    """
    fonts.register()
    story: list[Flowable] = []
    count = 0
    for item in cases:
        count += 1
        if count > MOST:
            raise SecondlookError(
                f"one PDF holds {MOST} cases at most: give --out a folder for a file per case"
            )
        letters = fonts.Letters()
        told = report(item, reader)
        story += [_Begins(f"{told.kind}: {told.title}", item.case.id, first=count == 1)]
        story += Layout(letters).story(told)
        if letters.missing:
            reader.warn(
                f"case {item.case.id[:12]}: no font on this machine prints "
                f"{len(letters.missing)} of its letters, which stand as their numbers: "
                f"{fonts.ADVICE}"
            )
    _document(out, reader).build(story or Layout(fonts.Letters()).nothing())
    return count


def _document(out: IO[bytes], reader: ExportReader) -> BaseDocTemplate:
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        invariant=1,
        title="Nonconformance report",
        author=reader.domain.title,
        creator=f"secondlook {__version__}",
        lang="en",
    )
    width, height = A4
    frame = Frame(
        MARGIN, MARGIN, width - 2 * MARGIN, height - 2 * MARGIN,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=6 * mm,
    )  # fmt: skip
    stamp = f"D:{reader.at:%Y%m%d%H%M%S}+00'00'"

    def begin(canvas: Canvas, document: Any) -> None:
        canvas.setDateFormatter(lambda *_: stamp)

    document.addPageTemplates(
        [PageTemplate(id="report", frames=[frame], onPage=begin, onPageEnd=_footer)]
    )
    return document


class _Begins(Flowable):
    """Where a report begins: nothing to see, an entry in the outline, a page number of 1."""

    def __init__(self, title: str, case: str, *, first: bool) -> None:
        super().__init__()
        self._title, self._case, self._first = title, case, first

    def split(self, width: float, height: float) -> list[Flowable]:
        return []

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        canvas: Any = self.canv
        canvas.report_case, canvas.report_before = self._case, canvas.getPageNumber() - 1
        canvas.bookmarkPage(self._case)
        canvas.addOutlineEntry(self._title, self._case)


def _footer(canvas: Canvas, document: Any) -> None:
    case = getattr(canvas, "report_case", "")
    page = canvas.getPageNumber() - getattr(canvas, "report_before", 0)
    canvas.saveState()
    canvas.setFont(fonts.REGULAR, 7)
    canvas.setFillColor(GREY)
    canvas.drawString(MARGIN, 10 * mm, f"case {case}" if case else "")
    canvas.drawRightString(A4[0] - MARGIN, 10 * mm, f"page {page}")
    canvas.restoreState()
