"""Workspaces in which something was learned once, for all tests that begin from there."""

import shutil
from pathlib import Path

from plates import plate
from secondlook_workflows import learn
from secondlook_workflows.context import Context, open_context

Learned = tuple[Path, learn.LearnReport]
"""The workspace, to be copied, and what learning said the last time."""


def write_goods(folder: Path) -> Path:
    """Twelve good plates."""
    folder.mkdir()
    for seed in range(12):
        plate(seed).save(folder / f"good-{seed}.png")
    return folder


def learned_in(home: Path, begun: Path, config: learn.LearnConfig) -> Learned:
    """Learn in a copy of a workspace."""
    shutil.copytree(begun, home)
    context = open_context(home)
    report = learn.run(config, context)
    context.workspace.database.dispose()
    return home, report


def begin_with(learned: Learned, context: Context) -> learn.LearnReport:
    """Let an empty workspace go on from where something was learned."""
    home, report = learned
    with context.workspace.database.read() as unit:
        assert not unit.runs.all(limit=1), "something was done in this workspace already"
    context.workspace.database.dispose()
    shutil.copytree(home, context.workspace.home, dirs_exist_ok=True)
    return report
