"""The whole way in a real browser: worklist, next case, decide by key, saved.

Screenshots go to $SCREENSHOTS, if that names a folder.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from test_ui_hostile import EVIL
from test_ui_judged import described, held_by, manual
from ui_cases import RADIOLOGY, CaseMaker, neighbours
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
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A fresh page at the size the UI is drawn for, in which Anna is signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    server.sign_in(context)
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
    picture = page.locator(".viewer .stage").bounding_box()
    assert picture is not None and picture["y"] + picture["height"] < 720


def top(page: Page, name: str) -> float:
    """How far down a button stands."""
    box = page.get_by_role("button", name=name).bounding_box()
    assert box is not None
    return box["y"]


def test_similar_cases_leave_the_deciding_part_where_it_is(
    shared_maker: CaseMaker, server: Server, page: Page
) -> None:
    alone = shared_maker.assessed("alone")
    page.goto(f"{server.url}/case?case={alone}")
    ready(page)
    before = {x: top(page, x) for x in ("Accept", "Hold", "Skip")}
    at_hand, _ = neighbours(shared_maker, 3)
    page.goto(f"{server.url}/case?case={at_hand}")
    ready(page, "similar")
    assert {x: top(page, x) for x in before} == pytest.approx(before, abs=2)
    row = page.locator(".st-key-similar").bounding_box()
    for number in range(3):
        card = page.get_by_role("button", name="Open").nth(number).bounding_box()
        assert card is not None and row is not None
        assert card["y"] + card["height"] <= row["y"] + row["height"]
        assert card["height"] >= 24, "a target that a finger or a shaking hand meets"


def test_the_map_is_chosen_and_a_similar_case_looked_at_without_losing_the_draft(
    shared_maker: CaseMaker, server: Server, page: Page
) -> None:
    at_hand, others = neighbours(shared_maker, 1, title="opened from a card")
    shared_maker.look(at_hand, more=(shared_maker.label_map(at_hand, "pore"),))
    page.goto(f"{server.url}/case?case={at_hand}")
    ready(page)
    page.locator("textarea").fill("only dust")
    page.get_by_label("Which map").select_option("what speaks for pore or blowhole")
    page.get_by_text("The brighter, the more it speaks for pore or blowhole").wait_for()
    ready(page, "map-of-a-label")
    card = page.locator('[class*="st-key-alike-card"]').filter(has_text="opened from a card 0")
    card.get_by_role("button", name="Open").click()
    page.wait_for_url(f"**case={others[0]}*")
    ready(page, "similar-opened", title="opened from a card 0")
    page.keyboard.press("u")
    page.wait_for_url(f"**case={at_hand}*")
    ready(page, title="at hand")
    expect(page.locator("textarea")).to_have_value("only dust")
    page.keyboard.press("2")
    page.get_by_text("Saved ").first.wait_for()
    [decision] = stored(shared_maker.workspace, at_hand)[1]
    assert (decision.disposition, decision.reason) == ("rework", "only dust")


def test_image_first_sends_nothing_of_similar_cases_before_it_is_asked(
    shared_maker: CaseMaker, server: Server, page: Page
) -> None:
    at_hand, _ = neighbours(shared_maker, 2, title="chest", domain=RADIOLOGY)
    page.goto(f"{server.url}/case?case={at_hand}")
    ready(page, "image-first")
    assert page.locator(".viewer canvas.pixels").count() == 1
    assert page.locator("img").count() == 0
    assert "chest 0" not in page.content() and "look alike" not in page.content()
    page.keyboard.press("m")
    page.get_by_text("chest 0", exact=True).wait_for()
    ready(page, "image-first-shown")
    assert page.locator(".st-key-similar img").count() == 2


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


def test_the_deciding_clause_is_in_sight_whatever_stands_around_it(
    shared_maker: CaseMaker, server: Server, page: Page
) -> None:
    at_hand, _ = neighbours(shared_maker, 3, title="beside a clause")
    described(shared_maker, manual(1), "A")
    shared_maker.store(at_hand, ())
    described(shared_maker, manual(2), "2026-03")
    note = "the limit lies within the measuring uncertainty"
    held_by(shared_maker, at_hand, manual(2), applies=None, note=note)
    page.goto(f"{server.url}/case?case={at_hand}")
    ready(page, "deciding-clause")
    box = page.locator(".st-key-look").bounding_box()
    clause = page.locator('[class*="st-key-passage-ruling-0-decides"]').first.bounding_box()
    assert page.get_by_text("Accept → Hold: manual revision 2026-03").is_visible()
    assert box is not None and clause is not None
    assert clause["y"] + clause["height"] <= box["y"] + box["height"]
