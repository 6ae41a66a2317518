"""In a real browser: no picture of a case is asked for before its reviewer has acknowledged.

That none is answered either, whoever asks, is in test_ui_pixels."""

from playwright.sync_api import Page, Request
from test_ui_browser import browser, page, ready  # noqa: F401 - the first two are fixtures
from ui_cases import RADIOLOGY, CaseMaker
from ui_people import signed_in
from ui_server import COOKIE, Server
from ui_web import Browser as Web

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
    server.sign_in(page.context, signed_in(shared_maker.workspace, "Anna"))
    page.goto(f"{server.url}/case?case={case}")
    ready(page, title="chest of somebody")
    assert sent, "Anna has acknowledged"
    paths = {x.removeprefix(server.url) for x in sent}
    assert {server.get(x).status for x in paths} == {200}, "by another session of hers, too"
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out").wait_for()
    assert {Web(server.port).send("GET", x).status for x in paths} == {401}

    sent.clear()
    token = signed_in(shared_maker.workspace, "Bert")
    bert = Web(server.port, {f"{COOKIE}-{server.port}": token})
    assert {bert.send("GET", x).status for x in paths} == {404}, "he has acknowledged nothing"
    server.sign_in(page.context, token)
    page.goto(f"{server.url}/case?case={case}")
    ready(page, "intended-use", title="Before first use: Radiology assistant")
    assert not page.get_by_text("chest of somebody").count()
    assert sent == []
    assert page.locator(".viewer").count() == 0
