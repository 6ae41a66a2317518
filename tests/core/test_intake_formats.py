"""What is accepted, as what, and how it looks."""

import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import numpy as np
import pytest
from PIL import Image
from pypdf import PdfWriter

from secondlook.cases import Role
from secondlook.domain import IntakeFile
from secondlook.errors import IntakeError
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.intake.pixels import read_frame, read_picture
from secondlook.intake.reader import Reader
from secondlook.settings import Limits

sys.path.append(str(Path(__file__).parent))
import bad_files

HELLO = b"BT /F 12 Tf 72 720 Td (4.2 Scratches) Tj 0 -14 Td (None over 0.5 mm.) Tj ET"


class Desk:
    """Writes bytes to a file and reads it."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self.reader = reader
        self.folder = folder

    def accept(self, name: str, content: bytes) -> IntakeFile:
        outcome = self.read(name, content)
        assert isinstance(outcome, IntakeFile), outcome
        return outcome

    def refuse(self, name: str, content: bytes) -> Reason:
        outcome = self.read(name, content)
        assert isinstance(outcome, QuarantinedFile), outcome
        return outcome.reason

    def read(self, name: str, content: bytes) -> IntakeFile | QuarantinedFile:
        (self.folder / name).write_bytes(content)
        return self.reader.read(self.folder / name, name, kind="manual")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(Limits(max_pages=3)) as reader:
        yield reader


@pytest.fixture
def desk(reader: Reader, tmp_path: Path) -> Desk:
    return Desk(reader, tmp_path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_photo_is_accepted_and_shown(kind: str, desk: Desk) -> None:
    file = desk.accept("photo", bad_files.photo(bad_files.gradient(), kind))
    assert (file.attachment.role, file.attachment.media_type) == (
        Role.IMAGE,
        f"image/{kind.lower()}",
    )
    picture = read_picture(file.attachment, file.path)
    assert picture is not None
    assert picture.shape == (64, 96, 3)
    assert np.abs(picture[..., 0].astype(int) - bad_files.gradient()).mean() < 8


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("top", [1000, 4000, 60_000])
def test_photo_of_16_bits_uses_the_range_of_its_camera(kind: str, top: int, desk: Desk) -> None:
    values = np.linspace(0, top, 64 * 64).reshape(64, 64).astype(np.uint16)
    file = desk.accept("deep", bad_files.photo(values, kind))
    picture = read_picture(file.attachment, file.path)
    assert picture is not None
    depth = {1000: 1023, 4000: 4095, 60_000: 65_535}[top]
    assert picture.max() == round(top * 255 / depth)


def test_photo_is_shown_upright(desk: Desk) -> None:
    buffer, exif = BytesIO(), Image.Exif()
    exif[274] = 6
    Image.fromarray(bad_files.gradient()).save(buffer, "JPEG", exif=exif)
    file = desk.accept("turned.jpg", buffer.getvalue())
    picture = read_picture(file.attachment, file.path)
    assert picture is not None
    assert picture.shape == (96, 64, 3)
    assert (file.attachment.facts["width"], file.attachment.facts["height"]) == (64, 96)


def test_transparent_parts_are_white(desk: Desk) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    file = desk.accept("clear.png", bad_files.photo(pixels, "PNG"))
    picture = read_picture(file.attachment, file.path)
    assert picture is not None
    assert picture.min() == 255


def test_pages_of_a_tiff_are_counted_and_shown(desk: Desk) -> None:
    buffer = BytesIO()
    pages = [Image.new("L", (9, 7), shade) for shade in (10, 20, 30)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    file = desk.accept("pages.tif", buffer.getvalue())
    assert file.attachment.facts["frames"] == 3
    last = read_frame(file.attachment, file.path, 2)
    assert last is not None
    assert last.max() == 30
    with pytest.raises(IntakeError, match=r"frame 3 of pages\.tif"):
        read_frame(file.attachment, file.path, 3)


def test_float_photo_with_nan_is_refused(desk: Desk) -> None:
    values = np.full((8, 8), np.nan, np.float32)
    assert desk.refuse("nan.tif", bad_files.photo(values, "TIFF")) is Reason.NOT_FINITE


def test_flipped_bits_in_a_png_are_found(desk: Desk) -> None:
    data = bytearray(bad_files.photo(bad_files.gradient(), "PNG"))
    data[data.index(b"IDAT") - 5] ^= 1
    assert desk.refuse("flip.png", bytes(data)) in (Reason.DAMAGED, Reason.TRUNCATED)


def test_extension_that_lies_is_noted(desk: Desk) -> None:
    file = desk.accept("photo.dcm", bad_files.photo(bad_files.gradient(), "PNG"))
    assert file.attachment.media_type == "image/png"
    assert file.attachment.facts["named_as"] == ".dcm"


def test_pdf_keeps_pages_and_places(desk: Desk) -> None:
    writer = PdfWriter()
    for _ in range(2):
        writer.append(BytesIO(bad_files.pdf(b"", HELLO)))
    buffer = BytesIO()
    writer.write(buffer)
    file = desk.accept("manual.pdf", buffer.getvalue())
    assert file.record
    assert [(p.page, p.text) for p in file.record.passages] == [
        (1, "4.2 Scratches\nNone over 0.5 mm."),
        (2, "4.2 Scratches\nNone over 0.5 mm."),
    ]
    second = file.record.passages[1]
    assert file.record.text[second.start : second.end] == second.text
    assert file.record.kind == "manual"


def test_pdf_is_refused_for_a_reason(desk: Desk) -> None:
    whole = bad_files.pdf(b"", HELLO)
    writer = PdfWriter(BytesIO(whole))
    writer.encrypt("secret", algorithm="RC4-128")
    locked, long = BytesIO(), BytesIO()
    writer.write(locked)
    writer = PdfWriter()
    for _ in range(4):
        writer.add_blank_page(100, 100)
    writer.write(long)
    assert desk.refuse("locked.pdf", locked.getvalue()) is Reason.ENCRYPTED
    assert desk.refuse("long.pdf", long.getvalue()) is Reason.TOO_MANY_PAGES
    assert desk.refuse("cut.pdf", whole[:-30]) is Reason.TRUNCATED
    assert desk.refuse("scan.pdf", bad_files.pdf(b"", b"")) is Reason.NO_TEXT


def test_word_keeps_headings_lists_and_tables(desk: Desk) -> None:
    document = docx.Document()
    document.add_heading("4.2 Scratches", 2)
    document.add_paragraph("None over 0.5 mm.")
    document.add_paragraph("burrs go", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ("defect", "limit", "crack", "none"), strict=True):
        cell.text = text
    document.add_paragraph("the end")
    buffer = BytesIO()
    document.save(buffer)
    file = desk.accept("manual.docx", buffer.getvalue())
    assert file.record
    assert [p.text for p in file.record.passages] == [
        "4.2 Scratches\nNone over 0.5 mm.",
        "burrs go",
        "defect | limit",
        "crack | none",
        "the end",
    ]


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.md", b"# Tile\n\nNo *cracks*.", "text/markdown"),
        ("a.html", b"<!DOCTYPE html><p>No cracks.", "text/html"),
        ("b", "\ufeff<html><body>No cracks.".encode("utf-16-le"), "text/html"),
        ("a.txt", b"BMP is a format. No cracks.", "text/plain"),
        ("a.log", b"II* No cracks.", "text/plain"),
    ],
)
def test_text_is_known_by_its_content(
    name: str, content: bytes, media_type: str, desk: Desk
) -> None:
    file = desk.accept(name, content)
    assert file.attachment.media_type == media_type
    assert file.attachment.role is Role.DOCUMENT
    assert file.record
    assert "No cracks" in file.record.text
    assert read_picture(file.attachment, file.path) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"GIF89a" + bytes(50), Reason.UNSUPPORTED),
        (b"<?xml version='1.0'?><svg/>", Reason.UNSUPPORTED),
        (b"{\\rtf1 text}", Reason.UNSUPPORTED),
        (b"\x7fELF" + bytes(50), Reason.UNSUPPORTED),
        (b"\x1f\x8b" + bytes(50), Reason.UNSUPPORTED),
        (b"\xd0\xcf\x11\xe0" + bytes(600), Reason.UNSUPPORTED),
        (b" \n\t\n", Reason.NO_TEXT),
        (b"PK\x03\x04" + bytes(50), Reason.TRUNCATED),
    ],
)
def test_other_content_is_refused_by_name(content: bytes, reason: Reason, desk: Desk) -> None:
    assert desk.refuse("unknown", content) is reason


def test_archive_that_is_no_document_is_refused(desk: Desk) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../evil.txt", "x")
    assert desk.refuse("evil.docx", buffer.getvalue()) is Reason.UNSUPPORTED


def test_missing_file_and_folder_are_outcomes(desk: Desk, tmp_path: Path) -> None:
    missing = desk.reader.read(tmp_path / "no.png", "no.png")
    folder = desk.reader.read(tmp_path, "folder")
    assert isinstance(missing, QuarantinedFile)
    assert isinstance(folder, QuarantinedFile)
    assert (missing.reason, folder.reason) == (Reason.NOT_FOUND, Reason.UNSUPPORTED)


def test_damaged_copy_is_an_error_that_names_the_attachment(desk: Desk) -> None:
    file = desk.accept("photo.png", bad_files.photo(bad_files.gradient(), "PNG"))
    file.path.write_bytes(b"something else")
    with pytest.raises(IntakeError, match=r"photo\.png \(image/png\) cannot be shown"):
        read_picture(file.attachment, file.path)
