"""A workspace for made-up parts; this folder's helper modules by plain names."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from export_parts import Parts

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def parts(empty_home: Path) -> "Iterator[Parts]":
    """Makes parts with first looks and decisions in a workspace of its own."""
    from export_parts import Parts
    from secondlook.workspace import default_home
    from secondlook_workflows.context import open_context

    shutil.copytree(empty_home, default_home())
    context = open_context()
    yield Parts(context)
    context.workspace.database.dispose()
