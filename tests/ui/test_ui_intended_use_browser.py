"""In a real browser: no picture of a case is asked for before its reviewer has acknowledged.

That none is answered either, whoever asks, is in test_ui_pixels."""

from playwright.sync_api import Page, Request
from test_ui_browser import browser, page, ready  # noqa: F401 - the first two are fixtures
from ui_cases import RADIOLOGY, CaseMaker
from ui_server import Server

PIXELS = "/sl/pixels/"


def test_pictures_are_sent_to_those_who_acknowledged_and_to_nobody_else(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,  # noqa: F811 - the fixture
) -> None:
    case = shared_maker.assessed("chest of somebody", domain=RADIOLOGY)
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(server.url + PIXELS):
            sent.append(request.url)

    page.on("request", note)
    page.goto(f"{server.url}/case?case={case}")
    ready(page, title="chest of somebody")
    assert sent, "this machine's user has acknowledged"

    sent.clear()
    name = page.get_by_label("Reviewer")
    if not name.is_visible():
        page.get_by_test_id("stExpandSidebarButton").click()
    name.fill("Bert")
    name.press("Enter")
    ready(page, "intended-use", title="Before first use: Radiology assistant")
    assert not page.get_by_text("chest of somebody").count()
    assert sent == []
    assert page.locator(".viewer").count() == 0
