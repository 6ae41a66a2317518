"""Manifests: a CSV that says which image, record and note belong to which case."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath
from typing import Literal

from secondlook.cases import Record
from secondlook.domain import ManifestRow
from secondlook.errors import ManifestError
from secondlook.intake.charset import decode
from secondlook.intake.names import safe_name
from secondlook.intake.outcome import QuarantinedFile, Reason, Refused
from secondlook.intake.passages import note

COLUMNS = ("case", "image", "record", "note", "label", "disposition", "group", "split")
NEEDED = ("image", "note")
FACTS = ("sex", "age", "view", "modality")
"""Further columns that are kept: `evaluate` shows its figures by them."""
SEPARATOR = ";"
Purpose = Literal["image", "record"]
Cells = Mapping[str, str]


@dataclass(frozen=True)
class ManifestFile:
    """A file that a row names."""

    row: int
    """Index into `Manifest.rows`."""
    path: Path
    source: str
    """The path as the manifest writes it, safe to display."""
    purpose: Purpose


@dataclass(frozen=True)
class Manifest:
    """A whole manifest. Files that cannot be used stand under `refused` with their row."""

    rows: tuple[ManifestRow, ...]
    files: tuple[ManifestFile, ...]
    refused: tuple[QuarantinedFile, ...] = ()


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; paths in it are relative to its folder and stay inside of it.

    Columns are those of COLUMNS and FACTS in any order and case; others are ignored. Raises
    ManifestError for a manifest that cannot be read, has neither `image` nor `note`, or has a row
    of nothing.
    """
    rows: list[ManifestRow] = []
    files: list[ManifestFile] = []
    refused: list[QuarantinedFile] = []
    for line, cells in _table(path):
        row = len(rows)
        rows.append(_row(cells, line, path))
        for purpose, name in _names(cells):
            found = _locate(path.parent, name, row, purpose)
            (files if isinstance(found, ManifestFile) else refused).append(found)  # type: ignore[arg-type]
    return Manifest(tuple(rows), tuple(files), tuple(refused))


def _table(path: Path) -> Iterator[tuple[int, Cells]]:
    """Line number and cells of every row that is not blank."""
    reader = csv.reader(io.StringIO(_read(path), newline=""), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells, path)
                continue
            if len(cells) > len(header):
                raise ManifestError(
                    f"{path.name}, line {reader.line_num}: {len(cells)} cells under "
                    f"{len(header)} columns; put text that holds commas in double quotes"
                )
            yield reader.line_num, dict(zip(header, (c.strip() for c in cells), strict=False))
    except csv.Error as error:
        raise ManifestError(f"{path.name}, line {reader.line_num} is no CSV: {error}") from None
    if not header:
        raise ManifestError(f"{path.name} is empty; its first line names columns: {_list(COLUMNS)}")


def _read(path: Path) -> str:
    try:
        return decode(path.read_bytes())[0]
    except OSError as error:
        raise ManifestError(f"cannot open the manifest {path.name}: {error.strerror}") from None
    except Refused as refusal:
        raise ManifestError(f"the manifest {path.name} is no CSV: {refusal.detail}") from None


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    if not set(names) & set(NEEDED):
        raise ManifestError(
            f"{path.name} has the columns {_list(names[:12])} but neither `image` nor `note`; one "
            f"of them must be there. Known columns, separated by commas: {_list(COLUMNS)}"
        )
    twice = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
    if twice:
        raise ManifestError(f"{path.name} has the column {_list(twice)} twice; keep one")
    return names


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(safe_name(name)[:40] for name in names)


def _row(cells: Cells, line: int, path: Path) -> ManifestRow:
    if not any(cells.get(name) for name in ("image", "record", "note")):
        raise ManifestError(
            f"{path.name}, line {line} names no image, record or note; fill one in or remove it"
        )
    return ManifestRow(
        case=cells.get("case") or None,
        note=_note(cells, line, path),
        labels=tuple(_parts(cells, "label")),
        disposition=cells.get("disposition") or None,
        group=cells.get("group") or None,
        split=cells.get("split") or None,
        facts={name: cells[name] for name in FACTS if cells.get(name)},
    )


def _note(cells: Cells, line: int, path: Path) -> Record | None:
    text = cells.get("note")
    return note(text, kind="note", name=f"{safe_name(path.name)}, line {line}") if text else None


def _parts(cells: Cells, name: str) -> Iterator[str]:
    return (part.strip() for part in cells.get(name, "").split(SEPARATOR) if part.strip())


def _names(cells: Cells) -> Iterator[tuple[Purpose, str]]:
    yield from (("image", name) for name in _parts(cells, "image"))
    yield from (("record", name) for name in _parts(cells, "record"))


def _locate(folder: Path, name: str, row: int, purpose: Purpose) -> ManifestFile | QuarantinedFile:
    """The file that a row names, or why it is not used."""
    shown = safe_name(PurePath(name).name if PurePath(name).is_absolute() else name)
    parts = PureWindowsPath(name).parts  # knows both kinds of slashes
    inside = folder.resolve()
    try:
        path = (folder / name).resolve()
        if not path.exists() and "\\" in name:
            path = folder.joinpath(*parts).resolve()
        outside = ".." in parts or not path.is_relative_to(inside)
        is_file, exists = path.is_file(), path.exists()
    except (OSError, ValueError, RuntimeError) as error:
        detail = f"The path cannot be followed ({type(error).__name__})."
        return QuarantinedFile(shown, Reason.NOT_FOUND, detail, row=row)
    if outside:
        detail = (
            "The path leaves the manifest's folder; put the file inside and name it from there."
        )
        return QuarantinedFile(shown, Reason.OUTSIDE_SOURCE, detail, row=row)
    if not exists:
        detail = "There is no such file beside the manifest; paths are relative to it."
        return QuarantinedFile(shown, Reason.NOT_FOUND, detail, row=row)
    if not is_file:
        detail = "It is a folder, pipe or device; name files, separated by semicolons."
        return QuarantinedFile(shown, Reason.UNSUPPORTED, detail, row=row)
    return ManifestFile(row, path, shown, purpose)
