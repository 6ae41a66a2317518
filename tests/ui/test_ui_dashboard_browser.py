"""In a real browser: charts are drawn under our content security policy, hovered and saved.

Screenshots go to $SCREENSHOTS, if that names a folder.
"""

import csv
import io
import os
from pathlib import Path

from playwright.sync_api import Browser
from test_ui_browser import READY, browser  # noqa: F401 - the second is a fixture
from test_ui_dashboard import PEOPLE, decided
from ui_cases import CaseMaker
from ui_server import Server

POINT = '[data-testid="stVegaLiteChart"] .mark-symbol path'


def test_a_chart_is_drawn_hovered_and_saved(
    browser: Browser,  # noqa: F811 - the fixture
    server: Server,
    shared_maker: CaseMaker,
) -> None:
    for i in range(6):
        decided(shared_maker, i, PEOPLE[i % 3], rejected=i == 0)
    context = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme="dark")
    server.sign_in(context)
    page, problems, asked = context.new_page(), list[str](), list[str]()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/dashboard")
    page.wait_for_selector(READY)
    page.locator(POINT).first.hover()
    page.locator("#vg-tooltip-element").get_by_text("outcome").wait_for()
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "dashboard-dark.png")
    page.mouse.move(0, 0)
    with page.expect_download() as saved:
        page.keyboard.press("Shift+S")
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text(encoding="utf-8"))))
    assert sorted((x["outcome"], x["decided"]) for x in rows) == [("Accept", "1"), ("Hold", "5")]
    assert not problems, "a compiled expression would be refused here"
    assert all(x.startswith((server.url, "data:", "blob:")) for x in asked)
    context.close()
