"""The worklist in a real browser at 1280 by 720: nothing that matters is cut off at the right.

Screenshots go to $SCREENSHOTS, if that names a folder.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import text
from test_ui_browser import ARGUMENTS, READY
from ui_cases import RADIOLOGY, CaseMaker
from ui_server import Server

from radiology_assistant.policy_settings import TriageSettings
from secondlook.assessments import Abstention, Finding
from secondlook.store import clock

LONG = "Note suspects: pneumonia or consolidation"


@pytest.fixture
def page(chromium: Path, server: Server) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(30_000)
        server.sign_in(context)
        yield context.new_page()
        browser.close()


def exams(maker: CaseMaker) -> str:
    """Exams with long first looks, some of which waited long; one of them."""
    maker.workspace.database.queues = {RADIOLOGY: TriageSettings().queue()}
    declined = Abstention(part="image", reason="threshold_mismatch", message="Another model.")
    for number in range(6):
        came = datetime.now(UTC) - timedelta(hours=7 * number, minutes=11)
        with pytest.MonkeyPatch.context() as then:
            then.setattr(clock, "now", lambda came=came: came)
            case = maker.add(f"case 0e4861d6ae9{number}", domain=RADIOLOGY)
        if number % 2:
            finding = Finding(label="pneumonia", title=LONG, severity="urgent")
            maker.store(case, (finding,), abstention=declined, trained=True)
    with maker.workspace.database.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET product = NULL"))  # exams have none
    return case


def overflow(page: Page, name: str) -> int:
    """Pixels of the table that lie outside of what is seen of it."""
    page.wait_for_selector(READY)
    page.wait_for_timeout(1500)
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"worklist-{name}.png"))
    box = page.locator('[data-testid="stDataFrame"]').first.bounding_box()
    assert box is not None and box["x"] + box["width"] <= 1280
    grid = page.locator(".dvn-scroller").first
    return int(grid.evaluate("x => x.scrollWidth - x.clientWidth"))


def test_nothing_that_matters_is_cut_off(
    shared_maker: CaseMaker, server: Server, page: Page
) -> None:
    case = exams(shared_maker)
    page.goto(f"{server.url}/?domain=Radiology+assistant")
    assert overflow(page, "one-domain") <= 0
    titles = page.locator('[data-testid="stDataFrame"] th').all_inner_texts()
    assert [x for x in titles if x] == [
        "Title",
        "Band",
        "Waiting",
        "Why",
        "First look",
        "Recommended",
    ]
    with shared_maker.workspace.database.write() as unit:
        unit.leases.claim(case, "Bartholomew", minutes=15)
        unit.commit()
    shared_maker.assessed("plate")
    page.goto(f"{server.url}/?case=0")  # as one comes back from a case: without the sidebar
    assert overflow(page, "all-domains") <= 0
