"""Draws from a stream: uniform, and bounded by number and by bytes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.training.held_back import HeldBack
from secondlook.training.pools import PatchPool, Shelf


def patches(value: float, side: int = 2) -> NDArray[np.float32]:
    return np.full((side, side, 4), value, dtype=np.float32)


def picture(value: int) -> NDArray[np.uint8]:
    return np.full((8, 8, 3), value, dtype=np.uint8)


def test_a_pool_holds_no_more_bytes_than_it_may() -> None:
    pool = PatchPool(1000, 0, nbytes=50 * 4 * 4)
    for i in range(40):
        pool.add(i, patches(i))
    assert pool.rows.nbytes <= 50 * 4 * 4
    assert len(pool.rows) == 50
    assert len(set(pool.origin.tolist())) > 20


def test_a_shelf_holds_no_more_bytes_than_it_may() -> None:
    shelf = Shelf(1000, 0, nbytes=10 * 192)
    for i in range(40):
        shelf.add(i, picture(i))
    kept = shelf.without(())
    assert len(kept) == 10
    assert max(kept) > 10
    assert set(shelf.without(list(kept)[:3])) == set(list(kept)[3:])


def test_what_is_held_back_comes_back() -> None:
    with HeldBack(6, 0) as held:
        for i in range(50):
            held.add(i, patches(i), picture(i))
        assert len(held) == len(set(held.numbers)) == 6
        assert max(held.numbers) > 6
        for index, values in held:
            assert (values == index).all()
        assert all((x == i).all() for i, x in held.pictures(held.numbers).items())


def test_what_is_held_back_takes_no_more_disk_than_it_may() -> None:
    with HeldBack(100, 0, nbytes=12 * (2 * 16 + 192)) as held:
        for i in range(50):
            held.add(i, patches(i), picture(i))
        assert len(held) == 12


def test_patches_on_another_grid_are_refused() -> None:
    with HeldBack(6, 0) as held:
        held.add(0, patches(0))
        with pytest.raises(ModelError, match=r"picture 1 .*one grid"):
            held.add(1, patches(1, side=3))
        with pytest.raises(ModelError, match="one grid"):
            held.add(1, patches(1), picture(1))
