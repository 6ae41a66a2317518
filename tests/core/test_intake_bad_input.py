"""Every kind of bad input has its own outcome, and the file beside it is read all the same."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from secondlook.domain import IntakeFile
from secondlook.errors import ManifestError
from secondlook.intake.manifest import read_manifest
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.intake.reader import Reader
from secondlook.intake.sources import FoundFile, walk
from secondlook.settings import Limits

sys.path.append(str(Path(__file__).parent))
import bad_files

REFUSED = {
    "empty file": Reason.EMPTY,
    "truncated JPEG": Reason.TRUNCATED,
    "PNG of 88 Mpx": Reason.TOO_MANY_PIXELS,
    "PNG of 400 Mpx": Reason.TOO_MANY_PIXELS,
    "zip bomb named .docx": Reason.UNPACKS_TOO_LARGE,
    "zip bomb that claims 10 bytes": Reason.DAMAGED,
    "PDF with a 240 MB stream": Reason.UNPACKS_TOO_LARGE,
    "start of a DICOM without meta header": Reason.DAMAGED,
    "NIfTI with NaN": Reason.NOT_FINITE,
}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(Limits()) as reader:
        yield reader


@pytest.mark.parametrize(("what", "reason"), REFUSED.items(), ids=list(REFUSED))
def test_bad_file_is_refused_by_name_and_its_neighbour_read(
    what: str, reason: Reason, reader: Reader, tmp_path: Path
) -> None:
    path = bad_files.FILES[what](tmp_path)
    outcome = reader.read(path, path.name)
    assert isinstance(outcome, QuarantinedFile)
    assert outcome.reason is reason
    assert str(tmp_path) not in outcome.detail
    assert outcome.size == path.stat().st_size
    good = bad_files.good(tmp_path)
    assert isinstance(reader.read(good, good.name), IntakeFile)


def test_dicom_without_meta_header_is_read_and_noted(reader: Reader, tmp_path: Path) -> None:
    outcome = reader.read(bad_files.dicom_without_meta(tmp_path), "bare.dcm")
    assert isinstance(outcome, IntakeFile)
    assert outcome.attachment.facts["meta_header"] is False
    assert outcome.attachment.facts["transfer_syntax"] == "Explicit VR Little Endian"


def test_text_in_utf16_is_read_correctly(reader: Reader, tmp_path: Path) -> None:
    outcome = reader.read(bad_files.utf16(tmp_path), "utf16.txt")
    assert isinstance(outcome, IntakeFile)
    assert outcome.record
    assert outcome.record.text == "Prüfung der Oberfläche: Kratzer.\n"


def test_text_in_latin1_is_read_correctly(reader: Reader, tmp_path: Path) -> None:
    outcome = reader.read(bad_files.latin1(tmp_path), "latin1.txt")
    assert isinstance(outcome, IntakeFile)
    assert outcome.record
    assert outcome.record.text == "Prüfung der Oberfläche: größer.\n"


def test_folder_with_a_link_loop_ends_and_keeps_its_files(tmp_path: Path) -> None:
    loop = bad_files.link_loop(tmp_path)
    good = bad_files.good(loop)
    refused, found = list(walk([loop]))
    assert isinstance(refused, QuarantinedFile)
    assert (refused.source, refused.reason) == ("again", Reason.LINK_LOOP)
    assert found == FoundFile(good, "good.png")


def test_manifest_that_climbs_out_is_refused(tmp_path: Path) -> None:
    manifest = read_manifest(bad_files.climbing_manifest(tmp_path))
    assert manifest.files == ()
    assert [(x.reason, x.row) for x in manifest.refused] == [(Reason.OUTSIDE_SOURCE, 0)]


def test_manifest_without_a_column_says_what_would_work(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="columns case, picture but neither `image` nor `note`"):
        read_manifest(bad_files.manifest_without_column(tmp_path))


def test_manifest_without_a_file_refuses_that_row(tmp_path: Path) -> None:
    manifest = read_manifest(bad_files.manifest_without_file(tmp_path))
    (refused,) = manifest.refused
    assert (refused.source, refused.reason, refused.row) == ("nowhere.png", Reason.NOT_FOUND, 0)


def test_file_over_the_size_limit_is_not_opened(tmp_path: Path) -> None:
    path = bad_files.good(tmp_path)
    with Reader(Limits(max_file_bytes=10)) as reader:
        outcome = reader.read(path, path.name)
    assert isinstance(outcome, QuarantinedFile)
    assert (outcome.reason, outcome.sha256) == (Reason.TOO_LARGE, None)
