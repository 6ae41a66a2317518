"""Slices as numbers: units, polarity, order and side, for DICOM, NIfTI and photographs."""

import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import made_series
from made_series import AXIAL, stacks, write_series, write_slice
from secondlook import Attachment, Role, Stack, stacks_of
from secondlook.intake.photo import read_photo
from secondlook.intake.series_pixels import slices
from secondlook.intake.sniff import Format
from secondlook.intake.volume import read_volume
from secondlook.settings import Limits

bad_files = made_series.bad_files


def one(path: Path) -> NDArray[np.float32]:
    (stack,) = stacks([path])
    (values,) = made_series.values(stack)
    assert values.dtype == np.float32
    return values


def test_ct_comes_in_hounsfield_units(tmp_path: Path) -> None:
    values = one(write_slice(tmp_path / "a.dcm", AXIAL, 30))
    assert (values.min(), values.max()) == (made_series.AIR, made_series.BONE)


def test_each_slice_has_its_own_rescale(tmp_path: Path) -> None:
    paths = [
        write_slice(tmp_path / f"{z}.dcm", AXIAL, z, Modality="PT", RescaleSlope=slope)
        for z, slope in ((20, "1"), (24, "2"))
    ]
    (stack,) = stacks(paths)
    assert [x.max() for x in made_series.values(stack)] == [1000, 3024]


def test_radiographs_are_bright_where_bone_is(tmp_path: Path) -> None:
    none = {"Modality": "CR", "RescaleIntercept": "0"}
    two = one(write_slice(tmp_path / "a.dcm", AXIAL, 30, **none))
    path = write_slice(
        tmp_path / "b.dcm", AXIAL, 30, PhotometricInterpretation="MONOCHROME1", **none
    )
    assert (one(path) == 4095 - two).all()  # 12 bits are stored


def test_quantities_are_not_inverted(tmp_path: Path) -> None:
    path = write_slice(tmp_path / "a.dcm", AXIAL, 30, PhotometricInterpretation="MONOCHROME1")
    assert one(path).max() == made_series.BONE


def test_only_the_files_of_wanted_slices_are_opened(tmp_path: Path) -> None:
    paths = write_series(tmp_path, [20, 24, 28, 32])
    (stack,) = stacks(paths)
    everything = list(made_series.values(stack))
    for path in (paths[0], paths[2]):
        path.unlink()
    found = list(slices(stack, lambda x: Path(x.sha256), {3, 1}))
    assert [x.tolist() for x in found] == [everything[i].tolist() for i in (1, 3)]


def test_wanted_slices_of_a_volume(tmp_path: Path) -> None:
    stack = nifti_stack(write_nifti(tmp_path / "a.nii.gz", (1, 1, -1), (2, 0, 1)))
    everything = list(made_series.values(stack))
    (found,) = slices(stack, lambda x: Path(x.sha256), [40])
    assert (found == everything[40]).all()
    assert list(slices(stack, lambda x: Path(x.sha256), [62])) == []


def test_nothing_changes_the_warnings_of_the_caller(tmp_path: Path) -> None:
    (stack,) = stacks(write_series(tmp_path, [0, 5]))
    before = list(warnings.filters)
    found = made_series.values(stack)
    next(found)
    assert warnings.filters == before


def nifti_stack(path: Path) -> Stack:
    parsed = read_volume(path, Limits())
    file = Attachment(
        sha256=str(path),
        name=path.name,
        media_type=parsed.media_type,
        size=1,
        role=parsed.role,
        facts=parsed.facts,
    )
    (stack,) = stacks_of([file])
    return stack


def write_nifti(path: Path, signs: tuple[int, int, int], order: tuple[int, int, int]) -> Path:
    """The box of the phantom in a volume of 2 mm, stored in any order and direction."""
    shape, corner = (60, 64, 62), np.array([-60.0, -62.0, -58.0])  # RAS
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    values = made_series.phantom((corner + 2.0 * index) * (-1, -1, 1))  # RAS to LPS
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = corner
    for axis, sign in enumerate(signs):
        if sign < 0:
            values = np.flip(values, axis)
            affine[axis, 3] += 2.0 * (shape[axis] - 1)
            affine[axis, axis] = -2.0
    affine[:, :3] = affine[:, list(order)]
    path.write_bytes(gzip.compress(bad_files.nifti(values.transpose(order), affine)))
    return path


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (1, -1, -1)])
def test_volumes_are_put_upright_whatever_way_they_are_stored(
    order: tuple[int, int, int], signs: tuple[int, int, int], tmp_path: Path
) -> None:
    stack = nifti_stack(write_nifti(tmp_path / "a.nii.gz", signs, order))
    assert (stack.plane, stack.spacing_mm, stack.problems, stack.slices) == ("axial", 2.0, (), 62)
    bright = np.stack(list(made_series.values(stack))) > 0
    assert bright.shape == (62, 64, 60)  # head, front to back, right to left
    low, high = np.argwhere(bright).min(axis=0), np.argwhere(bright).max(axis=0)
    # In mm from the feet, the front and the right.
    start = np.array([-58.0, -64.0, -58.0])
    found = start + 2.0 * np.stack([low, high])
    expected = np.array([made_series.LOW[::-1], made_series.HIGH[::-1]])
    assert np.abs(found - expected).max() < 4.1


def test_scaled_voxels_are_scaled(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    data = bytearray(bad_files.nifti(np.full((4, 5, 6), 10, np.int16)))
    data[112:120] = np.array([0.5, 3.0], "<f4").tobytes()  # scl_slope, scl_inter
    path.write_bytes(data)
    assert {float(x.max()) for x in made_series.values(nifti_stack(path))} == {8.0}


@pytest.mark.parametrize(
    ("codes", "problems"),
    [((0, 0), ("missing_geometry",)), ((1, 1), ()), ((1, 0), ()), ((0, 1), ())],
)
def test_a_volume_that_does_not_say_how_it_lies_is_flagged(
    codes: tuple[int, int], problems: tuple[str, ...], tmp_path: Path
) -> None:
    data = bytearray(bad_files.nifti(np.ones((4, 5, 6), np.int16)))
    data[252:256] = np.array(codes, "<i2").tobytes()  # qform_code, sform_code
    (tmp_path / "a.nii").write_bytes(data)
    assert nifti_stack(tmp_path / "a.nii").problems == problems


def test_two_orientations_that_disagree_are_flagged(tmp_path: Path) -> None:
    data = bytearray(bad_files.nifti(np.ones((4, 5, 6), np.int16)))
    data[252:256] = np.array((1, 1), "<i2").tobytes()
    data[280:284] = np.float32(-1).tobytes()  # srow_x: left and right change places
    (tmp_path / "a.nii").write_bytes(data)
    assert nifti_stack(tmp_path / "a.nii").problems == ("conflicting_geometry",)


def test_several_volumes_and_slanted_ones_are_flagged(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(bad_files.nifti(np.ones((4, 5, 6, 3), np.int16)))
    assert nifti_stack(tmp_path / "a.nii").problems == ("several_volumes",)
    slanted = np.eye(4)
    slanted[0, 2] = 0.5
    (tmp_path / "b.nii").write_bytes(bad_files.nifti(np.ones((4, 5, 6), np.int16), slanted))
    assert nifti_stack(tmp_path / "b.nii").problems == ("sheared",)


def test_photographs_are_stacks_of_one(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bad_files.photo(bad_files.gradient(), "PNG"))
    parsed = read_photo(path, Format.PNG, Limits())
    file = Attachment(
        sha256="1",
        name="a.png",
        media_type=parsed.media_type,
        size=1,
        role=Role.IMAGE,
        facts=parsed.facts,
    )
    (stack,) = stacks_of([file])
    (values,) = slices(stack, lambda _: path)
    assert np.allclose(values, bad_files.gradient(), atol=0.5)
