"""A workspace, small good and bad plates, and a manual."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from plates import MANUAL, ingest_config, plate
from secondlook.workspace import default_home
from secondlook_workflows import ingest, learn
from secondlook_workflows.context import Context, open_context


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
    folder = tmp_path / "goods"
    folder.mkdir()
    for seed in range(12):
        plate(seed).save(folder / f"good-{seed}.png")
    return folder


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


@pytest.fixture
def learned(context: Context, goods: Path) -> learn.LearnReport:
    """An adapter for the product `plate`."""
    config = learn.LearnConfig(domain="defect-inspector", goods=goods, product="plate")
    return learn.run(config, context)


@pytest.fixture
def ingested(context: Context, parts: Path) -> ingest.IngestReport:
    """The two plates as cases of the product `plate`, with the manual."""
    return ingest.run(ingest_config(parts), context)
