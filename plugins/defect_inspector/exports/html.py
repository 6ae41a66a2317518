"""Nonconformance reports as one HTML file that runs nothing and fetches nothing.

Everything from outside is escaped by the template; the policy in the page lets a browser take
styles and pictures from the page itself alone, whatever stands in it.
"""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from typing import IO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from defect_inspector.exports.content import report
from secondlook import CaseExport, ExportReader


def write_html(cases: Iterable[CaseExport], out: IO[bytes], reader: ExportReader) -> int:
    """One page with a report for each case, written one after the other."""
    pages = _templates()
    style = pages.loader_text("report.css")
    count = 0
    out.write(pages.render("head.html", style=Markup(style), style_hash=_digest(style)))
    for item in cases:
        out.write(pages.render("report.html", report=report(item, reader), data=_data))
        count += 1
    out.write(pages.render("tail.html", count=count))
    return count


class _Templates:
    def __init__(self) -> None:
        loader = PackageLoader("defect_inspector.exports")
        self._found = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._loader = loader

    def loader_text(self, name: str) -> str:
        return self._loader.get_source(self._found, name)[0]

    def render(self, name: str, **values: object) -> bytes:
        return self._found.get_template(name).render(**values).encode()


@cache
def _templates() -> _Templates:
    return _Templates()


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _data(jpeg: bytes) -> str:
    """The picture inside the page."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
