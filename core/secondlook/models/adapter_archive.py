"""An adapter as one file, NAME.secondlook-adapter.zip: packed, and unpacked whole or not at all.

Files are stored as they are, in order of their names, with one fixed date: the same adapter packs
to the same bytes. The comment at the end holds the sha256 of all bytes before it, so that a file
that was cut off or changed on its way is known before anything in it is read. That digest guards
against accidents, not against people: anyone can make one, so nothing that follows relies on it.
"""

import hashlib
import os
import re
import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from secondlook.digests import file_sha256
from secondlook.errors import AdapterError
from secondlook.models.adapter_card import AdapterCard
from secondlook.models.adapter_files import CARD, check_files, read_card

SUFFIX = ".secondlook-adapter.zip"
MAX_BYTES = 512 * 2**20
"""Of an archive, and of all that it unpacks to."""
MAX_CARD = 2**20
MAX_FILES = 32
MAX_DIRECTORY = 2**14
"""Bytes of the list of files; a reader holds all of it in memory."""
NAME = re.compile(r"(?:[\w-][\w.-]{0,63}/){0,2}[\w-][\w.-]{0,63}\.(?:safetensors|json)", re.ASCII)
"""What may be in an archive: no way out of the folder, and nothing that runs when it is read."""
DATE = (1980, 1, 1, 0, 0, 0)
MARK = b"secondlook adapter 1 sha256:"
HEX = 64
END, ZIP64 = b"PK\x05\x06", b"PK\x06\x07"
CHUNK = 2**20
UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What zipfile raises for files that are not as they should be."""


def pack(folder: Path, path: Path) -> str:
    """Write the adapter in `folder` to one file; returns that file's sha256.

    Raises AdapterError where the adapter is damaged, `path` exists or cannot be written.
    """
    card = read_card(folder)
    check_files(folder, card.files)
    names = sorted((CARD, *card.files))
    for name in names:
        _check_name(name, folder)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists():
            raise AdapterError(f"{path} exists and is not overwritten: give another name")
        with draft.open("x+b") as file:
            _write(folder, names, file)
        draft.rename(path)
    except OSError as error:
        raise AdapterError(f"cannot write {path}: {error.strerror}; give another place") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return file_sha256(path)


def unpack(path: Path, folder: Path) -> AdapterCard:
    """Write the files of an archive into a new folder, all of them or none.

    Every file is the one whose sha256 the card names. The numbers in them are not looked at.
    Raises AdapterError for anything but a whole archive as `pack` writes it, and where `folder`
    exists or cannot be written.
    """
    if folder.exists():
        raise AdapterError(f"{folder} exists; an adapter is never overwritten: give a new folder")
    with _opened(path) as archive:
        entries = _entries(archive, path)
        card = _card(archive, entries, path)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _extract(archive, entries, card, part, path)
            part.chmod(0o755)  # mkdtemp makes it private
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return card


def _write(folder: Path, names: list[str], file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = MARK + b"0" * HEX
        for name in names:
            info = zipfile.ZipInfo(name, DATE)
            info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            info.file_size = (folder / name).stat().st_size
            with (folder / name).open("rb") as source, archive.open(info, "w") as target:
                shutil.copyfileobj(source, target, CHUNK)
    digest = _digest(file, file.seek(0, os.SEEK_END) - HEX)
    file.seek(-HEX, os.SEEK_END)
    file.write(digest)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, its bytes checked against its digest; what goes wrong inside is AdapterError."""
    if not path.is_file():
        met = "is a folder" if path.is_dir() else "is not there"
        raise AdapterError(f"cannot read an adapter from {path}: it {met}; {_wanted()}")
    try:
        with path.open("rb") as file:
            _check_whole(file, path)
            with zipfile.ZipFile(file) as archive:
                yield archive
    except OSError as error:
        raise AdapterError(f"cannot unpack {path}: {error.strerror or error}") from error
    except UNREADABLE as error:
        raise _refused(path, f"cannot be unpacked ({type(error).__name__})") from error


def _check_whole(file: BinaryIO, path: Path) -> None:
    size, tail = file.seek(0, os.SEEK_END), len(MARK) + HEX
    if size > MAX_BYTES:
        raise _refused(path, f"has {size:,} bytes, more than {MAX_BYTES:,}")
    file.seek(0)
    begins = file.read(30 + len(CARD))
    if not begins.startswith(b"PK\x03\x04") or not begins.endswith(CARD.encode()):
        raise AdapterError(
            f"{path} is no adapter archive; {_wanted()}. Pickled checkpoints (.pt, .bin, .ckpt, "
            ".pkl) are never opened, and bare safetensors lack the card: learn here, or export "
            "where it was learned"
        )
    file.seek(max(size - tail, 0))
    mark = file.read(tail)
    if not mark.startswith(MARK) or mark[-HEX:] != _digest(file, size - HEX):
        raise _refused(path, "is cut off or was changed")
    _check_directory(file, size - tail, path)


def _check_directory(file: BinaryIO, at: int, path: Path) -> None:
    """Bound the list of files before zipfile holds it in memory; 64-bit sizes would go round it."""
    file.seek(max(at - 42, 0))
    end = file.read(42)  # a 64-bit locator of 20 bytes where there is one, then the end record
    if len(end) < 42 or end[20:24] != END or end.startswith(ZIP64):
        raise _refused(path, "does not end as one")
    files, length = struct.unpack("<HI", end[30:36])
    if files > MAX_FILES or length > MAX_DIRECTORY:
        raise _refused(path, f"lists {files} files in {length:,} bytes, more than {MAX_FILES}")


def _entries(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The files by name, none of them read yet."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        _check_name(entry.filename, path)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise _refused(path, f"holds {entry.filename!r}, which is a link or no plain file")
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise _refused(path, f"holds {entry.filename!r} compressed or encrypted")
        if entry.filename.casefold() in map(str.casefold, entries):
            raise _refused(path, f"holds {entry.filename!r} twice")
        entries[entry.filename] = entry
    if sum(x.file_size for x in entries.values()) > MAX_BYTES:
        raise _refused(path, f"unpacks to more than {MAX_BYTES:,} bytes")
    return entries


def _card(
    archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], path: Path
) -> AdapterCard:
    """The card, if it lists exactly the files that are there."""
    if CARD not in entries or entries[CARD].file_size > MAX_CARD:
        raise _refused(path, f"holds no {CARD} of at most {MAX_CARD:,} bytes")
    try:
        card = AdapterCard.model_validate_json(archive.read(CARD))
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, x["loc"])) or CARD for x in error.errors()}))
        raise _refused(path, f"holds a card that this version cannot read ({where!r})") from None
    listed, found = {CARD, *card.files}, set(entries)
    if missing := listed - found:
        raise _refused(path, f"lacks {min(missing)!r}, which its card lists")
    if extra := found - listed:
        raise _refused(path, f"holds {min(extra)!r}, which its card does not list")
    if not all(x.isprintable() for x in _texts(card.model_dump(mode="json"))):
        raise _refused(path, "holds a card with control characters")
    return card


def _extract(
    archive: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    card: AdapterCard,
    folder: Path,
    path: Path,
) -> None:
    for name, entry in entries.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, target.open("xb") as out:
            shutil.copyfileobj(source, out, CHUNK)  # stored: no more than the size it claims
        sha256 = card.files.get(name)
        if sha256 is not None and file_sha256(target) != sha256:
            raise _refused(path, f"holds a {name} whose sha256 is not {sha256[:12]}")


def _check_name(name: str, path: Path) -> None:
    if NAME.fullmatch(name) is None:
        raise _refused(
            path, f"holds {name!r}, and only .safetensors and .json files belong into an adapter"
        )


def _texts(value: Any) -> Iterator[str]:
    """Every text in plain JSON, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _digest(file: BinaryIO, length: int) -> bytes:
    """Hex sha256 of the first bytes."""
    digest = hashlib.sha256()
    file.seek(0)
    while length > 0 and (chunk := file.read(min(length, CHUNK))):
        digest.update(chunk)
        length -= len(chunk)
    return digest.hexdigest().encode()


def _wanted() -> str:
    return f"give a NAME{SUFFIX} as `secondlook adapters export` writes it"


def _refused(path: Path, what: str) -> AdapterError:
    return AdapterError(
        f"the adapter archive {path} {what}: copy it again from where it was exported, or export "
        "it again with `secondlook adapters export`"
    )
