"""Cases with scans for the viewer, and what the viewer in a browser knows of them."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page
from ui_cases import RADIOLOGY, CaseMaker
from ui_server import Server

import made_series
from made_series import bad_files
from secondlook.cases import Attachment, NewCase
from secondlook.intake.parse import parse_file
from secondlook.settings import Limits

FIND = """[...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')]
  .map((x) => x.shadowRoot?.querySelector('.viewer')?.viewer).find(Boolean)"""
HARDWARE = """const before = WebGL2RenderingContext.prototype.getParameter;
WebGL2RenderingContext.prototype.getParameter = function (name) {
  const found = before.call(this, name);
  return typeof found === 'string' ? 'a graphics processor' : found;
};"""
"""Makes the viewer take WebGL2 although it is emulated here."""


@contextmanager
def fresh_page(browser: Browser, server: Server, **how: Any) -> Iterator[Page]:
    """A page of its own for whoever uses the server, at the size the UI is drawn for."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **how})
    server.sign_in(context)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def stored(maker: CaseMaker, path: Path) -> Attachment:
    """A file as intake takes it."""
    parsed = parse_file(path, path.name, Limits())
    assert not isinstance(parsed, tuple), parsed
    return Attachment(
        sha256=maker.workspace.blobs.put_file(path),
        name=path.name,
        media_type=parsed.media_type,
        size=path.stat().st_size,
        role=parsed.role,
        facts=parsed.facts,
    )


def case_of(
    maker: CaseMaker, title: str, *paths: Path, domain: str = RADIOLOGY, **facts: str
) -> str:
    """A case of these files."""
    files = tuple(stored(maker, x) for x in paths)
    new = NewCase(domain=domain, title=title, attachments=files, name=title, facts=facts)
    with maker.workspace.database.write() as unit:
        case = unit.cases.add(new, actor="test").id
        unit.commit()
    return case


def scan(path: Path, stored: NDArray[np.uint16], **values: Any) -> Path:
    """A DICOM file with these stored values."""
    path.write_bytes(bad_files.dicom_bytes(bad_files.dicom(stored, **values)))
    return path


def stack(folder: Path, count: int = 12, **values: Any) -> list[Path]:
    """An axial CT series, a slice each 3 mm, through the phantom's box."""
    return made_series.write_series(folder, [3.0 * i for i in range(count)], **values)


def waited(page: Page) -> None:
    """Until the first picture is there."""
    page.wait_for_function(f"() => {FIND}?.main?.frame && {FIND}.main.stats.draws > 0")


def ask(page: Page, expression: str, given: Any = None) -> Any:
    """What the viewer `v` says."""
    return page.evaluate(f"async (given) => {{ const v = {FIND}; return ({expression}); }}", given)


def canvas(page: Page, pane: str = "main", layer: str = "pixels") -> NDArray[np.uint8]:
    """What stands on a canvas, (H, W, 4)."""
    script = f"(v.draw(), v.{pane}.{layer}.toDataURL('image/png').split(',')[1])"
    data = base64.b64decode(ask(page, script))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def slice_shown(page: Page, number: int) -> None:
    """Wait until this slice, from 1, is shown."""
    page.wait_for_function(f"() => {FIND}.main.shown === {number - 1}")
    page.locator(".viewer .status").filter(has_text=f"Slice {number} /").wait_for()
