"""DICOM without names: what goes, what stays, and what is refused."""

import hashlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.datadict import DicomDictionary, dictionary_VR
from pydicom.encaps import encapsulate
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

import planted
from secondlook.deid.dicom import Plan, clean_dicom
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.options import Option, chosen
from secondlook.deid.pieces import write
from secondlook.deid.table import Action, action, rows
from secondlook.deid.values import BINARY
from secondlook.intake.outcome import Reason, Refused
from secondlook.settings import Deidentify

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
DEFAULT = chosen(Deidentify())
KEY = b"k" * 32


def plan(options: frozenset[Option] = DEFAULT, *checked: str, key: bytes = KEY) -> Plan:
    return Plan(Pseudonyms(key), options, frozenset(checked))


def cleaned(
    dataset: pydicom.FileDataset, folder: Path, how: Plan | None = None
) -> tuple[pydicom.FileDataset, bytes]:
    """The dataset as it comes out, and all of its bytes."""
    source, target = folder / "in.dcm", folder / "out.dcm"
    target.unlink(missing_ok=True)
    source.write_bytes(planted.dicom_bytes(dataset))
    write(clean_dicom(source, how or plan()), source, target)
    return pydicom.dcmread(target), target.read_bytes()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_what_stands_behind_the_last_frame_goes(syntax: UID, tmp_path: Path) -> None:
    dataset = planted.scan()
    frames = bytes(dataset.PixelData)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = frames + f"{planted.FAMILY} 1970-01-01 ".encode() * 50
    out, raw = cleaned(dataset, tmp_path)
    assert planted.found_in(raw) == []
    assert out.PixelData[: len(frames)] == frames
    assert not any(out.PixelData[len(frames) :])


def test_a_file_far_longer_than_its_frames_is_refused(tmp_path: Path) -> None:
    dataset = planted.scan()
    dataset.PixelData = bytes(dataset.PixelData) + bytes(2**21)
    with pytest.raises(Refused) as refused:
        cleaned(dataset, tmp_path)
    assert refused.value.reason is Reason.DAMAGED


def test_a_comment_behind_a_long_thumbnail_is_met_too(tmp_path: Path) -> None:
    """EXIF of nearly 64 kB stands before it."""
    stream = planted.photo_with_texts("JPEG", planted.bad_files.gradient())
    exif, comment = b"Exif\0\0".ljust(65000, b"t"), f"{planted.FAMILY} in a comment".encode()
    parts = [(0xE1, exif), (0xE1, exif), (0xFE, comment)]
    more = b"".join(b"\xff%c" % m + (len(x) + 2).to_bytes(2, "big") + x for m, x in parts)
    dataset = planted.DICOM["jpeg"]()
    dataset.PixelData = encapsulate([stream[:2] + more + stream[2:]])
    assert planted.FAMILY.encode() in dataset.PixelData
    _, raw = cleaned(dataset, tmp_path)
    assert planted.found_in(raw) == []


@pytest.mark.parametrize("name", planted.DICOM)
def test_no_planted_identifier_is_left(tmp_path: Path, name: str) -> None:
    before = planted.dicom_bytes(planted.DICOM[name]())
    assert len(planted.found_in(before)) > 8
    after, raw = cleaned(planted.DICOM[name](), tmp_path)
    assert planted.found_in(raw) == []
    assert raw[:128] == bytes(128)
    assert after.file_meta.TransferSyntaxUID
    assert not any(x.tag.is_private for x in after.iterall())


def test_whatever_the_dictionary_knows_may_hold_a_name(tmp_path: Path) -> None:
    """Each element of DICOM that can hold text, at the top and in a sequence."""
    dataset = planted.everywhere()
    inner = planted.everywhere()
    for keyword in ("PixelData", "ReferencedImageSequence"):
        inner.pop(keyword, None)
    item = pydicom.Dataset(inner)
    dataset.ReferencedImageSequence = pydicom.Sequence([item])
    _, raw = cleaned(dataset, tmp_path, plan(DEFAULT, "*"))
    assert planted.found_in(raw) == []


@pytest.mark.parametrize("option", [x for x in Option if "dates" not in x and "uids" not in x])
def test_an_option_keeps_no_name_of_a_patient(tmp_path: Path, option: Option) -> None:
    retained = {"Vexillum", "Pumpernickel", "SKV-VEX-CT01", "1.2.840.99999.4711"}
    kept = retained if "identity" in option else set()
    for make in (planted.everywhere, planted.DICOM["report"], planted.DICOM["private"]):
        _, raw = cleaned(make(), tmp_path, plan(DEFAULT | {option}, "*"))
        left = set(planted.found_in(raw)) - kept
        assert left == set(), option


def test_the_table_is_whole() -> None:
    assert len(rows()) == 652
    assert action(0x00100010, DEFAULT) is Action.EMPTY
    assert action(0x00100020, DEFAULT) is Action.DUMMY
    assert action(0x0020000D, DEFAULT) is Action.UID
    assert action(0x0020000D, {Option.RETAIN_UIDS}) is Action.KEEP
    assert action(0x00080020, DEFAULT) is Action.CLEAN
    assert action(0x00080020, frozenset()) is Action.EMPTY
    assert action(0x00101010, frozenset()) is Action.REMOVE
    assert action(0x60023000, DEFAULT) is action(0x50002500, DEFAULT) is Action.REMOVE
    assert action(0x00280010, DEFAULT) is None
    for tag, row in rows().items():
        assert not row["keyword"] or pydicom.datadict.keyword_for_tag(tag) == row["keyword"]


def test_every_date_and_every_uid_of_the_standard_is_met(tmp_path: Path) -> None:
    """None of them may come out as it went in, whether or not the table lists it."""
    dataset, found = planted.everywhere(), Counter[str]()
    after, _ = cleaned(dataset, tmp_path, plan(DEFAULT, "*"))
    for element in after:
        if element.VR in ("DA", "DT"):
            assert not str(element.value).startswith(planted.SEEN), element.tag
            found[element.VR] += 1
        if element.VR == "UI":
            assert planted.STUDY not in str(element.value), element.tag
            found["UI"] += 1
    assert min(found[x] for x in ("DA", "DT", "UI")) > 40


def test_what_the_picture_needs_stays_to_the_bit(tmp_path: Path) -> None:
    before = planted.scan(WindowCenter="40", RescaleSlope="1", RescaleIntercept="-1024")
    after, _ = cleaned(before, tmp_path)
    assert after.PixelData == before.PixelData
    for keyword in (
        "Modality", "Rows", "KVP", "PixelSpacing", "ImagePositionPatient", "InstanceNumber",
        "ImageOrientationPatient", "WindowCenter", "RescaleIntercept", "ImageType", "SOPClassUID",
        "PatientSex", "SeriesNumber", "Manufacturer", "PhotometricInterpretation",
    ):  # fmt: skip
        assert after[keyword].value == before[keyword].value, keyword


def test_what_was_done_is_said(tmp_path: Path) -> None:
    after, _ = cleaned(planted.scan(), tmp_path)
    assert after.PatientIdentityRemoved == "YES"
    assert len(after.DeidentificationMethod) <= 64
    codes = [x.CodeValue for x in after.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113108"]
    assert after.LongitudinalTemporalInformationModified == "MODIFIED"
    bare, _ = cleaned(planted.scan(), tmp_path, plan(frozenset()))
    assert bare.LongitudinalTemporalInformationModified == "REMOVED"
    assert "PatientAge" not in bare and bare.PatientSex == "" and bare.StudyDate == ""
    full, _ = cleaned(planted.scan(), tmp_path, plan(frozenset({Option.RETAIN_FULL_DATES})))
    assert full.LongitudinalTemporalInformationModified == "UNMODIFIED"
    assert full.StudyDate == planted.SEEN


def test_files_that_belonged_together_still_do(tmp_path: Path) -> None:
    one, _ = cleaned(planted.scan(1), tmp_path)
    two, _ = cleaned(planted.scan(2), tmp_path)
    nested, _ = cleaned(planted.DICOM["nested"](), tmp_path)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert one[keyword].value == two[keyword].value
        assert one[keyword].value != planted.scan()[keyword].value
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert one.StudyInstanceUID.startswith("2.25.") and len(one.StudyInstanceUID) <= 64
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
    item = nested.SourceImageSequence[0].ReferencedImageSequence[0].ReferencedImageSequence[0]
    item = item.ReferencedImageSequence[0]
    assert item.ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert item.PatientID == one.PatientID


def test_dates_move_together_and_differ_by_patient(tmp_path: Path) -> None:
    def moments(**values: Any) -> list[datetime]:
        after, _ = cleaned(planted.scan(**values), tmp_path)
        pairs = [("StudyDate", "StudyTime"), ("SeriesDate", "SeriesTime")]
        texts = [after[x].value + after[y].value[:6] for x, y in pairs]
        return [
            datetime.strptime(x, "%Y%m%d%H%M%S") for x in [*texts, after.AcquisitionDateTime[:14]]
        ]

    study, series, acquired = moments()
    assert (series - study).total_seconds() == 228
    assert (acquired - study).total_seconds() == 288
    assert 1 <= (datetime(2019, 8, 23, 10, 11, 12) - study).days <= 3652
    other = moments(PatientID="somebody else")
    assert other[0] != study
    later = moments(StudyDate="20191001", StudyTime="101112.5")
    assert (later[0] - study).days == 39


def test_another_key_gives_other_pseudonyms_and_the_same_key_the_same_bytes(tmp_path: Path) -> None:
    first, raw = cleaned(planted.scan(), tmp_path)
    _, again = cleaned(planted.scan(), tmp_path)
    other, _ = cleaned(planted.scan(), tmp_path, plan(key=b"o" * 32))
    assert raw == again
    for keyword in ("StudyInstanceUID", "PatientID", "StudyDate"):
        assert first[keyword].value != other[keyword].value
    assert hashlib.sha256(planted.STUDY.encode()).hexdigest()[:12] not in raw.decode("latin-1")
    assert "k" * 8 not in repr(plan()) and str(Pseudonyms(KEY)._key) not in repr(plan())


@pytest.mark.parametrize(
    ("values", "age"),
    [
        ({"PatientAge": "045Y"}, "045Y"),
        ({"PatientAge": "093Y"}, "090Y"),
        ({"PatientAge": "006M"}, "006M"),
        ({"PatientAge": "old"}, ""),
        ({}, "062Y"),
        ({"PatientBirthDate": "19200101"}, "090Y"),
        ({"PatientBirthDate": ""}, None),
    ],
)
def test_the_age_is_kept_to_ninety(tmp_path: Path, values: dict[str, str], age: str | None) -> None:
    after, _ = cleaned(planted.scan(**values), tmp_path)
    assert (after.PatientAge if "PatientAge" in after else None) == age
    assert after.PatientBirthDate == ""


@pytest.mark.parametrize("name", planted.BURNED_IN)
def test_a_picture_that_may_show_a_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        cleaned(planted.BURNED_IN[name](), tmp_path)
    assert refusal.value.reason is Reason.BURNED_IN
    assert "--pixels-checked" in refusal.value.detail
    _, raw = cleaned(planted.BURNED_IN[name](), tmp_path, plan(DEFAULT, "*"))
    assert planted.found_in(raw) == []


def test_a_site_may_answer_for_a_modality_but_not_for_a_flag(tmp_path: Path) -> None:
    cleaned(planted.scan(Modality="US"), tmp_path, plan(DEFAULT, "US"))
    for values in ({"Modality": "XA"}, {"Modality": "US", "BurnedInAnnotation": "YES"}):
        with pytest.raises(Refused):
            cleaned(planted.scan(**values), tmp_path, plan(DEFAULT, "US"))
    overlay = planted.scan()
    overlay.add_new(0x60000102, "US", 12)
    with pytest.raises(Refused, match="unused bits"):
        cleaned(overlay, tmp_path)


def test_a_dicomdir_is_refused(tmp_path: Path) -> None:
    path = Path(pydicom.__file__).parent / "data/test_files/dicomdirtests/DICOMDIR"
    with pytest.raises(Refused, match="DICOMDIR"):
        clean_dicom(path, plan())


def test_geometry_that_cannot_be_read_is_never_dropped_in_silence(tmp_path: Path) -> None:
    raw = planted.dicom_bytes(planted.scan(ImagePositionPatient=["1", "2", "3"]))
    path = tmp_path / "odd.dcm"
    path.write_bytes(raw.replace(b"1\\2\\3 ", b"1\\x\\3 "))
    with pytest.raises(Refused) as refusal:
        clean_dicom(path, plan())
    assert refusal.value.reason is Reason.NOT_DEIDENTIFIED


def test_pixels_cut_short_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.dcm"
    for name in ("plain", "jpeg"):
        path.write_bytes(planted.dicom_bytes(planted.DICOM[name]())[:-900])
        with pytest.raises(Refused) as refusal:
            clean_dicom(path, plan())
        assert refusal.value.reason is Reason.TRUNCATED


def test_safe_private_numbers_may_stay_and_nothing_else(tmp_path: Path) -> None:
    dataset = planted.DICOM["private"]()
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "1000")
    block.add_new(0x0D, "CS", "QUILLFEATHER")
    after, raw = cleaned(dataset, tmp_path, plan(DEFAULT | {Option.RETAIN_SAFE_PRIVATE}))
    private = [x for x in after.iterall() if x.tag.is_private]
    assert sorted(str(x.value) for x in private) == ["1000", "SIEMENS MR HEADER"]
    assert planted.found_in(raw) == []


def bundled() -> list[Path]:
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    return sorted(x for x in folder.rglob("*") if x.suffix not in (".py", ".pyc") and x.is_file())


def every(files: list[Path], folder: Path, look: Callable[[Path, Path], None]) -> Counter[str]:
    """Clean all files that can be; count what became of them."""
    outcomes: Counter[str] = Counter()
    for number, path in enumerate(files):
        target = folder / str(number)
        try:
            write(clean_dicom(path, plan(DEFAULT, "*")), path, target)
        except Refused as refusal:
            outcomes[refusal.reason] += 1
        except Exception:  # noqa: BLE001 - no DICOM: `clean_file` says so for any error
            outcomes["no DICOM"] += 1
        else:
            outcomes["cleaned"] += 1
            look(path, target)
    return outcomes


@pytest.mark.filterwarnings("ignore")
def test_pixels_of_all_bundled_files_stay_as_they_are(tmp_path: Path) -> None:
    compared = 0

    def same_pixels(before: Path, after: Path) -> None:
        nonlocal compared
        try:
            pixels = pydicom.dcmread(before, force=True).pixel_array
        except Exception:  # noqa: BLE001 - it never had any that can be decoded
            return
        assert np.array_equal(pixels, pydicom.dcmread(after).pixel_array), before.name
        compared += 1

    outcomes = every(bundled(), tmp_path, same_pixels)
    assert outcomes["cleaned"] > 100
    assert compared > 60


def errors(path: Path) -> Counter[str]:
    """What dciodvfy calls an error; UIDs differ, so they are left out."""
    import re

    done = subprocess.run(
        ["dciodvfy", str(path)], capture_output=True, text=True, errors="replace", check=False
    )
    lines = (re.sub(r"<[^>]*>|(?<=UID )\S+", "…", x) for x in done.stderr.splitlines())
    return Counter(x for x in lines if x.startswith("Error"))


UNREAD = ("dataset read failed", "Tags out of order", "Information Object Not found")


@pytest.mark.filterwarnings("ignore")
def test_the_validator_finds_no_new_error(tmp_path: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("needs dciodvfy of Debian's dicom3tools")
    judged = 0

    def no_new(before: Path, after: Path) -> None:
        nonlocal judged
        old = errors(before)
        if any(x in line for line in old for x in UNREAD):
            return  # it could not read what came, so it cannot say what is new
        assert errors(after) - old == Counter(), before.name
        judged += 1

    every(bundled(), tmp_path, no_new)
    assert judged > 60


def test_the_planted_kinds_are_those_of_the_standard() -> None:
    """So that no representation is left out where things are planted everywhere."""
    kinds = {x[0] for x in DicomDictionary.values()}
    numbers = {"AT", "DS", "FD", "FL", "IS", "SL", "SQ", "SS", "SV", "UL", "US", "UV", "NONE"}
    unplanted = {x for x in kinds if not x.startswith("US or") and " or " not in x} - numbers
    assert unplanted - set(planted.BY_KIND) <= BINARY
    assert dictionary_VR(0x00100010) == "PN"
