"""What learning keeps in the workspace while it runs, so that a killed run can go on."""

import time
from collections.abc import Iterable
from pathlib import Path

from secondlook_workflows.adapters import adapter_id
from secondlook_workflows.context import Context
from secondlook_workflows.learning import Task

LEARNING = "learning"
"""In the workspace: what a killed run goes on from, and the logs of all runs."""
STATE = {".safetensors", ".part", ".json"}
"""Suffixes of states; logs have others."""
WEEK = 7 * 24 * 3600.0
"""Seconds after which nobody is expected to go on with a run."""


def kept_in(task: Task, context: Context) -> Path:
    """The folder for runs of this domain and product; each has a folder of its own in it."""
    name = adapter_id(task.config.domain, task.config.product, 0).rpartition("/")[0]
    return context.workspace.home / LEARNING / name


def forget(run: Path) -> None:
    """What an ended run leaves are its logs: states of pictures and texts say too much."""
    _remove(run.glob("*"))


def forget_old(context: Context) -> None:
    """The same for runs that ended in an error or were killed, and are not gone on with."""
    before = time.time() - WEEK
    _remove(x for x in (context.workspace.home / LEARNING).rglob("*") if _older(x, before))


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        if file.suffix in STATE:
            file.unlink(missing_ok=True)


def _older(file: Path, time: float) -> bool:
    try:
        return file.stat().st_mtime < time
    except OSError:  # its run ended meanwhile
        return False
