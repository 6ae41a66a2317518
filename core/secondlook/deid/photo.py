"""Photos: the picture stays to the bit, and everything that is told beside it goes.

PNG, JPEG and WebP are lists of named parts, of which those that make the picture are copied. TIFF
and BMP are decoded and written anew, without loss. Which way up it is held is the one thing kept.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from PIL import ExifTags, Image

from secondlook.deid.pieces import Cleaned, Piece
from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.photo import PILLOW
from secondlook.intake.sniff import Format
from secondlook.settings import Limits

PNG_HEAD = 8
PNG_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB sBIT pHYs bKGD".split())
WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
WEBP_PLAIN = 0b00010010
"""Of the flags of an extended WebP: transparency and animation, but no profile, EXIF or XMP."""
JPEG_DROPPED = frozenset({0xFE, *range(0xE0, 0xF0)}) - {0xE0, 0xEE}
JFIF, ADOBE = b"JFIF\0", b"Adobe"
JFIF_LENGTH = 16
"""Without a thumbnail, which may show what was cut off."""
ORIENTATION = ExifTags.Base.Orientation
UPRIGHT = 1


def clean_photo(path: Path, found: Format, limits: Limits) -> Cleaned:
    """The photo without texts, profiles, thumbnails and whatever follows its end."""
    Image.MAX_IMAGE_PIXELS = limits.max_pixels  # this process parses files and does nothing else
    with path.open("rb") as file:
        if found is Format.PNG:
            return Cleaned(tuple(_png(file, _turn(path, found))))
        if found is Format.JPEG:
            return Cleaned(tuple(_jpeg(file, _turn(path, found))))
        if found is Format.WEBP:
            return Cleaned(_webp(file, _turn(path, found)))
    return Cleaned((_anew(path, found),))


def _turn(path: Path, found: Format) -> int:
    """The EXIF orientation; upright where there is none that makes sense."""
    with Image.open(path, formats=PILLOW[found]) as image:
        turn = image.getexif().get(ORIENTATION, UPRIGHT)
    return turn if turn in range(1, 9) else UPRIGHT


def _exif(turn: int) -> bytes:
    """EXIF that says the orientation and nothing else."""
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _png(file: IO[bytes], turn: int) -> Iterator[Piece]:
    yield 0, PNG_HEAD
    at = PNG_HEAD
    kind = b""
    while kind != b"IEND":
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            raise _cut_short()
        length, kind = struct.unpack(">I4s", head)
        if kind in PNG_KEPT:
            yield at, at + 12 + length
        if kind == b"IHDR" and turn != UPRIGHT:
            body = b"eXIf" + _exif(turn)
            yield struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length


def _jpeg(file: IO[bytes], turn: int) -> Iterator[Piece]:
    data = file.read()
    yield data[:2]
    if turn != UPRIGHT:
        body = b"Exif\0\0" + _exif(turn)
        yield b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        marker = data[at + 1 : at + 2]
        if data[at : at + 1] != b"\xff" or not marker:
            raise _cut_short()
        if marker == b"\xd9":
            yield data[at : at + 2]
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield _segment(marker[0], data[at:end])
        at = _after_scan(data, end) if marker == b"\xda" else end
        if at > end:
            yield data[end:at]


def _segment(marker: int, segment: bytes) -> bytes:
    """A segment as it is, without what it tells, or nothing."""
    if marker == 0xE0:
        return _jfif(segment) if segment[4:9] == JFIF else b""
    if marker == 0xEE:
        return segment if segment[4:9] == ADOBE and len(segment) == 16 else b""
    return b"" if marker in JPEG_DROPPED else segment


def _jfif(segment: bytes) -> bytes:
    bare = segment[: 2 + JFIF_LENGTH]
    return bare[:2] + struct.pack(">H", JFIF_LENGTH) + bare[4:16] + bytes(2)


def _after_scan(data: bytes, at: int) -> int:
    """Where the compressed pixels of a scan end: at a marker that is neither stuffed nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise _cut_short()
        if data[at + 1] != 0 and data[at + 1] not in range(0xD0, 0xD8) and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _webp(file: IO[bytes], turn: int) -> tuple[Piece, ...]:
    data = file.read()
    parts = [x for x in _riff(data) if x[:4] in WEBP_KEPT or x[:4] == b"VP8X"]
    parts = [_plain_flags(x, turn) if x[:4] == b"VP8X" else x for x in parts]
    if turn != UPRIGHT and parts and parts[0][:4] == b"VP8X":
        exif = _exif(turn)
        parts.append(b"EXIF" + struct.pack("<I", len(exif)) + exif + bytes(len(exif) % 2))
    body = b"WEBP" + b"".join(parts)
    return (b"RIFF" + struct.pack("<I", len(body)) + body,)


def _riff(data: bytes) -> Iterator[bytes]:
    at, end = 12, 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise _cut_short()
    while at + 8 <= end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        stop = at + 8 + length + length % 2
        yield data[at:stop]
        at = stop


def _plain_flags(part: bytes, turn: int) -> bytes:
    flags = part[8] & WEBP_PLAIN | (0b1000 if turn != UPRIGHT else 0)
    return part[:8] + bytes([flags]) + part[9:]


def _anew(path: Path, found: Format) -> bytes:
    """TIFF and BMP hide text between their parts: only what is decoded goes on."""
    pages = []
    # From memory: of a file, Pillow 13 maps a turned TIFF as if it were not.
    with Image.open(io.BytesIO(path.read_bytes()), formats=PILLOW[found]) as image:
        for page in range(getattr(image, "n_frames", 1) if found is Format.TIFF else 1):
            image.seek(page)
            pages.append(_bare(image))
    buffer = io.BytesIO()
    if len(pages) > 1:
        pages[0].save(buffer, PILLOW[found][0], save_all=True, append_images=pages[1:])
    else:
        pages[0].save(buffer, PILLOW[found][0])
    return buffer.getvalue()


def _bare(image: Image.Image) -> Image.Image:
    image.load()  # the right way up, where it is a TIFF
    bare = image.copy()
    bare.info = {}
    return bare


def _cut_short() -> Refused:
    detail = "The photo ends before its last part; copy the file again."
    return Refused(Reason.TRUNCATED, detail)
