"""Real folders that naive readers turn into one volume without a word; they come with pydicom."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from made_series import attachment, stacks, values
from secondlook.intake.pixels import read_frame

FOLDERS = Path(str(pydicom.__file__)).parent / "data" / "test_files" / "dicomdirtests"


def files(folder: str) -> list[Path]:
    return sorted((FOLDERS / folder).iterdir())


def test_a_folder_of_three_series_and_orientations_is_no_one_volume() -> None:
    found = stacks(files("98892003/MR2"))
    series: dict[object, list[str | None]] = {}
    for stack in found:
        assert len({(x.facts["series"], x.facts["orientation"]) for x in stack.attachments}) == 1
        series.setdefault(stack.attachments[0].facts["series"], []).append(stack.plane)
    planes = ["axial", "coronal", "sagittal"]
    assert sorted(sorted(map(str, x)) for x in series.values()) == [planes, planes, ["sagittal"]]
    assert sum(x.slices for x in found) == 7


def test_localisers_of_seven_orientations_are_seven_stacks() -> None:
    assert [x.slices for x in stacks(files("98892003/MR700"))] == [1] * 7


def test_a_gap_of_202_mm_among_gaps_of_1_mm_is_flagged_and_never_averaged() -> None:
    (stack,) = stacks(files("77654033/CT2"))
    positions = [float(str(x.facts["position"])) for x in stack.attachments]
    assert np.diff(positions) == pytest.approx([202.5, 1.25, 1.25])
    assert (stack.problems, stack.spacing_mm) == (("uneven_spacing",), None)
    assert stack.remarks[0].startswith("its slices do not lie at even distances")


def test_a_whole_series_is_ordered_against_its_file_names() -> None:
    (stack,) = stacks(files("98892001/CT5N"))
    assert (stack.plane, stack.spacing_mm, stack.problems) == ("axial", 2.5, ())
    assert [x.name for x in stack.attachments] == ["3353", "3023", "2693", "2392", "2062"]


@pytest.mark.parametrize("name", ["CR1/6154", "CR2/6247", "CR3/6278"])
def test_black_on_white_radiographs_are_inverted(name: str) -> None:
    path = FOLDERS / "77654033" / name
    dataset = pydicom.dcmread(path)
    assert dataset.PhotometricInterpretation == "MONOCHROME1"
    stored = dataset.pixel_array.astype(float)
    (stack,) = stacks([path])
    (numbers,) = values(stack)
    picture = read_frame(attachment(path), path, 0)
    assert picture is not None
    for shown in (picture[..., 0], numbers):
        assert np.corrcoef(stored.ravel(), shown.ravel())[0, 1] < -0.5


def test_copies_of_one_slice_in_other_encodings_are_flagged() -> None:
    folder = FOLDERS.parent
    names = ("MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm")
    (stack,) = stacks([folder / x for x in names])
    assert (stack.slices, stack.problems) == (3, ("duplicate_position",))
    first, *others = values(stack)
    assert all((first == x).all() for x in others)
