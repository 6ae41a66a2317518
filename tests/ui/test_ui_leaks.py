"""An error quotes what it is about; neither a page nor the log of the server may do so."""

import logging

import pytest
from playwright.sync_api import Browser
from test_ui_browser import browser  # noqa: F401 - a fixture
from ui_cases import CaseMaker
from ui_server import serving
from ui_web import Browser as Client

from secondlook_ui import trouble

NAME = "Planted Person"
SPOILED = f"""
import streamlit as st
from secondlook.accounts import passphrases
from secondlook.store.worklist import Worklist
from secondlook_ui import about, account, shown
from secondlook_workflows.accounts import set_up

def broken(*_, **__):
    raise ValueError("{NAME}")

shown.read = broken
about._plugins = broken
Worklist.page = broken
set_up.is_good = broken
passphrases.matches = broken
drawn = []
stands = account.session.stands

def later():
    drawn.append(1)
    return stands() if len(drawn) == 1 else broken()

account.session.stands = later
account._watch = st.fragment(run_every=2)(account._watch.__wrapped__)
"""
"""Pages, a part of a page that runs by itself, a route of ours, and one in a thread."""


def test_what_breaks_is_told_without_what_it_quotes(
    maker: CaseMaker,
    browser: Browser,  # noqa: F811 - the fixture
) -> None:
    with serving(maker.workspace.home, broken=SPOILED) as server:
        context = browser.new_context()
        server.sign_in(context)
        page, shown = context.new_page(), []
        for place in ("/", "/case?case=1", "/about"):
            page.goto(server.url + place)
            page.get_by_text(trouble.UNEXPECTED).first.wait_for(timeout=30_000)
            shown.append(page.content())
        page.wait_for_timeout(3000)  # the part that runs by itself breaks meanwhile
        shown.append(page.content())
        client = Client(server.port)
        answers = [
            client.page("/set-up?token=x"),
            client.sign_in("Anna", "something else altogether"),
        ]
        context.close()
        server.process.terminate()
        logged = server.process.communicate(timeout=20)[1]
    assert [x.status for x in answers] == [500, 500]
    for text in (logged, *shown, *(x.text for x in answers)):
        assert NAME not in text
    assert "ValueError" in logged and "in broken" in logged, "where it broke is told"
    assert "in later" in logged, "a fragment runs outside of what catches the errors of pages"


def test_no_library_logs_what_an_error_quotes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging, "_logRecordFactory", logging.getLogRecordFactory())
    trouble.quiet_logs()
    try:
        raise ValueError(NAME)
    except ValueError:
        logging.getLogger("borrowed").exception("it broke: %s", NAME)
        logging.getLogger("borrowed").warning("no error of %s", "ours")
    assert NAME not in caplog.text
    assert "ValueError" in caplog.text and "no error of ours" in caplog.text
