"""DICOM as another implementation writes it: files made and compressed by DCMTK's tools."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from secondlook.domain import IntakeFile
from secondlook.intake.pixels import read_picture
from secondlook.intake.reader import Reader
from secondlook.settings import Limits

pytestmark = pytest.mark.skipif(
    shutil.which("img2dcm") is None, reason="needs DCMTK's tools: Debian package `dcmtk`"
)


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    """A secondary capture that img2dcm made of a smooth picture."""
    x = np.linspace(0, 255, 64)
    grey = np.add.outer(x, x) / 2
    Image.fromarray(np.stack([grey] * 3, axis=-1).astype(np.uint8)).save(
        tmp_path / "picture.jpg", quality=95
    )
    _tool("img2dcm", tmp_path / "picture.jpg", tmp_path / "captured.dcm")
    return tmp_path / "captured.dcm"


@pytest.mark.parametrize(
    "command",
    [
        None,
        ("dcmdjpeg",),  # decompressed
        ("dcmdjpeg", "dcmcrle"),
        ("dcmdjpeg", "dcmcjpeg +e1"),  # lossless JPEG
        ("dcmdjpeg", "dcmcjpls"),
        ("dcmdjpeg", "dcmconv +tb"),  # big endian
        ("dcmdjpeg", "dcmconv -F +ti"),  # no meta header, implicit VR
    ],
    ids=lambda x: " then ".join(x) if x else "as made",
)
def test_every_form_shows_the_same_picture(captured: Path, command: tuple[str, ...] | None) -> None:
    path = captured
    for number, step in enumerate(command or ()):
        done = captured.with_name(f"step-{number}.dcm")
        _tool(*step.split(), path, done)
        path = done
    with Reader(Limits()) as reader:
        file = reader.read(path, path.name)
    assert isinstance(file, IntakeFile), file
    assert file.attachment.facts["rows"] == 64
    picture = read_picture(file.attachment, path)
    assert picture is not None
    assert picture.shape == (64, 64, 3)
    x = np.linspace(0, 255, 64)
    expected = np.add.outer(x, x) / 2
    assert np.abs(picture.mean(axis=-1) - expected).mean() < 4


def _tool(*words: str | Path) -> None:
    subprocess.run([str(x) for x in words], check=True, capture_output=True)
