"""In a real browser: signing in, being refused, a session that ends while a draft is open.

Screenshots go to $SCREENSHOTS, if that names a folder.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import update
from test_ui_browser import browser, ready  # noqa: F401 - the first is a fixture
from ui_cases import RADIOLOGY, CaseMaker, acknowledge_all
from ui_people import signed_in
from ui_reading import stored
from ui_server import Server

from secondlook.accounts.actor import Role, local
from secondlook.store import clock
from secondlook.store.account_tables import SessionRow
from secondlook.workspace import Workspace
from secondlook_workflows.accounts import people
from secondlook_workflows.context import open_context

OWN = "seven plates on a tray"
OpenWindow = Callable[..., Page]


@pytest.fixture
def window(browser: Browser, server: Server) -> Iterator[OpenWindow]:  # noqa: F811 - the fixture
    """Opens windows, each of a browser of its own: `window(token, dark=True, width=768)`."""
    contexts = []

    def opened(
        token: str | None = None, *, dark: bool = False, width: int = 1280, height: int = 720
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        if token is not None:
            server.sign_in(context, token)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def cleared(page: Page, text: str) -> None:
    """Wait until nothing of a case is on the screen."""
    page.get_by_text("You are signed out").wait_for()
    for shown in (page.get_by_text(text), page.locator("img")):
        shown.first.wait_for(state="detached", timeout=5000)


def end_idle(workspace: Workspace, name: str) -> None:
    """As if nothing had been done for long."""
    with workspace.database.write() as unit:
        past = clock.now() - timedelta(seconds=1)
        unit._session.execute(
            update(SessionRow).where(SessionRow.user == name).values(idle_at=past)
        )
        unit.commit()


def one_time(maker: CaseMaker, name: str, role: Role) -> str:
    """A one-time passphrase of somebody new."""
    context = open_context(maker.workspace.home)
    given = people.add(name, role, local("test"), context).passphrase
    context.workspace.database.dispose()
    return given


@pytest.mark.parametrize("dark", [False, True])
def test_the_way_in_by_keyboard(
    shared_maker: CaseMaker, server: Server, window: OpenWindow, dark: bool
) -> None:
    name = f"Ina {dark}"
    given = one_time(shared_maker, name, Role.REVIEWER)
    page, theme = window(dark=dark), "dark" if dark else "light"
    case = shared_maker.assessed("plate to come back to")
    page.goto(f"{server.url}/case?case={case}")
    page.wait_for_url("**/sign-in?next=*")
    keep(page, f"sign-in-{theme}")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type("something else altogether")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    keep(page, f"sign-in-wrong-{theme}")
    assert page.get_by_label("Name").input_value() == name
    page.keyboard.type(given)
    page.keyboard.press("Enter")
    page.wait_for_url("**/passphrase")
    keep(page, f"one-time-{theme}")
    for text in (given, OWN, OWN):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    ready(page, f"worklist-{theme}", title="Worklist")
    assert page.get_by_text(name, exact=True).is_visible()
    page.get_by_role("button", name="Account").click()
    page.get_by_text("reviewer in all domains").wait_for()
    keep(page, f"account-{theme}")
    page.get_by_role("link", name="Change passphrase").click()
    page.wait_for_url("**/passphrase?next=*")
    keep(page, f"passphrase-{theme}")
    page.get_by_role("link", name="Back without a change").click()
    ready(page, title="Worklist")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    cleared(page, "plate")
    keep(page, f"signed-out-{theme}")
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/sign-in?*")
    assert len(page.context.pages) == 1, "in the same tab"
    keep(page, f"sign-in-ended-{theme}")


def test_a_draft_outlives_its_session(
    shared_maker: CaseMaker, server: Server, window: OpenWindow
) -> None:
    given = one_time(shared_maker, "Dana", Role.REVIEWER)
    case = shared_maker.assessed("plate with a draft")
    page = window()
    page.goto(f"{server.url}/case?case={case}")
    sign_in(page, "Dana", given)
    for label, text in (
        ("One-time passphrase", given),
        ("New passphrase", OWN),
        ("The same again", OWN),
    ):
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Go on").click()
    ready(page, title="Worklist")
    page.goto(f"{server.url}/case?case={case}")
    ready(page, title="plate with a draft")
    page.locator("textarea").fill("half a thought")
    end_idle(shared_maker.workspace, "Dana")
    page.keyboard.press("Tab")
    cleared(page, "plate with a draft")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_text("Drafts are kept").wait_for()
    sign_in(page, "Dana", OWN)
    page.wait_for_url(f"**/case?case={case}")
    ready(page, "draft-after", title="plate with a draft")
    assert page.locator("textarea").input_value() == "half a thought"
    assert stored(shared_maker.workspace, case)[1] == ()


def sign_in(page: Page, name: str, passphrase: str) -> None:
    """Fill the form and send it."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Passphrase").fill(passphrase)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_page_that_nobody_touches_is_cleared(
    shared_maker: CaseMaker, server: Server, window: OpenWindow
) -> None:
    case = shared_maker.assessed("plate of an unattended desk")
    page = window(signed_in(shared_maker.workspace, "Una"))
    page.goto(f"{server.url}/case?case={case}")
    ready(page, title="plate of an unattended desk")
    end_idle(shared_maker.workspace, "Una")
    cleared(page, "unattended desk")


def test_looking_and_scrolling_keeps_the_session(
    shared_maker: CaseMaker, server: Server, window: OpenWindow
) -> None:
    page = window(signed_in(shared_maker.workspace, "Wim"))
    page.clock.install()
    page.goto(f"{server.url}/case?case={shared_maker.assessed('plate to look at')}")
    page.get_by_text("plate to look at").first.wait_for()
    page.wait_for_timeout(1500)
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url))
    page.mouse.wheel(0, 50)
    assert not [x for x in told if x.endswith("/sl/active")], "not more than once a minute"
    page.clock.fast_forward(61_000)
    with page.expect_response("**/sl/active") as answered:
        page.mouse.wheel(0, 50)
    assert answered.value.status == 204


def test_what_a_viewer_may_not(shared_maker: CaseMaker, server: Server, window: OpenWindow) -> None:
    acknowledge_all(shared_maker.workspace.home, "Vera")
    case = shared_maker.assessed("plate for a viewer")
    page = window(signed_in(shared_maker.workspace, "Vera", Role.VIEWER))
    page.goto(f"{server.url}/case?case={case}")
    ready(page, "viewer", title="plate for a viewer")
    assert page.get_by_text("Deciding it takes the role reviewer").is_visible()
    assert not page.get_by_role("button", name="Scrap").count()
    page.keyboard.press("3")
    page.wait_for_timeout(700)
    assert stored(shared_maker.workspace, case)[1] == ()


def test_a_domain_that_somebody_has_no_role_in(
    shared_maker: CaseMaker, server: Server, window: OpenWindow
) -> None:
    workspace = shared_maker.workspace
    plate, chest = (
        shared_maker.assessed("plate"),
        shared_maker.assessed("a chest", domain=RADIOLOGY),
    )
    page = window(signed_in(workspace, "Rolf", Role.REVIEWER, RADIOLOGY))
    texts = []
    for wanted in (plate, "0" * 64):
        page.goto(f"{server.url}/case?case={wanted}")
        page.get_by_text("no such case, or you may not see it").wait_for()
        page.locator(".st-key-ready").get_by_text("ready").wait_for()
        texts.append(page.locator("[data-testid=stMain]").inner_text())
        assert not page.locator("img").count()
    assert texts[0] == texts[1]
    page.goto(f"{server.url}/case?case={chest}")
    page.get_by_text("Before first use").wait_for()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (820, 1180)])
def test_the_account_is_at_hand_on_every_page(
    shared_maker: CaseMaker, server: Server, window: OpenWindow, width: int, height: int
) -> None:
    case = shared_maker.assessed("plate")
    page = window(signed_in(shared_maker.workspace, "Anna"), width=width, height=height)
    for place in ("/", f"/case?case={case}", "/about"):
        page.goto(server.url + place)
        ready(page, f"account-{width}-{place.strip('/').partition('?')[0] or 'worklist'}")
        button = page.get_by_role("button", name="Account")
        box = button.bounding_box()
        assert box is not None and box["x"] + box["width"] <= width and box["y"] < 60
        button.click()
        page.get_by_role("button", name="Sign out").wait_for()
        page.keyboard.press("Escape")
