"""What is round in the patient is round in pictures, however rows and columns are spaced."""

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

import made_series
import scan_files
from secondlook import Attachment, scans_of
from secondlook.intake.aspect import LONGEST, spacing_within, square
from secondlook.intake.pixels import read_frame
from secondlook.intake.volume import read_volume
from secondlook.models.slices import slice_pictures
from secondlook.settings import Limits

WIDE, HIGH = made_series.HIGH[0] - made_series.LOW[0], made_series.HIGH[1] - made_series.LOW[1]
"""The phantom's box in an axial slice, in mm."""


def shape_of(picture: NDArray[np.uint8]) -> float:
    """Width to height of what is bright."""
    y, x = np.nonzero(picture[..., 1] > 128)
    return float((np.ptp(x) + 1) / (np.ptp(y) + 1))


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 2.0), (4.0, 1.0)])
def test_series_of_any_spacing_look_alike(spacing: tuple[float, float], tmp_path: Path) -> None:
    size = (round(128 / spacing[0]), round(120 / spacing[1]))
    paths = [
        made_series.write_slice(
            tmp_path / f"{z}.dcm", made_series.AXIAL, z, size=size, spacing=spacing
        )
        for z in (24.0, 28.0, 32.0)
    ]
    files = [made_series.attachment(x) for x in paths]
    (scan,) = scans_of(files)
    seen = slice_pictures(scan.stack, lambda x: Path(x.sha256), (0, 1, 2))
    shown = read_frame(files[1], paths[1], 0)
    assert shown is not None
    assert shape_of(seen[1]) == pytest.approx(WIDE / HIGH, rel=0.2)
    assert shape_of(shown) == pytest.approx(WIDE / HIGH, rel=0.2)
    assert seen.shape[1:] == shown.shape


@pytest.mark.parametrize("axes", ["RAS", "LPS", "ASR", "PIL", "SRA", "RSP"])
def test_a_volume_of_any_axes_is_hung_in_its_proportions(axes: str, tmp_path: Path) -> None:
    """4 mm from left to right, 1 mm from front to back, 2 mm from feet to head."""
    values = np.zeros((16, 64, 20), np.int16)
    values[4:12, 16:48] = 1000  # 32 mm square
    image = nibabel.Nifti1Image(values, np.diag([4.0, 1, 2, 1]))
    target = nibabel.orientations.axcodes2ornt(tuple(axes))
    turned = image.as_reoriented(
        nibabel.orientations.ornt_transform(nibabel.io_orientation(image.affine), target)
    )
    path = tmp_path / "a.nii"
    nibabel.save(turned, path)
    parsed = read_volume(path, Limits())
    assert parsed.facts["spacing_mm"] == "1 x 4"
    assert parsed.facts["slice_mm"] == 2
    file = Attachment(
        sha256="a", name="a", media_type=parsed.media_type, size=1, role=parsed.role,
        facts=parsed.facts,
    )  # fmt: skip
    (scan,) = scans_of([file])
    (seen,) = slice_pictures(scan.stack, lambda _: path, (10,))
    shown = read_frame(file, path, 10)
    assert shown is not None
    assert seen.shape == shown.shape == (64, 64, 3)
    assert shape_of(seen) == pytest.approx(1, rel=0.1)
    assert shape_of(shown) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("said", [None, "", "1", "0 x 1", "-1 x 1", "nan x 1", "inf x 1", "a x b"])
def test_spacing_that_is_none_changes_nothing(said: str | None) -> None:
    file = scan_files.picture()
    file = replace(file, facts={} if said is None else {"spacing_mm": said})
    assert spacing_within(file) is None
    picture = np.zeros((4, 5, 3), np.uint8)
    assert square(picture, spacing_within(file)) is picture


def test_an_extreme_spacing_makes_no_huge_picture() -> None:
    picture = np.zeros((400, 300, 3), np.uint8)
    assert max(square(picture, (1.0, 1e-6)).shape) <= LONGEST
    assert max(square(picture, (1e-6, 1.0)).shape) <= LONGEST
    assert square(picture, (1.0, 1.005)) is picture


def test_slices_of_nifti_that_lie_far_apart_are_no_volume(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    image = nibabel.Nifti1Image(np.zeros((5, 5, 2), np.int16), np.diag([1.0, 1, 202, 1]))
    image.set_qform(image.affine, 1)
    nibabel.save(image, path)
    assert read_volume(path, Limits()).facts["problems"] == "far_apart"


@pytest.mark.parametrize("spacing", [(1.0, 1e-4), (0.5, 500.0), (1e-300, 1e300)])
def test_a_spacing_that_cannot_be_squashes_no_picture(spacing: tuple[float, float]) -> None:
    picture = np.zeros((64, 48, 3), np.uint8)
    assert square(picture, spacing) is picture
