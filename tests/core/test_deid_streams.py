"""Texts in compressed pixels go wherever the format has room for them; the pixels stay to the bit."""

import io
import re
import struct
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, MPEG4HP41, UID, JPEGBaseline8Bit

import planted
from secondlook.deid.cleaning import clean_file
from secondlook.deid.dicom import Plan, clean_dicom
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.pieces import Cleaned, write
from secondlook.deid.streams import texts
from secondlook.intake.outcome import Reason, Refused
from secondlook.settings import Limits

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
PLAN = Plan(Pseudonyms(b"k" * 32), frozenset(), frozenset("*"))
NAME = planted.FAMILY.encode()
NOISE = np.random.default_rng(1).integers(0, 255, (64, 96), dtype=np.uint8)


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def progressive(texts: bytes = b"") -> bytes:
    """A JPEG of several scans, with these segments in front of each but the first."""
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, "JPEG", progressive=True, quality=90)
    scans = re.split(rb"(?=\xff\xda)", buffer.getvalue())
    assert len(scans) > 3
    return scans[0] + scans[1] + b"".join(texts + x for x in scans[2:])


def jpeg2000(*, boxes: bool) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, "JPEG2000", no_jp2=not boxes, irreversible=False)
    return buffer.getvalue()


def dicom(stream: bytes, syntax: str, pieces: int = 1) -> pydicom.FileDataset:
    dataset = planted.scan(BitsAllocated=8, BitsStored=8, HighBit=7)
    dataset.PixelData = encapsulate([stream], fragments_per_frame=pieces)
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset


def cleaned(dataset: pydicom.FileDataset, folder: Path) -> bytes:
    source, target = folder / "in.dcm", folder / "out.dcm"
    source.write_bytes(planted.dicom_bytes(dataset))
    assert NAME in source.read_bytes()
    target.unlink(missing_ok=True)
    write(clean_dicom(source, PLAN), source, target)
    return target.read_bytes()


def pixels(content: bytes) -> NDArray[np.uint8]:
    return pydicom.dcmread(io.BytesIO(content)).pixel_array


def shown(content: bytes) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(Image.open(io.BytesIO(content)))


TEXTS = segment(0xFE, NAME) + segment(0xE1, b"Exif\0\0" + NAME) + segment(0xEF, NAME)
APPLICATIONS = b"".join(
    segment(x, y + NAME * 3)
    for x, y in ((0xE0, b"JFXX\0\x13"), (0xE8, b"SPIFF\0"), (0xEE, b"other"), (0xE2, b"MPF\0"))
)


@pytest.mark.parametrize("pieces", [1, 2, 7])
@pytest.mark.parametrize("where", [TEXTS, APPLICATIONS])
def test_texts_between_scans_go(tmp_path: Path, where: bytes, pieces: int) -> None:
    """Where fragments of a frame are cut, in the middle of a text among others, changes nothing."""
    stream = progressive(where)
    raw = cleaned(dicom(stream + planted.SENTENCE.encode(), JPEGBaseline8Bit, pieces), tmp_path)
    assert planted.found_in(raw) == []
    assert np.array_equal(pixels(raw), shown(progressive()))


def test_texts_between_scans_of_a_file_go(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(progressive(TEXTS + APPLICATIONS))
    answer = clean_file(path, path.name, Limits(), PLAN)
    assert isinstance(answer, Cleaned)
    write(answer, path, tmp_path / "out")
    after = (tmp_path / "out").read_bytes()
    assert NAME not in after
    assert np.array_equal(shown(after), shown(progressive()))


def test_a_thumbnail_goes(tmp_path: Path) -> None:
    thumb = b"JFIF\0\x01\x01\0\0\x01\0\x01\x04\x04" + (NAME * 4)[:48]
    stream = b"\xff\xd8" + segment(0xE0, thumb) + progressive()[2:]
    raw = cleaned(dicom(stream, JPEGBaseline8Bit), tmp_path)
    assert planted.found_in(raw) == []
    assert np.array_equal(pixels(raw), shown(progressive()))


def in_parts(stream: bytes) -> bytes:
    """Comments in the main header and in that of each part of a tile, whose length grows."""
    text = segment(0x64, b"\0\1" + NAME)
    at = stream.index(b"\xff\x90")
    end = stream.index(b"\xff\x93", at)
    (length,) = struct.unpack(">I", stream[at + 6 : at + 10])
    longer = struct.pack(">I", length + len(text)) if length else bytes(4)
    part = stream[at : at + 6] + longer + stream[at + 10 : end] + text + stream[end:]
    return stream[:at] + text + part


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("open_end", [False, True])
def test_comments_of_jpeg_2000_go_from_every_header(
    tmp_path: Path, pieces: int, open_end: bool
) -> None:
    stream = jpeg2000(boxes=False)
    if open_end:
        at = stream.index(b"\xff\x90")
        stream = stream[: at + 6] + bytes(4) + stream[at + 10 :]
    raw = cleaned(dicom(in_parts(stream) + NAME, JPEG2000, pieces), tmp_path)
    assert planted.found_in(raw) == []
    assert np.array_equal(pixels(raw), NOISE)


def test_boxes_around_jpeg_2000_go(tmp_path: Path) -> None:
    whole = jpeg2000(boxes=True)
    at = whole.index(b"jp2c") - 4
    more = box(b"xml ", NAME) + box(b"uuid", bytes(16) + NAME) + box(b"uinf", box(b"url ", NAME))
    head = whole.index(b"colr") - 4
    profile = box(b"colr", b"\x02\0\0" + NAME)
    (size,) = struct.unpack(">I", whole[head : head + 4])
    inner = struct.unpack(">I", whole[32:36])[0]
    assert whole[36:40] == b"jp2h"
    header = struct.pack(">I", inner + len(profile))
    stream = whole[:32] + header + whole[36 : head + size] + profile + whole[head + size : at]
    stream += more + in_parts(whole[at + 8 :]).join((struct.pack(">I", 0) + b"jp2c", b""))
    raw = cleaned(dicom(stream, JPEG2000), tmp_path)
    assert planted.found_in(raw) == []
    assert np.array_equal(pixels(raw), NOISE)


def test_high_throughput_jpeg_2000_loses_its_comments(tmp_path: Path, shared_data: Path) -> None:
    dataset = pydicom.dcmread(shared_data / "dicom" / "HTJ2KLossless_08_RGB.dcm")
    before = dataset.pixel_array
    (stream,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([in_parts(stream)])
    raw = cleaned(dataset, tmp_path)
    assert planted.found_in(raw) == []
    assert np.array_equal(pixels(raw), before)


def test_jpeg_ls_loses_its_comments(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(str(get_testdata_file("MR_small_jpeg_ls_lossless.dcm")))
    before = dataset.pixel_array
    (stream,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([stream[:2] + segment(0xFE, NAME) + stream[2:]])
    raw = cleaned(dataset, tmp_path)
    assert planted.found_in(raw) == []
    assert np.array_equal(pixels(raw), before)


@pytest.mark.parametrize(
    "stream",
    [
        NAME * 9,
        b"\xff\xd8" + NAME,
        b"\xff\xd8\xff\xfe\xff\xff" + NAME,
        b"\xff\xd8\xff\xfe\0\0" + NAME,
        b"\xff\x4f" + NAME,
        b"\xff\x4f\xff\x93" + NAME,
        b"\xff\x4f\xff\x90\0\x0a\0\0\0\0\0\1\0\1" + NAME,
        b"\0\0\0\x0cjP  \r\n\x87\n\0\0\xff\xffxml " + NAME,
        b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\0jp2c" + NAME,
        # These went round in a circle, or down without an end.
        b"\xff\x4f\xff\x90\0\x0a\0\0\0\0\0\x0e\0\1\xff\x93\xff\x93" + NAME,
        b"\xff\x4f\xff\x90\0\x0a\0\0\0\0\0\x0c\0\1\xff\x64\0\6\0\1ab\xff\x93" + NAME,
        b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\0jp2h" * 3000 + NAME,
    ],
)
def test_a_stream_that_cannot_be_followed_is_refused(tmp_path: Path, stream: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        cleaned(dicom(stream, JPEG2000), tmp_path)
    assert refusal.value.reason is Reason.NOT_DEIDENTIFIED
    assert planted.FAMILY not in refusal.value.detail


def test_a_stream_that_is_not_in_items_is_refused(tmp_path: Path) -> None:
    """With a length, it would be copied as it is."""
    dataset = dicom(progressive(TEXTS), JPEGBaseline8Bit)
    raw = planted.dicom_bytes(dataset)
    mark = raw.index(b"\xe0\x7f\x10\0O")
    length = struct.pack("<I", len(raw) - mark - 12)
    path = tmp_path / "in.dcm"
    path.write_bytes(raw[: mark + 8] + length + raw[mark + 12 :])
    with pytest.raises(Refused) as refusal:
        clean_dicom(path, PLAN)
    assert refusal.value.reason is Reason.DAMAGED


def test_films_are_refused_as_nothing_can_clean_them(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="MPEG-4"):
        cleaned(dicom(NAME, MPEG4HP41), tmp_path)


def test_jpeg_2000_as_a_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jp2"
    for boxes in (True, False):
        path.write_bytes(jpeg2000(boxes=boxes))
        answer = clean_file(path, path.name, Limits(), PLAN)
        assert isinstance(answer, tuple)
        assert answer[0] is Reason.UNSUPPORTED


def test_any_bytes_behind_a_beginning_are_an_answer_in_no_time() -> None:
    draw = np.random.default_rng(3)
    good = [progressive(TEXTS), jpeg2000(boxes=True), in_parts(jpeg2000(boxes=False))]
    for number in range(900):
        data = bytearray(good[number % 3])
        for place in draw.integers(0, min(len(data), 400), 6):
            data[place] = draw.choice([0, 1, 255, draw.integers(256)])
        content, last = bytes(data[: draw.integers(1, len(data) + 1)]), 0
        try:
            for start, end in texts(content):
                assert last <= start < end <= len(content)
                last = end
        except Refused as refusal:
            assert refusal.reason is Reason.NOT_DEIDENTIFIED
