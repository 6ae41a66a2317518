"""Files and folders that appear whole or not at all, and never over something by chance."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from secondlook.errors import UsageError


def check_place(out: Path, *, into_folder: bool, force: bool) -> None:
    """Raises UsageError for a place that nothing can be written to without harm."""
    if into_folder and out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file, and this needs a folder: choose another --out")
    if not into_folder:
        _check_file(out, force=force)


@contextmanager
def whole_file(out: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file to write. It takes its place once it is complete; else what was there stays."""
    place = out.resolve()  # where a link points to is written, and the link stays
    draft = _draft(place.parent, place)
    try:
        with _naming(out):
            with draft.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _check_file(out, force=force)
            draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(out: Path, *, force: bool) -> Iterator[Path]:
    """A folder to fill. A new one appears once it is complete.

    Into one that is there, the files are moved once all are complete: none where one of them is
    there already, unless `force` replaces it. Nothing else in that folder is touched.
    """
    place = out.resolve()
    draft = _draft(place if place.is_dir() else place.parent, place)
    try:
        with _naming(out):
            draft.mkdir()
            yield draft
            if place.exists():
                _move(draft, place, force=force)
            else:
                draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _draft(folder: Path, place: Path) -> Path:
    return folder / f".{place.name[:100]}.{os.getpid()}"


@contextmanager
def _naming(out: Path) -> Iterator[None]:
    """Errors of writing name the place that was asked for: a full disk says none at all."""
    try:
        yield
    except OSError as error:
        if error.filename is None or Path(error.filename).name.startswith("."):
            error.filename = str(out)
        raise


def _check_file(out: Path, *, force: bool) -> None:
    if out.is_dir():
        raise UsageError(f"{out} is a folder, and this makes one file: give its name as well")
    if out.exists() and not out.is_file():
        raise UsageError(f"{out} is no file that can be replaced: choose another --out")
    if out.exists() and not force:
        raise UsageError(f"{out} is there already: choose another --out, or replace it by --force")


def _move(draft: Path, place: Path, *, force: bool) -> None:
    names = [x.relative_to(draft) for x in draft.rglob("*") if x.is_file()]
    for name in names:
        _check_file(place / name, force=force)
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).replace(place / name)
