"""What a kill leaves among the adapters: folders that no adapter names, and half-written ones.

An adapter's folder is written under a hidden name, shown in one step, and then named by a row. A
kill in between leaves one or the other. Nothing is removed that was touched within a day, as its
writer may be at work; and one that slept for longer is safe as well. Who clears and who names an
adapter take turns: both add to the workspace's audit chain, which locks it, before they look. A
folder that was named first is kept, and a writer whose folder was cleared first writes it again.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from secondlook.errors import AdapterError
from secondlook.store.audit import WORKSPACE
from secondlook.workspace import Workspace
from secondlook_workflows.context import Context

QUIET = 24 * 3600
"""Seconds in which nothing in a folder was touched, before it counts as left by a kill."""
CARD = "adapter.json"


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A folder that a kill left."""

    name: str
    """Its path in the folder of the adapters."""
    folder: Path


def found(workspace: Workspace) -> list[Leftover]:
    """The folders that were left, by name. Only those of this machine can be seen."""
    root = workspace.adapters
    with workspace.database.read() as unit:
        named = {x.path for x in unit.adapters.all()}
    folders = {x.relative_to(root).as_posix(): x for x in _unfinished(root)}
    return [
        Leftover(name=name, folder=folder)
        for name, folder in sorted(folders.items())
        if name not in named and _quiet(folder)
    ]


def clear(context: Context, *, remove: bool = False) -> list[str]:
    """The names of what was left; with `remove` of what is gone now.

    Raises AdapterError for a folder that cannot be removed.
    """
    left = found(context.workspace)
    if not remove:
        return [x.name for x in left]
    return [x.name for x in left if _cleared(x, context)]


def _cleared(left: Leftover, context: Context) -> bool:
    aside = left.folder.with_name(f".cleared-{uuid4().hex}")
    try:
        with context.workspace.database.write() as unit:
            # First: it locks the chain, so that nobody names an adapter until this is over.
            unit.audit.append(WORKSPACE, "adapter.cleared", context.actor, {"folder": left.name})
            if any(x.path == left.name for x in unit.adapters.all()) or not _quiet(left.folder):
                return False
            left.folder.rename(aside)
            unit.commit()
        shutil.rmtree(aside)
    except OSError as error:
        raise AdapterError(
            f"cannot clear {left.name} of the adapters: {error.strerror}; remove it by hand"
        ) from error
    return True


def _unfinished(folder: Path) -> Iterator[Path]:
    """Adapters and half-written folders below a folder; links are nobody's leftovers."""
    for path in folder.iterdir():
        if path.is_symlink() or not path.is_dir():
            continue
        if path.name.startswith(".") or (path / CARD).is_file():
            yield path
        else:
            yield from _unfinished(path)


def _quiet(folder: Path) -> bool:
    """Whether nobody has touched a folder for long; not, where it changes while it is looked at."""
    try:
        latest = max(x.lstat().st_mtime for x in (folder, *folder.rglob("*")))
    except OSError:
        return False
    return time.time() - latest > QUIET
