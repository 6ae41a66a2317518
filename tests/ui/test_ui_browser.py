"""The whole way in a real browser: worklist, next case, decide by key, saved.

Screenshots go to $SCREENSHOTS, if that names a folder.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from test_ui_hostile import EVIL
from ui_cases import CaseMaker
from ui_reading import stored
from ui_server import Server

READY = '[data-testid="stApp"][data-test-script-state="notRunning"] .st-key-ready'
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
SETTLED = 700
"""Milliseconds after which a key counts; see `secondlook_ui.pace`."""


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """One browser for all tests here."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page at the size the UI is drawn for."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def ready(page: Page, name: str | None = None, title: str | None = None) -> None:
    """Wait until the page takes keys; keep a picture of it.

    After a change of page, give the title of the case: until it is drawn, the ready mark that is
    seen is the old page's, and a key pressed then is refused as too soon.
    """
    if title is not None:
        page.get_by_text(title, exact=True).first.wait_for()
    page.wait_for_selector(READY)
    page.wait_for_timeout(SETTLED)
    page.wait_for_selector(READY)
    if name and (folder := os.environ.get("SCREENSHOTS")):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_day_by_keyboard(shared_maker: CaseMaker, server: Server, page: Page) -> None:
    first = shared_maker.assessed("plate 17", score=9.0)
    second = shared_maker.assessed("plate 18", score=8.0)
    page.goto(server.url)
    ready(page, "worklist")
    page.keyboard.press("n")
    page.wait_for_url(f"**case={first}*")
    ready(page, "case", title="plate 17")
    page.keyboard.press("3")
    page.wait_for_url(f"**case={second}*")
    ready(page, "next", title="plate 18")
    assert page.get_by_text("Saved ").first.is_visible()
    assert [x.disposition for x in stored(shared_maker.workspace, first)[1]] == ["scrap"]
    page.keyboard.press("u")
    page.wait_for_url(f"**case={first}*")
    ready(page, "decided", title="plate 17")
    assert page.get_by_text("Decided: Scrap").is_visible()


def test_the_deciding_part_fits_the_screen(
    shared_maker: CaseMaker, server: Server, page: Page
) -> None:
    page.goto(f"{server.url}/case?case={shared_maker.assessed()}")
    ready(page)
    for name in ("Accept", "Rework", "Scrap", "Hold", "Skip"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box is not None and box["y"] + box["height"] < 720
    picture = page.locator(".st-key-picture img").bounding_box()
    assert picture is not None and picture["y"] + picture["height"] < 720


def test_typing_fires_no_key_and_is_kept(
    shared_maker: CaseMaker, server: Server, page: Page
) -> None:
    case = shared_maker.assessed()
    page.goto(f"{server.url}/case?case={case}")
    ready(page)
    page.locator("textarea").fill("")
    page.locator("textarea").press_sequentially("1 pore, 2 scratches, none through")
    page.keyboard.press("Tab")
    page.get_by_text("draft kept").wait_for()
    assert stored(shared_maker.workspace, case)[1] == ()
    page.reload()
    ready(page, "draft")
    assert page.locator("textarea").input_value() == "1 pore, 2 scratches, none through"


def test_choosing_a_row_opens_it(shared_maker: CaseMaker, server: Server, page: Page) -> None:
    case = shared_maker.assessed("plate 20")
    page.goto(f"{server.url}/?search=plate+20")
    ready(page)
    table = page.locator("[data-testid=stDataFrame]").bounding_box()
    assert table is not None
    page.mouse.click(table["x"] + 120, table["y"] + 52)
    page.wait_for_url(f"**case={case}*")


def test_nothing_leaves_and_nothing_runs(
    shared_maker: CaseMaker, server: Server, page: Page
) -> None:
    case = shared_maker.add(EVIL, clause=EVIL, name=EVIL)
    shared_maker.look(case, found=EVIL, adapter=EVIL)
    tried: list[str] = []
    page.on("request", lambda request: tried.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for place in ("/", f"/case?case={case}", "/about", "/case?case=![x](https://evil.example/y)"):
        page.goto(server.url + place)
        ready(page, "about" if place == "/about" else None)
    own = (f"{server.url}/", f"ws://127.0.0.1:{server.port}/", "data:", "blob:")
    assert tried and [x for x in tried if not x.startswith(own)] == []
