"""Medical files of every kind, and what becomes of them when their bytes are changed."""

import gzip
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pydicom
from pydicom.data import get_testdata_file

sys.path.append(str(Path(__file__).parent / "core"))
import bad_files

BUNDLED = (
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "JPEGLSNearLossless_08.dcm",
    "JPGExtended.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_small_odd.dcm",
    "image_dfl.dcm",
    "rtdose_1frame.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
    "liver_1frame.dcm",
    "UN_sequence.dcm",
    "no_meta.dcm",
)
"""Of pydicom's own test data: every codec, byte order and class that is small."""


def seeds() -> Mapping[str, bytes]:
    """The files to change, by name."""
    found = {name: _bundled(name) for name in BUNDLED}
    ones = np.ones((6, 7, 8), np.int16)
    return found | {
        "made.dcm": bad_files.dicom_bytes(bad_files.dicom(PatientAge="045Y")),
        "made_frames.dcm": bad_files.dicom_bytes(_enhanced()),
        "made.nii": bad_files.nifti(ones.astype(np.float32)),
        "made.nii.gz": gzip.compress(bad_files.nifti(ones)),
        "made_4d.nii": bad_files.nifti(np.ones((4, 5, 6, 3), np.uint8)),
        "made.png": bad_files.photo(bad_files.gradient(), "PNG"),
        "made.jpg": bad_files.photo(bad_files.gradient(), "JPEG"),
    }


def mutate(seed: bytes, random: np.random.Generator) -> bytes:
    """Flip, cut, repeat or blank a few stretches, mostly near the start where headers are."""
    data = bytearray(seed)
    for _ in range(random.integers(1, 6)):
        place = int(min(random.exponential(len(data) / 4), max(len(data) - 1, 0)))
        length = int(random.integers(1, 9))
        match int(random.integers(5)):
            case 0:
                data[place : place + length] = random.bytes(length)
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = data[place : place + 64]
            case 3:
                data[place : place + length] = random.choice([b"\0", b"\xff"]) * length
            case _:
                del data[place + int(random.integers(len(data))) :]
        if not data:
            break
    return bytes(data)


def _bundled(name: str) -> bytes:
    return Path(str(get_testdata_file(name))).read_bytes()


def _enhanced() -> pydicom.FileDataset:
    groups = []
    for z in range(3):
        group, placed, turned = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        placed.ImagePositionPatient = [0, 0, 2 * z]
        turned.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        group.PlanePositionSequence, group.PlaneOrientationSequence = [placed], [turned]
        groups.append(group)
    pixels = np.ones((3, 8, 9), np.uint16)
    many = {"NumberOfFrames": 3, "Rows": 8, "Columns": 9}
    return bad_files.dicom(pixels, PerFrameFunctionalGroupsSequence=groups, **many)
