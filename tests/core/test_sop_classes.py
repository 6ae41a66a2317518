"""What a DICOM object is decides what happens to it, before anything else is read of it."""

from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    EncapsulatedPDFStorage,
    EnhancedMRImageStorage,
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    MRImageStorage,
    MRSpectroscopyStorage,
    RawDataStorage,
    RTDoseStorage,
    RTImageStorage,
    RTIonPlanStorage,
    RTPlanStorage,
    SegmentationStorage,
    SpatialRegistrationStorage,
    TwelveLeadECGWaveformStorage,
)

import made_series
from secondlook import Role
from secondlook.intake.kept import NOT_ASSESSED
from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.sop_classes import FAMILIES

bad_files = made_series.bad_files


@pytest.mark.parametrize(
    ("sop_class", "reason"),
    [
        (BasicTextSRStorage, "structured_report"),
        (EnhancedSRStorage, "structured_report"),
        (KeyObjectSelectionDocumentStorage, "structured_report"),
        (RTDoseStorage, "radiotherapy"),
        (RTPlanStorage, "radiotherapy"),
        (RTIonPlanStorage, "radiotherapy"),
        (TwelveLeadECGWaveformStorage, "waveform"),
        (EncapsulatedPDFStorage, "encapsulated_document"),
        (GrayscaleSoftcopyPresentationStateStorage, "presentation_state"),
        (SegmentationStorage, "derived_data"),
        (RawDataStorage, "derived_data"),
        (SpatialRegistrationStorage, "derived_data"),
        (MRSpectroscopyStorage, "spectroscopy"),
        (RTImageStorage, None),  # a radiograph of the treatment field
        (MRImageStorage, None),  # 4 beside 4.2
        (EnhancedMRImageStorage, None),
        (CTImageStorage, None),
        (DigitalXRayImageStorageForPresentation, None),
        (UID("1.2.826.0.1.3680043.8.498.99"), None),  # private, with a picture
    ],
)
def test_objects_are_routed_by_their_class(
    sop_class: UID, reason: str | None, tmp_path: Path
) -> None:
    dataset = bad_files.dicom(SOPClassUID=sop_class)
    (tmp_path / "a.dcm").write_bytes(bad_files.dicom_bytes(dataset))
    file = made_series.attachment(tmp_path / "a.dcm")
    assert file.facts.get("not_assessed") == reason
    assert file.role is (Role.OTHER if reason else Role.IMAGE)


def test_pixels_of_what_is_not_looked_at_are_not_asked_for(tmp_path: Path) -> None:
    dataset = bad_files.dicom(SOPClassUID=RTDoseStorage, PixelData=b"\0\0")
    (tmp_path / "a.dcm").write_bytes(bad_files.dicom_bytes(dataset))
    assert made_series.attachment(tmp_path / "a.dcm").role is Role.OTHER


@pytest.mark.parametrize("name", ["rtplan.dcm", "waveform_ecg.dcm", "test-SR.dcm"])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_what_is_kept_is_whole(name: str, share: float, tmp_path: Path) -> None:
    data = Path(str(get_testdata_file(name))).read_bytes()
    (tmp_path / "a.dcm").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(Refused) as caught:
        made_series.attachment(tmp_path / "a.dcm")
    assert caught.value.reason is Reason.TRUNCATED


def test_a_picture_that_does_not_say_what_it_is_is_kept(tmp_path: Path) -> None:
    dataset = bad_files.dicom()
    del dataset.SOPClassUID, dataset.file_meta.MediaStorageSOPClassUID
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=False)
    assert made_series.attachment(tmp_path / "a.dcm").facts["not_assessed"] == "no_class"


def test_every_reason_has_words() -> None:
    assert set(FAMILIES.values()) <= set(NOT_ASSESSED)
    assert all(NOT_ASSESSED.values())
