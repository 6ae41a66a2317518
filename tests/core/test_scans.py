"""What of a case can be looked at, which slices of it, and what is never shown to a model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scan_files import picture, slices
from secondlook import Case, Role, image_inputs, scans_of
from secondlook.discovery import load_plugins
from secondlook.eligibility import Eligibility
from secondlook.engine import CasePictures
from secondlook.scans import SLICES, places_of, places_shown

NAMES = ("modality", "view")


@given(st.integers(1, 2000), st.integers(1, 64))
def test_places_are_spread_evenly_and_never_twice(depth: int, most: int) -> None:
    places = places_of(depth, most)
    assert len(places) == min(depth, most)
    assert all(0 <= x < depth for x in places)
    gaps = np.diff(places)
    assert (gaps >= 1).all()
    assert np.ptp(gaps) <= 1 if len(gaps) else True
    # As much is left out before the first as after the last.
    assert abs(places[0] - (depth - 1 - places[-1])) <= 1


def test_a_series_is_one_volume_in_the_order_of_space() -> None:
    files = slices(200)
    (scan,) = scans_of(files)
    assert (scan.kind, scan.stack.slices, scan.problem) == ("volume", 200, None)
    assert [scan.holder(x).facts["position"] for x in (0, 7, 199)] == [0.0, 14.0, 398.0]
    assert len(places_shown([scan])[scan.key]) == SLICES


def test_volumes_of_a_case_share_the_slices_that_are_looked_at() -> None:
    scans = scans_of([*slices(60), *slices(90, series="6" * 16), picture(modality="CR")])
    assert [x.kind for x in scans] == ["volume", "volume", "picture"]
    assert sorted(map(len, places_shown(scans).values())) == [SLICES // 2] * 2


def test_a_series_with_a_gap_is_not_looked_at() -> None:
    files = slices(9)
    del files[4]
    (scan,) = scans_of(files)
    assert "even distances" in (scan.problem or "")
    assert places_shown([scan]) == {}


def test_frames_of_something_that_moves_are_not_looked_at() -> None:
    (cine,) = scans_of([picture(role=Role.VOLUME, modality="US", frames=30)])
    assert "in time" in (cine.problem or "")
    (volume,) = scans_of([picture(role=Role.VOLUME, frames=30)])
    assert volume.problem is None  # a format that holds nothing but volumes


def test_slices_know_where_they_lie() -> None:
    files = slices(50)
    (scan,) = scans_of(files)
    pixels = np.zeros((SLICES, 4, 4, 3), np.uint8)
    images = image_inputs(files, {scan.key: pixels})
    assert [x.place for x in images] == list(places_shown([scan])[scan.key])
    assert [x.attachment for x in images] == [scan.holder(x.place or 0).sha256 for x in images]
    assert {(x.depth, x.within) for x in images} == {(50, False)}


def test_slices_of_one_file_have_no_file_of_their_own() -> None:
    file = picture(role=Role.VOLUME, modality="CT", frames=4)
    (scan,) = scans_of([file])
    images = image_inputs([file], {scan.key: np.zeros((4, 2, 2, 3), np.uint8)})
    assert {x.attachment for x in images} == {file.sha256}
    assert all(x.within for x in images)


@pytest.fixture
def exam(a_case: Case) -> Callable[..., Case]:
    return lambda *files: replace(a_case, domain="radiology-assistant", attachments=files)


def test_what_is_not_eligible_is_never_asked_for(exam: Callable[..., Case]) -> None:
    frontal, lateral = (
        picture("1", modality="CR", view="PA"),
        picture("2", modality="CR", view="LL"),
    )
    rule = Eligibility.of(scans_of([frontal]), NAMES)
    pictures = CasePictures(exam(frontal, lateral), load_plugins(), lambda x: Path(x.name), rule)
    assert list(pictures) == [frontal.sha256]
    assert lateral.sha256 not in pictures
    (left,) = pictures.left_out
    assert (left.key, left.reason) == (lateral.sha256, "not_eligible")
    assert left.message == "its view is LL, and the adapter is for PA"


def test_a_volume_with_a_problem_is_left_out_with_the_reason(exam: Callable[..., Case]) -> None:
    files = slices(9)
    del files[4]
    pictures = CasePictures(exam(*files), load_plugins(), lambda x: Path(x.name))
    (scan,) = scans_of(files)
    assert scan.key not in pictures
    assert [x.reason for x in pictures.left_out] == ["geometry"]
    assert set(pictures) == {x.sha256 for x in files}  # for a domain that takes them one by one
