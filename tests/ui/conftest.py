"""A small workspace with made-up cases, and the pages on it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).parent))  # helper modules beside this file

from ui_cases import CaseMaker, acknowledge_all
from ui_people import come_in, signed_in, signed_in_at
from ui_reading import stay
from ui_server import Server, serving

from secondlook.accounts.actor import ANY, Role
from secondlook.workspace import default_home, open_workspace
from secondlook_ui import pace, turn, workplace
from secondlook_ui.server import SCRIPT
from secondlook_ui.serving import allowed, frames

OpenPage = Callable[..., AppTest]
Become = Callable[..., None]


@pytest.fixture(scope="session")
def known_home(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace without cases, migrated once; its reviewers know what the domains are for."""
    home = tmp_path_factory.mktemp("known") / "home"
    shutil.copytree(empty_home, home)
    acknowledge_all(home, "Anna")
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
    """Opens a page in this process: `open_page("case", case=id)`; no waiting between cases.

    For Anna, a lead; `come_in` lets somebody else in.
    """
    monkeypatch.setattr(pace, "SETTLE_SECONDS", 0.0)
    come_in(monkeypatch, signed_in_at(default_home()) if default_home().exists() else None)

    def opened(page: str = "worklist", **query: str) -> AppTest:
        app = AppTest.from_file(str(SCRIPT), default_timeout=30)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        return app if page == "worklist" else stay(app, page)

    yield opened
    if default_home().exists():
        workplace.context().workspace.database.dispose()
    workplace.opened.cache_clear()
    turn.forget_counts()
    frames.forget()
    allowed.forget()


@pytest.fixture
def anna(maker: CaseMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anna, a lead, is signed in where no page is opened."""
    come_in(monkeypatch, signed_in_at(maker.workspace.home))


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Become:
    """Lets another person in: `become("Bert")` is a lead, `become(None)` nobody."""

    def changed(name: str | None, role: Role | None = Role.LEAD, domain: str = ANY) -> None:
        workspace = workplace.context().workspace
        token = None if name is None else signed_in(workspace, name, role, domain)
        come_in(monkeypatch, token)

    return changed


@pytest.fixture(scope="module")
def chromium() -> Path:
    """The browser; skips where it is missing."""
    path = Path("/usr/bin/chromium")
    if not path.exists():
        pytest.skip("needs a browser: install the Debian package `chromium`")
    return path
