"""Photos, volumes and names without names: every picture stays to the bit."""

import gzip
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import planted
from secondlook.deid.cleaning import clean_file
from secondlook.deid.dicom import Plan
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.names import plain_case, plain_source
from secondlook.deid.pieces import Cleaned, write
from secondlook.intake.outcome import Reason
from secondlook.settings import Limits

PLAN = Plan(Pseudonyms(b"k" * 32), frozenset(), frozenset("*"))
KINDS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")


def cleaned(content: bytes, folder: Path, name: str) -> bytes:
    source, target = folder / name, folder / "out"
    source.write_bytes(content)
    target.unlink(missing_ok=True)
    answer = clean_file(source, name, Limits(), PLAN)
    assert isinstance(answer, Cleaned), answer
    write(answer, source, target)
    return target.read_bytes()


def decoded(content: bytes) -> tuple[Any, int]:
    with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as image:
        warnings.simplefilter("ignore")
        return np.asarray(image), image.getexif().get(0x0112, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", [False, True])
def test_a_photo_tells_nothing_and_looks_the_same(tmp_path: Path, kind: str, colour: bool) -> None:
    pixels = planted.bad_files.gradient()
    before = planted.photo_with_texts(kind, np.stack([pixels] * 3, 2) if colour else pixels)
    assert len(planted.found_in(before)) > 8
    after = cleaned(before, tmp_path, f"x.{kind.lower()}")
    assert planted.found_in(after) == []
    assert np.array_equal(decoded(after)[0], decoded(before)[0])
    turned = kind in ("PNG", "JPEG", "WEBP")  # Pillow turns a TIFF when it decodes it
    assert decoded(after)[1] == decoded(before)[1] == (6 if turned else 1)
    assert cleaned(before, tmp_path, f"x.{kind.lower()}") == after


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "I;16", "F", "CMYK"])
def test_tiff_of_any_kind_stays_to_the_bit(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(planted.bad_files.gradient())
    image = image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)
    buffer = io.BytesIO()
    image.save(
        buffer, "TIFF", save_all=True, append_images=[image, image], description=planted.FAMILY
    )
    after = cleaned(buffer.getvalue(), tmp_path, "x.tif")
    with Image.open(io.BytesIO(after)) as found:
        assert (found.n_frames, found.mode) == (3, mode)
        assert np.array_equal(np.asarray(found), np.asarray(image))
    assert planted.found_in(after) == []


def test_a_progressive_jpeg_stays_to_the_bit(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (99, 77, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG", progressive=True, quality=90)
    assert np.array_equal(
        decoded(cleaned(buffer.getvalue(), tmp_path, "x.jpg"))[0], decoded(buffer.getvalue())[0]
    )


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("two", [True, False])
def test_a_volume_keeps_its_voxels_and_its_place(tmp_path: Path, packed: bool, two: bool) -> None:
    import nibabel

    kind: Any = nibabel.Nifti2Image if two else nibabel.Nifti1Image
    values = np.arange(8 * 9 * 10, dtype=np.int16).reshape(8, 9, 10)
    image = kind(values, np.diag([2.0, 3, 4, 1]))
    image.header["descrip"], image.header["intent_name"] = planted.PATIENT, planted.FAMILY
    extension = nibabel.nifti1.Nifti1Extension("comment", planted.SENTENCE.encode())
    image.header.extensions.append(extension)
    before = image.to_bytes() + planted.SENTENCE.encode()
    after = cleaned(gzip.compress(before) if packed else before, tmp_path, "x.nii")
    assert after[:2] == (b"\x1f\x8b" if packed else after[:2])
    whole = gzip.decompress(after) if packed else after
    assert planted.found_in(whole) == []
    again: Any = kind.from_bytes(whole)
    assert np.array_equal(np.asarray(again.dataobj), values)
    assert np.array_equal(again.affine, image.affine)
    assert len(again.header.extensions) == 0


def test_the_name_in_a_packed_volume_goes(tmp_path: Path) -> None:
    before = planted.volume_with_texts()
    assert planted.FAMILY.encode() in before[:64]
    after = cleaned(before, tmp_path, "x.nii.gz")
    assert planted.found_in(after) == []
    assert after[3] == 0 and after[4:8] == bytes(4)


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\xff\0\0\0WEBP"]
)
def test_a_damaged_photo_is_an_answer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "Quillfeather.png"
    path.write_bytes(content)
    answer = clean_file(path, path.name, Limits(), PLAN)
    assert isinstance(answer, tuple)
    assert isinstance(answer[0], Reason) and "Quill" not in answer[1]


def test_a_document_is_left_to_its_reader(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("Cough.")
    assert clean_file(tmp_path / "x.txt", "x.txt", Limits(), PLAN) is None


def test_mutated_files_are_answers_and_take_no_time(tmp_path: Path) -> None:
    draw = np.random.default_rng(7)
    originals = [planted.dicom_bytes(planted.DICOM[x]()) for x in ("nested", "jpeg", "implicit")]
    originals += [planted.photo_with_texts(x) for x in KINDS] + [planted.volume_with_texts()]
    path = tmp_path / "mutated"
    for number in range(300):
        data = bytearray(originals[number % len(originals)])
        for place in draw.integers(0, len(data), 12):
            data[place] = draw.integers(0, 256)
        path.write_bytes(bytes(data[: draw.integers(1, len(data) + 1)]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = clean_file(path, path.name, Limits(), PLAN)
        assert answer is None or isinstance(answer, Cleaned | tuple)


def test_names_keep_what_joins_files_and_nothing_else() -> None:
    key = Pseudonyms(b"k" * 32)
    image, note = (plain_source(f"Doe/CT.1/scan{x}", key) for x in (".nii.gz", ".txt"))
    assert image.removesuffix(".nii.gz") == note.removesuffix(".txt")
    assert image.count("/") == 2
    assert "Doe" not in image and "scan" not in image
    assert plain_source("Doe/a.dcm", key).split("/")[0] == image.split("/")[0]
    assert plain_source("Roe/a.dcm", key) != plain_source("Doe/a.dcm", key)
    assert plain_source("a.Quillfeather", key).isalnum()
    assert plain_source("1.2.840.4711", key).isalnum()
    assert plain_source("a.DCM", key) == plain_source("a.dcm", key)
    assert plain_source("a.dcm", Pseudonyms(b"o" * 32)) != plain_source("a.dcm", key)
    assert plain_case("Doe, Jane", key) == plain_case("Doe, Jane", key) != plain_case("x", key)
