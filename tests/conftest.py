"""Every test starts from a clean environment; databases come from `database_fixtures`."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tiny_checkpoints import Tiny

# Before torch is loaded, here and in subprocesses: tiny models are slower on several threads, and
# one thread gives the same sums every time.
os.environ["OMP_NUM_THREADS"] = "1"

# A suite that a shell runs in the background starts with Ctrl-C ignored, and so would every
# process it starts: those that are interrupted in tests would run for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

sys.path.insert(0, str(Path(__file__).parent))  # helper modules of the tests, by plain names

pytest_plugins = ["database_fixtures"]

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

LONGEST = (
    "test_labelled.py", "test_kill.py", "test_radiology_learned.py", "test_evaluate_exams.py",
    "test_serve.py", "test_durable.py", "test_quantize.py", "test_ui_browser.py", "test_int8.py",
    "test_beside_goods.py", "test_explain.py", "test_commission.py", "test_radiology_page.py",
)  # fmt: skip
"""Files that take longest: first, so that no worker sits over one when all others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; all others as they were collected."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda x: places.get(x.path.name, len(LONGEST)))


@pytest.fixture(autouse=True)
def logs_are_heard() -> None:
    """What one test, or a library that it loads, silenced for the whole process is heard again.

    Exporting to OpenVINO leaves every handler there is at ERROR, those of `caplog` too.
    """
    logging.disable(logging.NOTSET)
    for handler in logging.root.handlers:
        handler.setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting of this machine reaches a test, and a stray workspace lands in its folder."""
    for name in [x for x in os.environ if x.startswith("SECONDLOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    yield


@pytest.fixture
def shared_data() -> Path:
    """The folder of public data beside the repository; skips where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the data folder ../shared/data beside the repository")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> "Tiny":
    """What builds tiny checkpoints: `tiny("clip")` is a folder that nobody changes."""
    from tiny_checkpoints import checkpoint  # transformers takes seconds to import

    return partial(checkpoint, tmp_path_factory)


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace without cases, migrated once, to be copied: that is quicker than a new one."""
    from secondlook.workspace import init_workspace

    home = tmp_path_factory.mktemp("empty") / "home"
    init_workspace(home).database.dispose()
    return home


@pytest.fixture(scope="module")
def kept_parser() -> Iterator[None]:
    """The tests of a module read files in one parsing process, which ends with the module."""
    from kept_parser import kept_processes

    with kept_processes():
        yield
