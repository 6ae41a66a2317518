"""Where the pixels of a DICOM file lie, and what is overwritten in compressed ones."""

import struct
from collections.abc import Iterator, Sequence
from typing import IO

from pydicom import Dataset
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLETransferSyntaxes,
)

from secondlook.deid.pieces import Piece
from secondlook.deid.streams import Span, starts, texts
from secondlook.intake.outcome import Reason, Refused

PIXELS = frozenset({(0x7FE0, 0x0010), (0x7FE0, 0x0009), (0x7FE0, 0x0008)})
ITEM, END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
UNDEFINED = 0xFFFFFFFF
SHORT = frozenset({b"US", b"SS"})
LONGEST_TAIL = 2**20
"""Bytes that may follow the last frame."""
STREAMS = frozenset([*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes])
"""Transfer syntaxes whose frames are streams that have room for texts."""


def pixel_pieces(file: IO[bytes], syntax: UID, size: int | None) -> Iterator[Piece]:
    """The pixel element at the present position, without what follows; nothing at the end.

    What stands behind `size` bytes of uncompressed pixels is overwritten. Raises Refused where the
    element is cut short, or far longer than its frames.
    """
    start = file.tell()
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    mark = file.read(4)
    if len(mark) < 4 or struct.unpack(f"{order}HH", mark) not in PIXELS:
        return
    length = _length(file, order, implicit=syntax == ImplicitVRLittleEndian)
    first = file.tell()
    if length != UNDEFINED:
        if syntax.is_encapsulated:  # what lies in it was not looked through
            raise _no_items()
        end = first + length
        if file.seek(0, 2) < end:
            raise _cut_short()
        tail = max(0, end - first - size) if size is not None else 0
        if tail > LONGEST_TAIL:
            raise Refused(Reason.DAMAGED, "More follows its pixels than frames are told of.")
        yield start, end - tail
        yield bytes(tail)
        return
    at = start
    for blot_start, blot_end in _blots(file, list(_fragments(file)), syntax):
        yield at, blot_start
        yield bytes(blot_end - blot_start)
        at = blot_end
    yield at, _end_of_fragments(file, first)


def size_of_frames(header: Dataset) -> int | None:
    """Bytes of its uncompressed frames in whole words, in which an odd last byte may come second;
    None where the header does not tell."""
    try:
        size = get_expected_length(header)
        return size + size % 2
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


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
            raise _no_items()
        yield at + 8, at + 8 + length
        at += 8 + length


def _end_of_fragments(file: IO[bytes], first: int) -> int:
    file.seek(first)
    return max((end for _, end in _fragments(file)), default=first) + 8


def _blots(file: IO[bytes], fragments: Sequence[Span], syntax: UID) -> Iterator[Span]:
    """What is to be overwritten of the fragments behind the first, which is a table."""
    if syntax in RLETransferSyntaxes:
        return  # it has no room for texts
    if syntax not in STREAMS:
        detail = f"Nothing here can remove texts from {_named(syntax)}; send the file uncompressed."
        raise Refused(Reason.NOT_DEIDENTIFIED, detail)
    for spans in _streams(file, fragments[1:]):
        data = b"".join(_read(file, *x) for x in spans)
        for start, end in texts(data):
            yield from _placed(spans, start, end)


def _streams(file: IO[bytes], fragments: Sequence[Span]) -> Iterator[list[Span]]:
    """Fragments by the stream that they are cut from: one, or several to a frame."""
    found: list[list[Span]] = []
    for start, end in fragments:
        if start == end:
            continue
        if not found or starts(_read(file, start, min(end, start + 12))):
            found.append([])
        found[-1].append((start, end))
    yield from found


def _placed(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    """Where a stretch of a stream lies in the file."""
    before = 0
    for first, last in spans:
        a, b = (first + min(max(x - before, 0), last - first) for x in (start, end))
        if a < b:
            yield a, b
        before += last - first


def _read(file: IO[bytes], start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _named(syntax: UID) -> str:
    return syntax.name if syntax.name != syntax else "a private kind of compressed pixels"


def _no_items() -> Refused:
    detail = "Its compressed pixels are not a list of items; send the file again."
    return Refused(Reason.DAMAGED, detail)


def _cut_short() -> Refused:
    detail = "The pixel data ends before its last frame; send the file again."
    return Refused(Reason.TRUNCATED, detail)
