"""Whose exam a DICOM file is: the number, and who gave it, and nothing that shows it."""

import logging
import sys
import warnings
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from secondlook.intake.patients import Patient, SeveralPatients, one_patient, patient_of

sys.path.append(str(Path(__file__).parent))
import bad_files

NUMBER = "4711-NEMO"


def written(folder: Path, syntax: str | None = None, **values: object) -> Path:
    dataset = bad_files.dicom(**values)
    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    path = folder / "file.dcm"
    path.write_bytes(bad_files.dicom_bytes(dataset))
    return path


@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_number_and_issuer_are_read(tmp_path: Path, syntax: str | None) -> None:
    path = written(tmp_path, syntax, PatientID=f" {NUMBER} ", IssuerOfPatientID="Ward ")
    assert patient_of(path) == Patient(NUMBER, "Ward")
    assert patient_of(written(tmp_path, syntax, PatientID=NUMBER)) == Patient(NUMBER)


def test_a_file_without_a_meta_header_names_its_patient_too(tmp_path: Path) -> None:
    whole = bad_files.dicom_bytes(bad_files.dicom(PatientID=NUMBER))
    path = tmp_path / "bare"
    path.write_bytes(whole[whole.index(b"\x08\x00\x16\x00UI") :])
    assert patient_of(path) == Patient(NUMBER)


@pytest.mark.parametrize("number", [None, "", "   ", "\0"])
def test_no_number_is_no_patient(tmp_path: Path, number: str | None) -> None:
    values = {"IssuerOfPatientID": "Ward"} | ({} if number is None else {"PatientID": number})
    assert patient_of(written(tmp_path, **values)) is None


def test_letters_of_any_set_are_the_same_number(tmp_path: Path) -> None:
    one = written(tmp_path, SpecificCharacterSet="ISO_IR 100", PatientID="Ä-7")
    first = patient_of(one)
    two = written(tmp_path, SpecificCharacterSet="ISO_IR 192", PatientID="Ä-7")
    assert first == patient_of(two) == Patient("Ä-7")


@pytest.mark.parametrize("number", ["9" * 90, "a\\b", "line\nbreak", "Ä"])
def test_odd_numbers_count_and_are_written_nowhere(
    tmp_path: Path,
    number: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = written(tmp_path, PatientID=number)
    with caplog.at_level(logging.DEBUG):
        patient = patient_of(path)
    assert patient is not None
    assert number[:5] not in "".join((caplog.text, *capfd.readouterr(), repr(patient)))


def test_a_file_that_cannot_be_read_any_more_names_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "secondlook"):
        assert patient_of(tmp_path / "DOE.dcm") is None
    assert "FileNotFoundError" in caplog.text
    assert "DOE" not in caplog.text


def test_one_patient_with_and_without_the_issuer() -> None:
    known = Patient("7", "Ward")
    assert one_patient([]) is one_patient([None]) is None
    assert one_patient([None, Patient("7"), known, Patient("7")]) == known
    for other in (Patient("8"), Patient("8", "Ward"), Patient("7", "Clinic")):
        with pytest.raises(SeveralPatients, match="name 2 patients"):
            one_patient([known, other, Patient("7")])
    assert "7" not in repr(known)
