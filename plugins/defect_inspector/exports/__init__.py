"""Exports of inspected parts: regions for programs, nonconformance reports for people.

`formats` is all that the plugin registers. What is heavy is imported when a format is used.
"""

from collections.abc import Iterable
from typing import IO

from defect_inspector.exports.names import report_name
from defect_inspector.naming import NAME
from secondlook import CaseExport, Exporter, ExportReader


def formats() -> tuple[Exporter, ...]:
    """COCO, and the nonconformance report as HTML and as PDF."""
    return (
        Exporter(
            name="coco",
            description="regions as COCO annotations; in a folder with the pictures beside them",
            build=_coco,
            folder="annotations.json",
            domain=NAME,
        ),
        Exporter(
            name="ncr-html",
            description="nonconformance reports as one page; in a folder one for each case",
            build=_html,
            folder=lambda x: report_name(x, ".html"),
            domain=NAME,
        ),
        Exporter(
            name="ncr-pdf",
            description="nonconformance reports as one PDF; in a folder one for each case",
            build=_pdf,
            binary=True,
            folder=lambda x: report_name(x, ".pdf"),
            domain=NAME,
        ),
    )


def _coco(cases: Iterable[CaseExport], out: IO[bytes], reader: ExportReader) -> int:
    from defect_inspector.exports.coco import write_coco

    return write_coco(cases, out, reader)


def _html(cases: Iterable[CaseExport], out: IO[bytes], reader: ExportReader) -> int:
    from defect_inspector.exports.html import write_html

    return write_html(cases, out, reader)


def _pdf(cases: Iterable[CaseExport], out: IO[bytes], reader: ExportReader) -> int:
    from defect_inspector.exports.pdf import write_pdf

    return write_pdf(cases, out, reader)
