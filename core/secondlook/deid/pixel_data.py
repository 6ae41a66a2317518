"""Where the pixels of a DICOM file lie, and what compressed pixels carry besides pixels.

A JPEG stream has room for comments and for EXIF. They are overwritten where they stand, so that
no length changes.
"""

import struct
from collections.abc import Iterator
from typing import IO

from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian

from secondlook.deid.pieces import Piece
from secondlook.intake.outcome import Reason, Refused

PIXELS = frozenset({(0x7FE0, 0x0010), (0x7FE0, 0x0009), (0x7FE0, 0x0008)})
ITEM, END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
UNDEFINED = 0xFFFFFFFF
SHORT = frozenset({b"US", b"SS"})
TAIL = 2**16
"""Bytes at the end of a frame in which the end of its stream is looked for."""
JPEG_START, JPEG2000_START = b"\xff\xd8", b"\xff\x4f"
STREAM_END = b"\xff\xd9"
"""Of both; it cannot stand inside of compressed pixels."""
JPEG_TEXT = frozenset({0xFE, *range(0xE1, 0xE8), *range(0xE9, 0xEE), 0xEF})
"""Comments and applications, but for JFIF (0), JPEG-LS colours (8) and Adobe colours (14)."""
JPEG2000_TEXT = 0x64


def pixel_pieces(file: IO[bytes], syntax: UID) -> Iterator[Piece]:
    """The pixel element at the present position, without what follows; nothing at the end.

    Raises Refused where it is cut short.
    """
    start = file.tell()
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    mark = file.read(4)
    if len(mark) < 4 or struct.unpack(f"{order}HH", mark) not in PIXELS:
        return
    length = _length(file, order, implicit=syntax == ImplicitVRLittleEndian)
    first = file.tell()
    if length != UNDEFINED:
        end = first + length
        if file.seek(0, 2) < end:
            raise _cut_short()
        yield start, end
        return
    at = start
    for begin, stop in _fragments(file):
        for blot_start, blot_end in (*_comments(file, begin, stop), *_rest(file, begin, stop)):
            yield at, blot_start
            yield bytes(blot_end - blot_start)
            at = blot_end
    yield at, _end_of_fragments(file, first)


def _length(file: IO[bytes], order: str, *, implicit: bool) -> int:
    head = file.read(4)
    if not implicit and head[:2] not in SHORT:
        head = file.read(4)
    if len(head) < 4:
        raise _cut_short()
    length: int = struct.unpack(f"{order}I", head)[0]
    return length


def _fragments(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """The items of encapsulated pixels, which are always little endian."""
    at = file.tell()
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            raise _cut_short()
        group, element, length = struct.unpack("<HHI", head)
        if (group, element) == END:
            return
        if (group, element) != ITEM or length == UNDEFINED:
            detail = "Its compressed pixels are not a list of items; send the file again."
            raise Refused(Reason.DAMAGED, detail)
        yield at + 8, at + 8 + length
        at += 8 + length


def _end_of_fragments(file: IO[bytes], first: int) -> int:
    file.seek(first)
    return max((end for _, end in _fragments(file)), default=first) + 8


def _comments(file: IO[bytes], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Stretches of text in the header of a JPEG or JPEG 2000 stream."""
    file.seek(start)
    head = file.read(min(2, stop - start))
    if head == JPEG_START:
        spans = _segments(file, start, stop, frozenset({0xDA}), JPEG_TEXT, skip=0)
    elif head == JPEG2000_START:
        spans = _segments(file, start, stop, frozenset({0x90}), frozenset({JPEG2000_TEXT}), skip=2)
    else:
        return
    yield from ((a, min(b, stop)) for a, b in spans)


def _rest(file: IO[bytes], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """What stands behind the end of a JPEG or JPEG 2000 stream."""
    file.seek(start)
    if file.read(2) not in (JPEG_START, JPEG2000_START):
        return
    tail = max(start, stop - TAIL)
    file.seek(tail)
    end = file.read(stop - tail).rfind(STREAM_END)
    if end >= 0 and tail + end + 2 < stop:
        yield tail + end + 2, stop


def _segments(
    file: IO[bytes], start: int, stop: int, last: frozenset[int], text: frozenset[int], *, skip: int
) -> Iterator[tuple[int, int]]:
    at = start + 2
    while at + 4 <= stop:
        file.seek(at)
        mark, kind, length = struct.unpack(">BBH", file.read(4))
        if mark != 0xFF or kind in last or length < 2:
            return
        if kind in text and length > 2 + skip:
            yield at + 4 + skip, at + 2 + length
        at += 2 + length


def _cut_short() -> Refused:
    detail = "The pixel data ends before its last frame; send the file again."
    return Refused(Reason.TRUNCATED, detail)
