"""Objects of many frames: where their frames lie, and that frames are never taken for axes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file

import made_series
from made_series import AXIAL, CORONAL, stacks
from secondlook import IntakeError, Role, Stack
from secondlook.intake.dicom_header import open_header
from secondlook.intake.frames import iter_frames
from secondlook.intake.outcome import Refused
from secondlook.intake.pixels import read_frame
from secondlook.intake.series_pixels import slices

bad_files = made_series.bad_files
ROWS, COLUMNS = 5, 7


def group(z: float | None, cosines: Sequence[float] = AXIAL, spacing: str = "2") -> Dataset:
    """The functional groups of one frame."""
    frame, measures, turned = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [spacing, spacing]
    turned.ImageOrientationPatient = list(cosines)
    frame.PixelMeasuresSequence, frame.PlaneOrientationSequence = [measures], [turned]
    if z is not None:
        placed = Dataset()
        placed.ImagePositionPatient = [*(z * np.cross(cosines[:3], cosines[3:]))]
        frame.PlanePositionSequence = [placed]
    return frame


def write(path: Path, count: int, **values: Any) -> Path:
    """An object of `count` frames; frame i holds the value 100 + i, and its corner 0."""
    pixels = np.repeat(np.arange(100, 100 + count, dtype=np.uint16), ROWS * COLUMNS)
    pixels = pixels.reshape(count, ROWS, COLUMNS)
    pixels[:, 0, 0] = 0
    many = {"NumberOfFrames": count, "Rows": ROWS, "Columns": COLUMNS}
    path.write_bytes(bad_files.dicom_bytes(bad_files.dicom(pixels, **(many | values))))
    return path


def enhanced(path: Path, groups: list[Dataset], **values: Any) -> Stack:
    write(path, len(groups), PerFrameFunctionalGroupsSequence=groups, **values)
    (stack,) = stacks([path])
    return stack


def numbers(stack: Stack) -> list[int]:
    """Which frame each slice is."""
    found = list(made_series.values(stack))
    assert {x.shape for x in found} == {(ROWS, COLUMNS)}
    return [int(x[1, 1]) - 100 for x in found]


def test_frames_come_in_the_order_in_which_they_lie(tmp_path: Path) -> None:
    stack = enhanced(tmp_path / "a.dcm", [group(z) for z in (4, 0, 8, 2, 6)])
    assert (stack.plane, stack.spacing_mm, stack.problems) == ("axial", 2.0, ())
    assert stack.slices == 5
    assert numbers(stack) == [1, 3, 0, 4, 2]
    (last,) = slices(stack, lambda x: Path(x.sha256), [4])
    assert last[1, 1] == 102


def test_groups_that_all_frames_share_hold_for_each(tmp_path: Path) -> None:
    shared = group(None, CORONAL)
    groups = [group(z, CORONAL) for z in (0, 3, 6)]
    for one in groups:
        del one.PlaneOrientationSequence, one.PixelMeasuresSequence
    stack = enhanced(tmp_path / "a.dcm", groups, SharedFunctionalGroupsSequence=[shared])
    assert (stack.plane, stack.spacing_mm, stack.problems) == ("coronal", 3.0, ())
    assert stack.attachments[0].facts["spacing_mm"] == "2 x 2"


@pytest.mark.parametrize(
    ("groups", "problem"),
    [
        ([group(0), group(2), group(9)], "uneven_spacing"),
        ([group(0), group(0), group(2), group(2)], "duplicate_position"),
        ([group(0), group(0, CORONAL)], "mixed_orientations"),
        ([group(0), group(2, spacing="3")], "mixed_sizes"),
        ([group(0), group(None)], "missing_geometry"),
        ([group(None), group(None)], "missing_geometry"),
    ],
)
def test_what_is_wrong_within_one_object_is_said(
    groups: list[Dataset], problem: str, tmp_path: Path
) -> None:
    stack = enhanced(tmp_path / "a.dcm", groups)
    assert problem in stack.problems
    assert sorted(numbers(stack)) == list(range(len(groups)))


def test_a_run_of_frames_has_no_depth(tmp_path: Path) -> None:
    placed = {"ImageOrientationPatient": list(AXIAL), "ImagePositionPatient": ["0", "0", "0"]}
    (film,) = stacks([write(tmp_path / "a.dcm", 4, Modality="US", **placed)])
    assert (film.plane, film.spacing_mm, film.problems, film.slices) == (None, None, (), 4)
    (scan,) = stacks([write(tmp_path / "b.dcm", 4, Modality="CT", **placed)])
    assert scan.problems == ("missing_geometry",)


def test_fewer_groups_than_frames_are_no_geometry(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", 3, PerFrameFunctionalGroupsSequence=[group(0), group(2)])
    (stack,) = stacks([path])
    assert stack.problems == ("mixed_sizes", "missing_geometry")


@pytest.mark.parametrize(
    ("name", "count", "shape"),
    [("examples_ybr_color.dcm", 30, (240, 320, 3)), ("rtdose.dcm", 15, (10, 10))],
)
def test_frames_of_bundled_files_are_no_axes(name: str, count: int, shape: tuple[int, ...]) -> None:
    path = Path(str(get_testdata_file(name)))
    header, _ = open_header(path)
    assert int(header.NumberOfFrames) == count
    frames = list(iter_frames(path, header, range(count)))
    assert [x.shape for x in frames] == [shape] * count
    whole = pydicom.dcmread(path).pixel_array
    assert all((frame == whole[i]).all() for i, frame in enumerate(frames))


def test_a_dose_grid_is_kept_and_its_frames_are_counted() -> None:
    kept = made_series.attachment(Path(str(get_testdata_file("rtdose.dcm"))))
    assert (kept.role, kept.facts["not_assessed"], kept.facts["frames"]) == (
        Role.OTHER,
        "radiotherapy",
        15,
    )


def test_offsets_of_a_grid_are_positions() -> None:
    from secondlook.intake.series_frames import places_of

    header, _ = open_header(Path(str(get_testdata_file("rtdose.dcm"))))
    places = places_of(header, 15)
    first, second = places[0], places[1]
    assert first is not None
    assert second is not None
    step = second.position - first.position
    assert step == pytest.approx(float(header.GridFrameOffsetVector[1]))


def test_a_stored_copy_that_is_damaged_names_no_file(tmp_path: Path) -> None:
    path = tmp_path / "Doe^Jane.dcm"
    stack = enhanced(path, [group(0), group(2)])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(IntakeError) as caught:
        list(made_series.values(stack))
    assert not isinstance(caught.value, Refused)
    assert "Jane" not in str(caught.value).replace(str(path)[:16], "")


def test_people_page_through_frames_in_the_order_of_the_slices(tmp_path: Path) -> None:
    """The brightest frames are told apart by a window that is wide enough for all."""
    path = tmp_path / "a.dcm"
    window = {"WindowCenter": "102", "WindowWidth": "20"}
    stack = enhanced(path, [group(z) for z in (6, 0, 4, 2)], **window)
    assert numbers(stack) == [1, 3, 2, 0]
    pictures = [read_frame(stack.attachments[0], path, index) for index in range(4)]
    grey = [int(x[1, 1, 0]) for x in pictures if x is not None]
    assert np.argsort(np.argsort(grey)).tolist() == [1, 3, 2, 0]
