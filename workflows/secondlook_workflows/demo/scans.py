"""Made-up exams: schematic chest radiographs as DICOM, a small volume as NIfTI, and notes.

The pictures are drawings, no patient was ever near them. UIDs and pixels are the same every time.
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIZE = 384
NOTES = (
    "Sudden chest pain and shortness of breath after a fall. Please rule out pneumothorax.",
    "Cough and fever for five days, crackles on the right. Pneumonia?",
    "Routine check before knee surgery. No complaints.",
    "Position of the central venous catheter after placement.",
    "Swollen legs, breathless when lying flat, known heart failure.",
    "Follow-up of a nodule in the left upper lobe seen last year.",
)


def write_scans(folder: Path) -> Path:
    """Write exams and a manifest that joins them to their notes; returns the manifest's path."""
    target = folder / "exams"
    target.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, note in enumerate(NOTES):
        name = f"exam-{number + 1}.dcm"
        _write_dicom(target / name, number)
        rows.append({"case": f"exam {number + 1}", "image": name, "note": note})
    _write_volume(target / "volume.nii.gz")
    rows.append({"case": "volume 1", "image": "volume.nii.gz", "note": ""})
    manifest = target / "exams.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("case", "image", "note"))
        writer.writeheader()
        writer.writerows(rows)
    return manifest


def _chest(number: int) -> NDArray[np.uint16]:
    """A 12-bit drawing of a chest: body, two lungs, heart, ribs."""
    random = np.random.default_rng([3, number])
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    dense = 0.75 * _inside(x, y, 0, 0.1, 0.95, 1.1)
    for side in (-1, 1):
        dense -= 0.45 * _inside(x, y, side * 0.42, 0.0, 0.32, 0.68)
    dense += 0.3 * _inside(x, y, 0.14, 0.3, 0.28, 0.34)
    ribs = np.sin(22 * (y + 0.25 * np.abs(x))) > 0.55
    dense += 0.06 * ribs * (np.abs(x) < 0.85) + random.normal(0, 0.015, x.shape)
    return (np.clip(dense, 0, 1) * 4095).astype(np.uint16)


def _inside(
    x: NDArray[np.float64], y: NDArray[np.float64], cx: float, cy: float, rx: float, ry: float
) -> NDArray[np.float64]:
    radius = np.hypot((x - cx) / rx, (y - cy) / ry)
    inside: NDArray[np.float64] = 1 / (1 + np.exp((radius - 1) * 25))
    return inside


def _write_dicom(path: Path, number: int) -> None:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import (
        ComputedRadiographyImageStorage,
        ExplicitVRLittleEndian,
        generate_uid,
    )

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["secondlook demo", str(number)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID = meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = generate_uid(entropy_srcs=["secondlook demo study", str(number)])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=["secondlook demo series", str(number)])
    data.Modality, data.BodyPartExamined, data.ViewPosition = "CR", "CHEST", "PA"
    data.PatientName, data.PatientID = "Demo^Drawing", f"DEMO-{number + 1}"
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows = data.Columns = SIZE
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.WindowCenter, data.WindowWidth = 2048, 4096
    data.PixelData = _chest(number).tobytes()
    data.save_as(path, enforce_file_format=True)


def _write_volume(path: Path) -> None:
    import nibabel

    z, y, x = np.mgrid[-1:1:24j, -1:1:64j, -1:1:64j]
    head = (np.sqrt(x**2 + y**2 + z**2) < 0.9) * 40.0 + (np.abs(np.hypot(x, y) - 0.85) < 0.05) * 900
    data = head.transpose(2, 1, 0).astype(np.int16)
    image = nibabel.nifti1.Nifti1Image(data, np.diag([3.0, 3.0, 5.0, 1.0]))  # type: ignore[no-untyped-call]
    image.to_filename(path)
