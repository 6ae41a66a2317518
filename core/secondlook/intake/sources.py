"""Finds the files of a source. A folder is walked in one fixed order and never left."""

import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from secondlook.intake.names import safe_name
from secondlook.intake.outcome import QuarantinedFile, Reason

Place = tuple[int, int]  # device and inode: the identity of a folder


@dataclass(frozen=True)
class FoundFile:
    """A file to read."""

    path: Path
    source: str
    """Path relative to the source that was named, safe to display."""


def walk(sources: Sequence[Path]) -> Iterator[FoundFile | QuarantinedFile]:
    """Every file of the sources, in the order given; folders sorted by name, files among folders.

    Hidden entries are skipped. Links are followed inside of a folder; one that leaves it, goes
    round in a circle or leads nowhere is put aside, and its neighbours go on.
    """
    for source in sources:
        if source.is_dir():
            yield from _Walk(source).run()
        elif source.exists():
            yield FoundFile(source, safe_name(source.name))
        else:
            yield _missing(source.name, "There is no such file or folder.")


class _Walk:
    """One walk through one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inside = root.resolve()
        self._seen: set[Place] = set()

    def run(self) -> Iterator[FoundFile | QuarantinedFile]:
        # A stack instead of recursion: folders may be nested more deeply than Python's calls.
        stack: list[tuple[Path, frozenset[Place]]] = [(self._root, frozenset())]
        while stack:
            path, above = stack.pop()
            try:
                if path.is_symlink() and path != self._root and (bad := self._check(path, above)):
                    yield bad
                elif path.is_dir():
                    stack.extend(self._enter(path, above))
                else:
                    yield FoundFile(path, self._name(path))
            except OSError as error:
                yield self._unreadable(path, error)

    def _enter(self, path: Path, above: frozenset[Place]) -> list[tuple[Path, frozenset[Place]]]:
        """What lies in the folder, last first; nothing if another link led here before."""
        place = _place(path)
        if place in self._seen:
            return []
        entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
        self._seen.add(place)
        return [(entry, above | {place}) for entry in reversed(entries)]

    def _check(self, link: Path, above: frozenset[Place]) -> QuarantinedFile | None:
        """What is wrong with a link."""
        try:
            target = link.resolve(strict=True)
        except (RuntimeError, OSError) as error:
            if isinstance(error, RuntimeError) or error.errno == errno.ELOOP:
                return self._loop(link)
            return _missing(self._name(link), "The link leads to nothing.")
        if not target.is_relative_to(self._inside):
            detail = "The link leaves the folder; name its target as a source of its own."
            return QuarantinedFile(self._name(link), Reason.OUTSIDE_SOURCE, detail)
        return self._loop(link) if target.is_dir() and _place(target) in above else None

    def _loop(self, link: Path) -> QuarantinedFile:
        detail = "The link leads back to where it lies; remove it."
        return QuarantinedFile(self._name(link), Reason.LINK_LOOP, detail)

    def _unreadable(self, path: Path, error: OSError) -> QuarantinedFile:
        detail = f"It cannot be opened: {error.strerror}."
        return QuarantinedFile(self._name(path), Reason.UNREADABLE, detail)

    def _name(self, path: Path) -> str:
        return safe_name(path.relative_to(self._root).as_posix())


def _place(path: Path) -> Place:
    status = path.stat()
    return status.st_dev, status.st_ino


def _missing(name: str, detail: str) -> QuarantinedFile:
    return QuarantinedFile(safe_name(name), Reason.NOT_FOUND, detail)
