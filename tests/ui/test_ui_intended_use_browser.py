"""In a real browser: no picture of a case is sent, or kept, before its reviewer has acknowledged."""

from playwright.sync_api import Page, Request
from test_ui_browser import browser, page, ready  # noqa: F401 - the first two are fixtures
from ui_cases import RADIOLOGY, CaseMaker
from ui_server import Server

MEDIA = "/media/"


def test_pictures_are_sent_to_those_who_acknowledged_and_taken_back_from_others(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,  # noqa: F811 - the fixture
) -> None:
    case = shared_maker.assessed("chest of somebody", domain=RADIOLOGY)
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(server.url + MEDIA):
            sent.append(request.url)

    page.on("request", note)
    page.goto(f"{server.url}/case?case={case}")
    ready(page, title="chest of somebody")
    assert sent, "this machine's user has acknowledged"
    paths = {x.removeprefix(server.url) for x in sent}
    assert {server.get(x).status for x in paths} == {200}

    sent.clear()
    name = page.get_by_label("Reviewer")
    if not name.is_visible():
        page.get_by_test_id("stExpandSidebarButton").click()
    name.fill("Bert")
    name.press("Enter")
    ready(page, "intended-use", title="Before first use: Radiology assistant")
    assert not page.get_by_text("chest of somebody").count()
    assert {server.get(x).status for x in paths} == {404}, "gone from the server's memory"
    assert sent == []
