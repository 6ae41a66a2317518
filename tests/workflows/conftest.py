"""A workspace, small good and bad plates, and a manual."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from learned_homes import Learned, begin_with, learned_in, write_goods
from plates import MANUAL, ingest_config, plate
from secondlook.workspace import default_home
from secondlook_workflows import ingest, learn
from secondlook_workflows.context import Context, open_context


@pytest.fixture(autouse=True, scope="module")
def parser_that_stays(kept_parser: None) -> None:
    """Here nobody tests how a parsing process starts."""


@pytest.fixture
def context(empty_home: Path) -> Iterator[Context]:
    """A fresh workspace with all plugins."""
    shutil.copytree(empty_home, default_home())
    context = open_context()
    yield context
    context.workspace.database.dispose()


@pytest.fixture
def goods(tmp_path: Path) -> Path:
    """A folder with twelve good plates."""
    return write_goods(tmp_path / "goods")


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A folder with a good plate, one with a hole, and the manual beside it."""
    folder = tmp_path / "parts"
    folder.mkdir()
    # Twelve goods say little of how far good plates spread: this one lies well inside.
    plate(109).save(folder / "fine.png")
    plate(101, hole=True).save(folder / "holed.png")
    (tmp_path / "manual.md").write_text(MANUAL)
    return folder


@pytest.fixture(scope="session")
def learned_once(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Learned:
    """A workspace with an adapter for the product `plate`."""
    place = tmp_path_factory.mktemp("learned")
    goods = write_goods(place / "goods")
    config = learn.LearnConfig(domain="defect-inspector", goods=goods, product="plate")
    return learned_in(place / "home", empty_home, config)


@pytest.fixture
def learned(context: Context, learned_once: Learned) -> learn.LearnReport:
    """An adapter for the product `plate`; ask for it before anything is put into the workspace."""
    return begin_with(learned_once, context)


@pytest.fixture
def ingested(context: Context, parts: Path) -> ingest.IngestReport:
    """The two plates as cases of the product `plate`, with the manual."""
    return ingest.run(ingest_config(parts), context)
