"""A cleaned file as pieces: bytes that are new, and stretches of the file as it came.

The process that cleans may write no file and need not send pixels about: it says what to copy.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeAlias

from secondlook.deid.identity import NOBODY, Identity

CHUNK = 2**20
Piece: TypeAlias = bytes | tuple[int, int]


@dataclass(frozen=True)
class Cleaned:
    """What a file is to become."""

    pieces: tuple[Piece, ...] = field(repr=False)
    identity: Identity = NOBODY
    """Who it was of."""
    packed: bool = False
    """Positions are those of the unpacked file, and it is packed again."""


def write(cleaned: Cleaned, source: Path, target: Path) -> None:
    """Put the file together. Raises OSError, EOFError or BadGzipFile."""
    if not cleaned.packed:
        with source.open("rb") as old, target.open("xb") as new:
            _copy(cleaned, old, new)
        return
    # Neither name nor time stand in what is written, so that it is the same every time.
    with (
        gzip.open(source, "rb") as old,
        target.open("xb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as new,
    ):
        _copy(cleaned, old, new)


def _copy(cleaned: Cleaned, old: IO[bytes] | gzip.GzipFile, new: IO[bytes] | gzip.GzipFile) -> None:
    for piece in cleaned.pieces:
        for chunk in (piece,) if isinstance(piece, bytes) else _stretch(old, *piece):
            new.write(chunk)


def _stretch(file: IO[bytes] | gzip.GzipFile, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end:
        chunk = file.read(min(CHUNK, end - start))
        if not chunk:
            raise EOFError
        start += len(chunk)
        yield chunk
