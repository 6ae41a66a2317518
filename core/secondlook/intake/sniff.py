"""What a file is, from its first bytes. Names and extensions are never believed."""

import re
import struct
import zlib
from enum import Enum
from pathlib import Path

import filetype  # type: ignore[import-untyped]

from secondlook.intake.charset import is_textual
from secondlook.intake.outcome import Reason, Refused

HEAD = 8192
READABLE = (
    "photos (JPEG, PNG, TIFF, BMP, WebP), DICOM, NIfTI, PDF, DOCX, HTML, Markdown, "
    "JSON, FHIR and text are read"
)


class Format(Enum):
    """A format that is read here, with its media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    TIFF = "image/tiff"
    BMP = "image/bmp"
    WEBP = "image/webp"
    DICOM = "application/dicom"
    NIFTI = "application/x-nifti"
    PDF = "application/pdf"
    WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    HTML = "text/html"
    MARKDOWN = "text/markdown"
    JSON = "application/json"
    FHIR = "application/fhir+json"
    """What JSON turns out to be; never sniffed."""
    TEXT = "text/plain"


SUFFIXES = {
    ".jpg": Format.JPEG,
    ".jpeg": Format.JPEG,
    ".png": Format.PNG,
    ".tif": Format.TIFF,
    ".tiff": Format.TIFF,
    ".bmp": Format.BMP,
    ".webp": Format.WEBP,
    ".dcm": Format.DICOM,
    ".dicom": Format.DICOM,
    ".nii": Format.NIFTI,
    ".gz": Format.NIFTI,
    ".pdf": Format.PDF,
    ".docx": Format.WORD,
    ".htm": Format.HTML,
    ".html": Format.HTML,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".json": Format.JSON,
    ".txt": Format.TEXT,
}
MAGIC = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"II*\x00", Format.TIFF),
    (b"MM\x00*", Format.TIFF),
    (b"II+\x00", Format.TIFF),
    (b"MM\x00+", Format.TIFF),
    (b"PK\x03\x04", Format.WORD),
    (b"PK\x05\x06", Format.WORD),
)
BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
MARKUP = re.compile(
    r"(?:<\?xml[^>]*>|<!--.*?-->|\s)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
VALUE = re.compile(r"\s*+(?:\{\s*+[\"}]|\[\s*+[\[{\"])")
DRAWING = re.compile(r"\s*<(\?xml|svg)\b", re.IGNORECASE)
VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OW PN SH SL SQ SS ST TM UI UL UN US".split()
)


def sniff(path: Path, name: str) -> Format:
    """The format of the file at `path`; `name` only tells Markdown from plain text.

    Raises Refused(UNSUPPORTED or ENCRYPTED) with what the file seems to be.
    """
    with path.open("rb") as file:
        return sniff_bytes(file.read(HEAD), name)


def sniff_bytes(head: bytes, name: str) -> Format:
    """The same of the first HEAD bytes of a content."""
    found = _binary(head) or _bare_dicom(head)
    return found or _text(head, name) or _refuse(head)


def misnamed(name: str, found: Format) -> str | None:
    """The extension, if it belongs to another known format than the content."""
    suffix = Path(name).suffix.lower()
    text = {Format.TEXT, Format.MARKDOWN}
    meant = SUFFIXES.get(suffix)
    return None if meant in (None, found) or {meant, found} == text else suffix


def _binary(head: bytes) -> Format | None:
    if head[128:132] == b"DICM":
        return Format.DICOM
    if _is_nifti(head) or (head.startswith(b"\x1f\x8b") and _is_nifti(_gunzip(head))):
        return Format.NIFTI
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        return Format.BMP
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    return next((found for magic, found in MAGIC if head.startswith(magic)), None)


def _is_nifti(head: bytes) -> bool:
    sizes = {int.from_bytes(head[:4], "little"), int.from_bytes(head[:4], "big")}
    if 348 in sizes and head[344:347] == b"ni1":
        detail = "A NIfTI header whose voxels lie in a second file; save it as one .nii file."
        raise Refused(Reason.UNSUPPORTED, detail)
    return (348 in sizes and head[344:347] == b"n+1") or (540 in sizes and head[4:7] == b"n+2")


def _gunzip(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 1024)
    except zlib.error:
        return b""


def _bare_dicom(head: bytes) -> Format | None:
    """A dataset without preamble begins with an element of group 2 or 8."""
    if len(head) < 8:
        return None
    group, element = struct.unpack("<HH", head[:4])
    if group in (0x0200, 0x0800):
        group, element = struct.unpack(">HH", head[:4])
    explicit = head[4:6] in VRS
    implicit = int.from_bytes(head[4:8], "little") <= 256
    plausible = group in (0x0002, 0x0008) and element <= 0x60 and (explicit or implicit)
    return Format.DICOM if plausible else None


def _text(head: bytes, name: str) -> Format | None:
    if not is_textual(head) or head.startswith((b"{\\rtf", b"%!PS")):
        return None
    # Markup is ASCII in every encoding: without marks and NULs it reads the same.
    start = head.replace(b"\x00", b"").decode("latin-1").lstrip("\xef\xbb\xbf\xff\xfe")
    if MARKUP.match(start):
        return Format.HTML
    if DRAWING.match(start):
        return None
    if VALUE.match(start):
        return Format.JSON
    markdown = SUFFIXES.get(Path(name).suffix.lower()) is Format.MARKDOWN
    return Format.MARKDOWN if markdown else Format.TEXT


def _refuse(head: bytes) -> Format:
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(Reason.UNSUPPORTED, "An old or encrypted Office file; save it as plain DOCX.")
    kind = filetype.guess_mime(head)
    seen = f"The content looks like {kind}" if kind else "The content is of no known format"
    raise Refused(Reason.UNSUPPORTED, f"{seen}; {READABLE}.")
