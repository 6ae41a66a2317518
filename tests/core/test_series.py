"""Slices become stacks by where they lie in the patient, and what is wrong with one is said."""

import math
import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import made_series
import scan_files
from made_series import AXIAL, CORONAL, SAGITTAL, stacks, write_series, write_slice
from secondlook import Attachment, Role, Stack, stacks_of
from secondlook.intake.series_geometry import PROBLEMS, Orientation

EVEN = [round(-60 + 4.0 * i, 1) for i in range(32)]
TILTED = (1, 0, 0, 0, math.cos(math.radians(20)), -math.sin(math.radians(20)))
PRONE = (-1, 0, 0, 0, -1, 0)


def only(paths: list[Path]) -> Stack:
    (stack,) = stacks(paths)
    return stack


@pytest.mark.parametrize(
    ("cosines", "plane"),
    [
        (AXIAL, "axial"),
        (PRONE, "axial"),
        (CORONAL, "coronal"),
        (SAGITTAL, "sagittal"),
        (TILTED, "axial"),
        ((0.70711, 0.70711, 0, 0, 0, -1), "oblique"),
    ],
)
def test_the_left_front_upper_box_is_found_there_however_it_was_sliced(
    cosines: tuple[float, ...], plane: str, tmp_path: Path
) -> None:
    paths = write_series(tmp_path, EVEN, cosines)
    random.Random(0).shuffle(paths)
    stack = only(paths)
    assert (stack.plane, stack.problems, stack.slices) == (plane, (), 32)
    assert stack.spacing_mm == pytest.approx(4.0, abs=0.001)
    low, high = made_series.box(stack)
    assert np.abs(low - made_series.LOW).max() < 4.1
    assert np.abs(high - made_series.HIGH).max() < 4.1


def test_slices_are_ordered_by_place_and_by_nothing_else(tmp_path: Path) -> None:
    paths = [
        write_slice(tmp_path / f"{z}.dcm", AXIAL, z, InstanceNumber=n, SliceLocation=str(n))
        for n, z in enumerate([10, -10, 5, 0, -5])
    ]
    assert [x.name for x in only(paths).attachments] == [f"{z}.dcm" for z in (-10, -5, 0, 5, 10)]


def test_three_orientations_of_one_series_are_three_stacks(tmp_path: Path) -> None:
    paths = [
        path
        for name, turned in (("a", AXIAL), ("c", CORONAL), ("s", SAGITTAL))
        for path in write_series(tmp_path / name, [0, 5], turned)
    ]
    random.Random(1).shuffle(paths)
    found = stacks(paths)
    assert {x.plane: x.slices for x in found} == {"axial": 2, "coronal": 2, "sagittal": 2}
    assert len({x.key for x in found}) == 3


def test_cosines_that_differ_by_rounding_are_one_orientation(tmp_path: Path) -> None:
    nearly = (1, 0.0004, 0, -0.0004, 1, 0)
    paths = [
        *write_series(tmp_path / "a", [0, 10]),
        write_slice(tmp_path / "b.dcm", nearly, 5),
    ]
    assert only(paths).slices == 3


def turned(tilt: float) -> str:
    return f"1 0 0 0 1 {tilt:.5f}"


def tilted(*tilts: float) -> list[Attachment]:
    """Slices of one series, each turned by so much."""
    files = scan_files.slices(len(tilts))[::-1]
    return [
        replace(x, facts={**x.facts, "orientation": turned(t)})
        for x, t in zip(files, tilts, strict=True)
    ]


@pytest.mark.parametrize("edge", [0.0005, 0.001, 0.005, 0.015])
def test_rounding_at_an_edge_splits_no_series(edge: float) -> None:
    files = tilted(edge - 4e-4, edge + 4e-4, edge - 4e-4, edge + 4e-4)
    (stack,) = stacks_of(files)
    assert (stack.slices, stack.problems) == (4, ())
    assert len({stacks_of(files[:n])[0].key for n in (1, 2, 3, 4)}) == 1


def test_stacks_of_near_orientations_have_keys_of_their_own() -> None:
    found = stacks_of(tilted(0.001, 0.0025, 0.004, 0.001, 0.0025, 0.004))
    assert [x.slices for x in found] == [2, 2, 2]
    assert len({x.key for x in found}) == 3


@given(st.permutations([0.0, 0.0009, 0.0018, 0.02, 0.0209, 0.5]))
def test_what_makes_a_stack_does_not_depend_on_the_order(tilts: list[float]) -> None:
    found = stacks_of(tilted(*tilts))
    assert sorted(x.slices for x in found) == [1, 2, 3]
    assert len({x.key for x in found}) == 3


def test_a_slice_between_two_stacks_joins_them_under_the_first_key() -> None:
    files = tilted(0.0, 0.0018, 0.0, 0.0018, 0.0009)
    first, _ = stacks_of(files[:4])
    (joined,) = stacks_of(files)
    assert (joined.slices, joined.key) == (5, first.key)


def test_slices_that_fan_out_are_no_volume() -> None:
    (stack,) = stacks_of(tilted(*(0.0009 * i for i in range(9))))
    assert stack.problems == ("mixed_orientations",)


def test_a_long_fan_takes_no_time() -> None:
    start = time.perf_counter()
    stacks_of(tilted(*(0.01 * i for i in range(600))))
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("positions", "problems", "spacing"),
    [
        ([0, 202.5, 203.75, 205], ("uneven_spacing",), None),
        ([0, 5, 15, 20], ("uneven_spacing",), None),  # one slice is missing
        ([0, 5, 5, 10], ("duplicate_position",), 5.0),
        ([0, 5, 5, 20], ("uneven_spacing", "duplicate_position"), None),
        ([0, 5.02, 9.99, 15], (), 5.0),  # rounded in the header
        ([0, 202.5], ("far_apart",), 202.5),  # two of them are always even
        ([0, 40, 80], ("far_apart",), 40.0),
        ([0, 20, 40], (), 20.0),  # as lungs are sampled in follow-up
        ([3], (), None),
        ([3, 3], ("duplicate_position",), None),
    ],
)
def test_gaps_are_judged(
    positions: list[float], problems: tuple[str, ...], spacing: float | None, tmp_path: Path
) -> None:
    stack = only(write_series(tmp_path, positions))
    assert (stack.problems, stack.spacing_mm) == (problems, spacing)
    assert stack.slices == len(positions)


def test_a_tilted_gantry_and_mixed_sizes_are_said(tmp_path: Path) -> None:
    sheared = [
        write_slice(tmp_path / f"{i}.dcm", AXIAL, 5 * i, shift=(0, 1.3 * i)) for i in range(4)
    ]
    assert only(sheared).problems == ("sheared",)
    sizes = [
        write_slice(tmp_path / "a.dcm", AXIAL, 0),
        write_slice(tmp_path / "b.dcm", AXIAL, 5, size=(32, 48), shift=(0, -32)),
    ]
    assert only(sizes).problems == ("mixed_sizes",)
    spacings = [
        sizes[0],
        write_slice(tmp_path / "c.dcm", AXIAL, 5, spacing=(2.0, 2.0), shift=(-12, 0)),
    ]
    assert only(spacings).problems == ("mixed_sizes",)


@pytest.mark.parametrize(
    "broken",
    [
        {"ImagePositionPatient": None},
        {"ImageOrientationPatient": None},
        {"ImageOrientationPatient": ["0"] * 6},
        {"ImageOrientationPatient": ["1", "0", "0", "1", "0", "0"]},  # parallel
        {"ImagePositionPatient": ["0", "0"]},
    ],
)
def test_slices_that_do_not_say_where_they_lie_stand_apart(
    broken: dict[str, list[str] | None], tmp_path: Path
) -> None:
    placed = write_series(tmp_path / "placed", [0, 5, 10])
    lost = write_series(tmp_path / "lost", [15, 20], **broken)
    first, second = stacks([*placed, *lost])
    assert (first.slices, first.problems) == (3, ())
    assert (second.slices, second.problems) == (2, ("missing_geometry",))
    assert (second.plane, second.spacing_mm) == (None, None)


def test_radiographs_need_no_place_and_are_no_volume(tmp_path: Path) -> None:
    none = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "Modality": "CR"}
    found = stacks(write_series(tmp_path, [0, 5], **none))
    assert [(x.slices, x.problems) for x in found] == [(1, ()), (1, ())]


def test_echoes_of_one_series_are_volumes_of_their_own(tmp_path: Path) -> None:
    paths = [
        path
        for echo in (1, 2)
        for path in write_series(tmp_path / f"{echo}", [0, 5, 10], EchoNumbers=echo)
    ]
    assert [(x.slices, x.problems) for x in stacks(paths)] == [(3, ()), (3, ())]


def test_series_and_studies_are_kept_apart(tmp_path: Path) -> None:
    paths = [
        *write_series(tmp_path / "1", [0, 5]),
        *write_series(tmp_path / "2", [10, 15], SeriesInstanceUID="1.2.3.4.6"),
        *write_series(tmp_path / "3", [20, 25], StudyInstanceUID="1.2.3.5"),
    ]
    assert [x.slices for x in stacks(paths)] == [2, 2, 2]


def test_a_stack_keeps_its_key_when_slices_arrive(tmp_path: Path) -> None:
    paths = write_series(tmp_path, [10, 5, 0])
    assert len({only(paths[: n + 1]).key for n in range(3)}) == 1


def test_what_cannot_be_looked_at_is_in_no_stack(tmp_path: Path) -> None:
    photo = Attachment(sha256="1", name="a.png", media_type="image/png", size=1, role=Role.IMAGE)
    report = replace(photo, sha256="2", role=Role.OTHER)
    kept = replace(photo, sha256="3", facts={"not_assessed": "radiotherapy"})
    (stack,) = stacks_of([report, photo, kept])
    assert (stack.attachments, stack.slices, stack.remarks) == ((photo,), 1, ())


def test_facts_for_eligibility(tmp_path: Path) -> None:
    path = write_slice(
        tmp_path / "a.dcm",
        CORONAL,
        7,
        PatientAge="045Y",
        PatientSex="F",
        BodyPartExamined="CHEST",
        InstanceNumber=3,
    )
    facts = made_series.attachment(path).facts
    assert (facts["age_years"], facts["sex"], facts["body_part"]) == (45, "F", "CHEST")
    assert (facts["plane"], facts["position"], facts["instance"]) == ("coronal", 7.0, 3)
    assert facts["spacing_mm"] == "2 x 2.5"
    assert facts["orientation"] == "1 0 0 0 0 -1"


@pytest.mark.parametrize(
    ("age", "years"),
    [("018M", 1), ("003W", 0), ("010D", 0), ("099Y", 90), ("45", None), ("", None)],
)
def test_age_in_years(age: str, years: int | None, tmp_path: Path) -> None:
    import pydicom

    path = write_slice(tmp_path / "a.dcm", AXIAL, 0)
    dataset = pydicom.dcmread(path)
    dataset.add(pydicom.DataElement("PatientAge", "LO" if age == "45" else "AS", age))
    dataset.save_as(path)
    assert made_series.attachment(path).facts.get("age_years") == years


def test_orientation_survives_being_written() -> None:
    turned = Orientation.of(TILTED)
    assert turned is not None
    again = Orientation.parse(str(turned))
    assert again is not None
    assert again.is_like(turned)
    assert Orientation.parse("not numbers") is Orientation.of([1, 2]) is None


def test_every_problem_has_words() -> None:
    assert all(PROBLEMS.values())
