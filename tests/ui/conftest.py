"""A small workspace with made-up cases, and the pages on it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).parent))  # helper modules beside this file

from ui_cases import CaseMaker, acknowledge_all
from ui_reading import stay
from ui_server import Server, serving

from secondlook.workspace import default_home, open_workspace
from secondlook_ui import pace, session, turn
from secondlook_ui.server import SCRIPT
from secondlook_ui.serving import allowed, frames

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session")
def known_home(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace without cases, migrated once; its reviewers know what the domains are for."""
    home = tmp_path_factory.mktemp("known") / "home"
    shutil.copytree(empty_home, home)
    acknowledge_all(home, "Anna", session._system_user())
    return home


@pytest.fixture
def maker(known_home: Path) -> Iterator[CaseMaker]:
    """Makes cases with first looks in a workspace of its own."""
    shutil.copytree(known_home, default_home())
    workspace = open_workspace(default_home())
    yield CaseMaker(workspace)
    workspace.database.dispose()


@pytest.fixture(scope="module")
def shared_maker(known_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseMaker]:
    """Makes cases in the workspace that `server` serves to all tests of a module."""
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(known_home, home)
    workspace = open_workspace(home)
    yield CaseMaker(workspace)
    workspace.database.dispose()


@pytest.fixture(scope="module")
def server(shared_maker: CaseMaker) -> Iterator[Server]:
    """A running UI: starting one takes seconds."""
    with serving(shared_maker.workspace.home) as running:
        yield running


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Opens a page in this process: `open_page("case", case=id)`; no waiting between cases."""
    monkeypatch.setattr(pace, "SETTLE_SECONDS", 0.0)

    def opened(page: str = "worklist", **query: str) -> AppTest:
        app = AppTest.from_file(str(SCRIPT), default_timeout=30)
        app.session_state["reviewer"] = "Anna"
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        return app if page == "worklist" else stay(app, page)

    yield opened
    if default_home().exists():
        session.workspace().database.dispose()
    session._context.clear()
    turn.forget_counts()
    frames.forget()
    allowed.forget()


@pytest.fixture(scope="module")
def chromium() -> Path:
    """The browser; skips where it is missing."""
    path = Path("/usr/bin/chromium")
    if not path.exists():
        pytest.skip("needs a browser: install the Debian package `chromium`")
    return path
