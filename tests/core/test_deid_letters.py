"""Letters written into pictures are found, and pictures with them put aside unless somebody looked."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import planted
from secondlook.deid.cleaning import clean_file
from secondlook.deid.dicom import Plan, clean_dicom
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.letters import has_lettering
from secondlook.deid.pieces import Cleaned
from secondlook.intake.outcome import Reason, Refused
from secondlook.settings import Limits


def plan(*checked: str) -> Plan:
    return Plan(Pseudonyms(b"k" * 32), frozenset(), frozenset(checked))


def chest(height: int = 400, width: int = 480) -> NDArray[np.uint8]:
    """Soft shades, a few of them sharp: ribs, a wire, a round electrode."""
    y, x = np.mgrid[:height, :width] / height
    grey = 110 + 70 * np.sin(3 * x) * np.cos(2 * y) + 25 * (np.sin(40 * y + 6 * x) > 0.9)
    image = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.line([(20, 30), (200, 180), (210, 390)], 230, 3)
    draw.ellipse((300, 200, 325, 225), 240)
    return np.asarray(image)


def named(text: str, size: int, ink: int = 255, paper: int | None = None) -> NDArray[np.uint8]:
    import reportlab

    face = ImageFont.truetype(
        str(Path(str(reportlab.__file__)).parent / "fonts" / "Vera.ttf"), size
    )
    image = Image.fromarray(chest() // 2)
    draw = ImageDraw.Draw(image)
    if paper is not None:
        draw.rectangle(draw.textbbox((20, 20), text, face), paper)
    draw.text((20, 20), text, ink, face)
    return np.asarray(image)


def encoded(picture: NDArray[np.uint8], kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("size", [12, 18, 30, 60])
@pytest.mark.parametrize(("ink", "paper"), [(255, None), (0, 255), (255, 0)])
def test_a_name_is_found(size: int, ink: int, paper: int | None) -> None:
    picture = named("DOE JANE 4711", size, ink, paper)
    assert has_lettering(picture)
    assert has_lettering(np.rot90(picture))
    assert has_lettering(np.stack([picture] * 3, axis=2))


@pytest.mark.parametrize("side", ["R", "L", ""])
def test_a_mark_of_the_side_is_no_name(side: str) -> None:
    assert not has_lettering(named(side, 30))
    assert not has_lettering(chest())


@pytest.mark.parametrize("shape", [(1, 1), (4, 900), (900, 4), (9, 9), (30, 30)])
def test_small_pictures_are_no_error(shape: tuple[int, int]) -> None:
    assert not has_lettering(np.zeros(shape, np.uint8))


def test_grain_in_which_nothing_can_be_told_counts_as_letters() -> None:
    grain = np.random.default_rng(0).integers(0, 256, (700, 700), dtype=np.uint8)
    assert has_lettering(grain)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_a_photo_with_letters_is_put_aside(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo"
    path.write_bytes(encoded(named("DOE JANE", 24), kind))
    answer = clean_file(path, path.name, Limits(), plan())
    assert isinstance(answer, tuple)
    assert answer[0] is Reason.BURNED_IN
    assert "--pixels-checked" in answer[1]
    for word in ("*", kind.lower()):
        assert isinstance(clean_file(path, path.name, Limits(), plan(word)), Cleaned)
    path.write_bytes(encoded(chest(), kind))
    assert isinstance(clean_file(path, path.name, Limits(), plan()), Cleaned)


def test_every_page_is_looked_at(tmp_path: Path) -> None:
    path, second = tmp_path / "pages.tif", Image.fromarray(named("DOE JANE", 24))
    path.write_bytes(encoded(chest(), "TIFF", save_all=True, append_images=[second]))
    answer = clean_file(path, path.name, Limits(), plan())
    assert isinstance(answer, tuple)
    assert answer[0] is Reason.BURNED_IN


@pytest.mark.parametrize(("modality", "refused"), [("CR", True), ("DX", True), ("CT", False)])
def test_a_radiograph_with_letters_is_put_aside(
    tmp_path: Path, modality: str, refused: bool
) -> None:
    def cleaned(picture: NDArray[np.uint8], *checked: str, **values: Any) -> None:
        pixels = picture.astype(np.uint16) * 16
        dataset = planted.bad_files.dicom(pixels, Modality=modality, **values)
        path = tmp_path / "a.dcm"
        path.write_bytes(planted.dicom_bytes(dataset))
        clean_dicom(path, plan(*checked))

    lettered = named("DOE JANE", 24)
    if refused:
        with pytest.raises(Refused, match="letters") as refusal:
            cleaned(lettered)
        assert refusal.value.reason is Reason.BURNED_IN
    else:
        cleaned(lettered)
    cleaned(chest())
    cleaned(lettered, BurnedInAnnotation="NO")
    cleaned(lettered, modality)


def test_a_radiograph_too_large_to_be_looked_at_is_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("secondlook.deid.burned_in.read_stored", exhausted)
    path = tmp_path / "a.dcm"
    path.write_bytes(planted.dicom_bytes(planted.scan(Modality="DX")))
    answer = clean_file(path, path.name, Limits(), plan())
    assert isinstance(answer, tuple)
    assert answer[0] is Reason.OUT_OF_MEMORY
