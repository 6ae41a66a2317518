"""Slices of volumes as pictures: what a shade means, which neighbours count, and what is in memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scan_files import slices
from secondlook import scans_of
from secondlook.errors import IntakeError
from secondlook.models.slices import SIDE, WINDOWS, pictures_of, slice_pictures

Slab = NDArray[np.float32]


def flat(*values: float) -> list[Slab]:
    return [np.full((4, 6), x, np.float32) for x in values]


@pytest.mark.parametrize("units", [-1350.0, -600.0, -160.0, 40.0, 150.0, 240.0, 1300.0, 3000.0])
def test_a_shade_of_ct_means_the_same_in_every_slice(units: float) -> None:
    (shown,) = pictures_of(flat(units), [0], windowed=True)
    wanted = [255 * np.clip((units - low) / (high - low), 0, 1) for low, high in WINDOWS.values()]
    assert shown.shape == (4, 6, 3)
    assert np.abs(shown[0, 0] - np.array(wanted)).max() <= 0.51
    # Whatever lies beside it.
    (second,) = pictures_of(flat(-1000, units, 2000), [1], windowed=True)
    assert (second == shown).all()


def test_other_volumes_show_a_slice_between_its_neighbours() -> None:
    (shown,) = pictures_of(flat(10, 20, 30, 40), [2], windowed=False)
    assert (shown[0, 0] == [0, 128, 255]).all()


def test_at_the_ends_a_slice_is_its_own_neighbour() -> None:
    first, last = pictures_of(flat(10, 20, 30), [0, 2], windowed=False)
    assert (first[0, 0] == [0, 0, 255]).all()
    assert (last[0, 0] == [0, 255, 255]).all()
    (alone,) = pictures_of(flat(7), [0], windowed=False)
    assert (alone == alone[0, 0, 0]).all()


def test_a_flat_slab_is_no_division_by_zero() -> None:
    (shown,) = pictures_of(flat(5, 5, 5), [1], windowed=False)
    assert (shown == shown[0, 0]).all()


def test_orientation_stays_as_it_is_stored() -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 6) * 10
    (shown,) = pictures_of([values], [0], windowed=True)
    grey = shown[..., 1].astype(int)
    assert (np.diff(grey, axis=0) >= 0).all()
    assert (np.diff(grey, axis=1) >= 0).all()
    assert grey[0, 0] < grey[3, 5]


def test_large_slices_are_brought_down() -> None:
    (shown,) = pictures_of([np.zeros((SIDE + 1, 2 * SIDE), np.float32)], [0], windowed=True)
    assert max(shown.shape) == SIDE
    assert shown.shape[2] == 3


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(IntakeError, match="no numbers"):
        list(pictures_of(flat(1, np.nan, 2), [1], windowed=True))


def test_a_volume_is_read_slice_by_slice() -> None:
    """No more than three slices are waited for before the first picture is there."""
    read = []

    def volume() -> Iterator[Slab]:
        for i in range(100):
            read.append(i)
            yield np.full((4, 6), i, np.float32)

    next(pictures_of(volume(), [0], windowed=False))
    assert len(read) <= 3


def test_a_volume_that_ends_early_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    (scan,) = scans_of(slices(9))
    short = lambda stack, locate: iter(flat(1, 2, 3))
    monkeypatch.setattr("secondlook.intake.series_pixels.slices", short)
    with pytest.raises(IntakeError, match="to its end"):
        slice_pictures(scan.stack, lambda x: Path(x.name), (0, 8))
