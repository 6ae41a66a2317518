"""Folders among the adapters that no adapter of the database names.

An adapter's folder is written under a hidden name, shown in one step, and then named by a row. A
kill before that step leaves a half-written folder, which is of no use to anybody. A whole one that
no row names may be left by a kill too, but also another database's adapter: it is removed only
where that was asked for by name, and `adapters import` takes it in.

Nothing is removed that was touched within a day, as its writer may be at work; and one that slept
for longer is safe as well. Who clears and who names an adapter take turns: both add to the
workspace's audit chain, which locks it, before they look. A folder that was named first is kept,
and a writer whose folder was cleared first writes it again.
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
"""Seconds in which nothing in a folder was touched, before it counts as left."""
CARD = "adapter.json"


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A folder that no adapter of this database names."""

    name: str
    """Its path in the folder of the adapters."""
    folder: Path

    @property
    def whole(self) -> bool:
        """Whether it is shown with its card, and not half-written."""
        return not self.folder.name.startswith(".")


@dataclass(frozen=True, kw_only=True)
class ClearReport:
    """The fields of `adapters clear --json`: what there is still, and what is gone."""

    half_written: tuple[str, ...]
    """Left by a kill."""
    unnamed: tuple[str, ...]
    """Whole ones; an adapter of another database may name them."""
    removed: tuple[str, ...]


def found(workspace: Workspace) -> list[Leftover]:
    """The folders that were left, by name. Only those of this machine can be seen.

    Raises AdapterError where a folder cannot be read.
    """
    root = workspace.adapters
    with workspace.database.read() as unit:
        named = {x.path for x in unit.adapters.all()}
    try:
        folders = {x.relative_to(root).as_posix(): x for x in _below(root)}
    except OSError as error:
        raise AdapterError(
            f"cannot look for adapters in {error.filename or root}: {error.strerror}; make it "
            "readable, or remove it by hand"
        ) from error
    return [
        Leftover(name=name, folder=folder)
        for name, folder in sorted(folders.items())
        if name not in named and _quiet(folder)
    ]


def clear(context: Context, *, remove: bool = False, unnamed: bool = False) -> ClearReport:
    """What was left: looked at, or removed.

    Args:
        remove: remove what is half-written.
        unnamed: with `remove`, remove whole adapters too.

    Raises AdapterError for a folder that cannot be read or removed.
    """
    left = found(context.workspace)
    gone = {x.name for x in left if remove and (unnamed or not x.whole) and _cleared(x, context)}
    still = [x for x in left if x.name not in gone]
    return ClearReport(
        half_written=tuple(x.name for x in still if not x.whole),
        unnamed=tuple(x.name for x in still if x.whole),
        removed=tuple(sorted(gone)),
    )


def _cleared(left: Leftover, context: Context) -> bool:
    aside = left.folder.with_name(f".cleared-{uuid4().hex}")
    at = left.folder
    try:
        with context.workspace.database.write() as unit:
            # First: it locks the chain, so that nobody names an adapter until this is over.
            unit.audit.append(WORKSPACE, "adapter.cleared", context.actor, {"folder": left.name})
            if any(x.path == left.name for x in unit.adapters.all()) or not _quiet(left.folder):
                return False
            left.folder.rename(aside)
            at = aside
            unit.commit()
        shutil.rmtree(aside)
    except OSError as error:
        raise AdapterError(
            f"cannot clear {left.name} of the adapters: {error.strerror}; remove {at} by hand"
        ) from error
    return True


def _below(folder: Path) -> Iterator[Path]:
    """Adapters and half-written folders below a folder; links are nobody's leftovers."""
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:  # nothing was learned yet, or somebody just moved it
        return
    for path in paths:
        if path.is_symlink() or not path.is_dir():
            continue
        if path.name.startswith(".") or (path / CARD).is_file():
            yield path
        else:
            yield from _below(path)


def _quiet(folder: Path) -> bool:
    """Whether nobody has touched a folder for long; not, where it changes while it is looked at."""
    try:
        latest = max(x.lstat().st_mtime for x in (folder, *folder.rglob("*")))
    except OSError:
        return False
    return time.time() - latest > QUIET
