"""No bytes whatever make the reader raise.

SECONDLOOK_FUZZ sets how many mutants of each seed are read; 30 unless told.
"""

import gzip
import os
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mutants
from secondlook import stacks_of
from secondlook.domain import IntakeFile
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.intake.pixels import read_picture
from secondlook.intake.reader import Reader
from secondlook.intake.series_pixels import slices
from secondlook.settings import Limits

sys.path.append(str(Path(__file__).parent))
import bad_files

MUTANTS = int(os.environ.get("SECONDLOOK_FUZZ", "30"))


def word() -> bytes:
    document, buffer = docx.Document(), BytesIO()
    document.add_heading("4.2 Scratches")
    document.save(buffer)
    return buffer.getvalue()


def compressed_dicom() -> bytes:
    dataset = bad_files.dicom()
    dataset.compress("1.2.840.10008.1.2.4.90")
    return bad_files.dicom_bytes(dataset)


SEEDS = {
    "photo.jpg": bad_files.jpeg(),
    "photo.png": bad_files.photo(bad_files.gradient(), "PNG"),
    "photo.tif": bad_files.photo(bad_files.gradient(), "TIFF"),
    "photo.webp": bad_files.photo(bad_files.gradient(), "WEBP"),
    "photo.bmp": bad_files.photo(bad_files.gradient(), "BMP"),
    "scan.dcm": bad_files.dicom_bytes(bad_files.dicom()),
    "packed.dcm": compressed_dicom(),
    "bare.dcm": bad_files.dicom_bytes(bad_files.dicom())[132:],
    "volume.nii": bad_files.nifti(np.ones((6, 7, 8), np.float32)),
    "volume.nii.gz": gzip.compress(bad_files.nifti(np.ones((6, 7, 8), np.int16))),
    "manual.pdf": bad_files.pdf(b"", b"BT /F 12 Tf 72 720 Td (No cracks) Tj ET"),
    "manual.docx": word(),
    "manual.html": b"<!doctype html><h1>Tile</h1><table><tr><td>crack<td>none</table>",
    "manual.md": b"# Tile\n\n- *no* `cracks`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(Limits()) as reader:
        yield reader


def check(outcome: IntakeFile | QuarantinedFile) -> None:
    """An outcome that can be relied on: a named reason, or a file that can be shown."""
    if isinstance(outcome, QuarantinedFile):
        # A codec written in C may crash (PARSER_CRASHED): that is what the process is for.
        assert outcome.reason in Reason
        assert outcome.detail.endswith(".")
        return
    read_picture(outcome.attachment, outcome.path)
    for stack in stacks_of([outcome.attachment]):
        for values in slices(stack, lambda _: outcome.path):
            assert values.ndim == 2
    if outcome.record:
        text = outcome.record.text
        assert all(text[p.start : p.end] == p.text for p in outcome.record.passages)


@pytest.mark.parametrize("name", SEEDS)
def test_mutants_of_good_files_have_an_outcome(name: str, reader: Reader, tmp_path: Path) -> None:
    check(reader.read(_write(tmp_path / name, SEEDS[name]), name))
    random = np.random.default_rng(sum(name.encode()))
    for _ in range(MUTANTS):
        check(reader.read(_write(tmp_path / name, mutants.mutate(SEEDS[name], random)), name))


@pytest.mark.parametrize("name", mutants.seeds())
def test_mutants_of_medical_files_have_an_outcome(
    name: str, reader: Reader, tmp_path: Path
) -> None:
    seed, random = mutants.seeds()[name], np.random.default_rng(sum(name.encode()))
    for _ in range(MUTANTS):
        check(reader.read(_write(tmp_path / name, mutants.mutate(seed, random)), name))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=500), name=st.sampled_from(["a", "a.md", "a.png", "a.csv"]))
def test_any_bytes_have_an_outcome(data: bytes, name: str, reader: Reader, tmp_path: Path) -> None:
    check(reader.read(_write(tmp_path / name, data), name))


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
