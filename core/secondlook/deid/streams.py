"""What compressed pixels carry besides pixels: comments, EXIF, profiles, thumbnails, boxes.

Of JPEG, JPEG-LS, JPEG 2000 and its high throughput kind, with or without the boxes of JP2 around
them. They are told as stretches to be overwritten, so that no length changes. A stream that does
not follow its format to the end is refused: what lies in it cannot be told apart from pixels.
"""

import re
from collections.abc import Iterator

from secondlook.intake.outcome import Reason, Refused

Span = tuple[int, int]
JPEG, CODESTREAM, BOXES = b"\xff\xd8", b"\xff\x4f", b"\0\0\0\x0cjP  "
"""What a stream begins with."""
APPLICATIONS = range(0xE0, 0xF0)
COMMENT = 0xFE
KEPT = {0xE0: (b"JFIF\0", 12), 0xE8: (b"mrfx", 5), 0xEE: (b"Adobe", 12)}
"""Of a segment of an application, what it begins with and how much of it decoding needs."""
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers of JPEG without a segment."""
START_OF_SCAN, END = 0xDA, 0xD9
AFTER_SCAN = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
"""What ends a scan: neither a stuffed byte (JPEG-LS stuffs up to 7F) nor a restart."""
TILE, DATA, TEXT = 0x90, 0x93, 0x64
"""Markers of JPEG 2000: a part of a tile, its data, a comment."""
DECODING = frozenset({b"jP  ", b"ftyp", b"ihdr", b"bpcc", b"pclr", b"cmap", b"cdef", b"res "})
"""Boxes that decoding needs; `jp2h` holds some of them, `jp2c` the codestream."""


def starts(data: bytes) -> bool:
    """Whether a stream begins here."""
    return data.startswith((JPEG, CODESTREAM, BOXES))


def texts(data: bytes) -> Iterator[Span]:
    """Stretches of a stream to be overwritten, in rising order. Raises Refused(NOT_DEIDENTIFIED)."""
    if data.startswith(JPEG):
        yield from _jpeg(data)
    elif data.startswith(CODESTREAM):
        yield from _codestream(data, 0, len(data))
    elif data.startswith(BOXES):
        yield from _boxes(data, 0, len(data))
    else:
        raise _unlike()


def _jpeg(data: bytes) -> Iterator[Span]:
    at = 2
    while (marker := _marker(data, at)) != END:
        if marker in ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        end = _after(data, at)
        yield from _segment(marker, data, at + 4, end)
        at = end
        if marker == START_OF_SCAN:
            found = AFTER_SCAN.search(data, end)
            if found is None:
                return  # nothing but pixels follows; whether they are whole is for the reader
            at = found.start()
    if at + 2 < len(data):
        yield at + 2, len(data)


def _segment(marker: int, data: bytes, start: int, end: int) -> Iterator[Span]:
    mark, needed = KEPT.get(marker, (b"", 0))
    if marker == COMMENT or marker in APPLICATIONS:
        start += needed if mark and data.startswith(mark, start) else 0
        if start < end:
            yield start, end


def _codestream(data: bytes, start: int, stop: int) -> Iterator[Span]:
    at = start + 2
    tile = None
    while (marker := _marker(data, at)) != END:
        if marker == DATA:
            if tile is None or tile < at + 2:
                raise _unlike()
            at, tile = tile, None
            if at >= stop:
                return  # cut within a tile
            continue
        end = _after(data, at)
        if marker == TILE:
            length = int.from_bytes(data[at + 6 : at + 10], "big")
            tile = at + length if length else max(data.rfind(b"\xff\xd9", at, stop), end)
        elif marker == TEXT and end > at + 6:
            yield at + 6, end
        at = end
    if at + 2 < stop:
        yield at + 2, stop


def _boxes(data: bytes, at: int, stop: int, *, inside: bool = False) -> Iterator[Span]:
    while at + 8 <= stop:
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 16 if length == 1 else 8
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        end = stop if length == 0 else at + length
        if not at + head <= end <= stop:
            raise _unlike()
        yield from _box(kind, data, at + head, end, inside=inside)
        at = end
    if at < stop:
        yield at, stop


def _box(kind: bytes, data: bytes, start: int, end: int, *, inside: bool) -> Iterator[Span]:
    if kind == b"jp2h":
        if inside:
            raise _unlike()
        yield from _boxes(data, start, end, inside=True)
    elif kind == b"jp2c":
        if not data.startswith(CODESTREAM, start):
            raise _unlike()
        yield from _codestream(data, start, end)
    elif kind == b"colr":  # a number, or a profile
        if data[start : start + 1] != b"\x01" and start + 3 < end:
            yield start + 3, end
    elif kind not in DECODING and start < end:
        yield start, end


def _marker(data: bytes, at: int) -> int:
    if data[at : at + 1] != b"\xff" or at + 1 >= len(data):
        raise _unlike()
    return data[at + 1]


def _after(data: bytes, at: int) -> int:
    """Where the segment that begins here ends."""
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or at + 2 + length > len(data):
        raise _unlike()
    return at + 2 + length


def _unlike() -> Refused:
    detail = (
        "Its compressed pixels do not follow their format, so that what is written beside them "
        "cannot be removed; send the file uncompressed."
    )
    return Refused(Reason.NOT_DEIDENTIFIED, detail)
