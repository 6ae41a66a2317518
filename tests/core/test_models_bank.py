"""The patch bank, its coreset and the calibration of its threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.bank import (
    PatchBank,
    nearest,
    normalise,
    references_from_bytes,
    references_to_bytes,
)
from secondlook.models.calibration import calibrate
from secondlook.models.coreset import coreset

seeds = st.integers(0, 2**32 - 1)


def numbers(seed: int, *shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def bank(rows: NDArray[np.float32], origin: list[int] | None = None) -> PatchBank:
    places = origin if origin is not None else [0] * len(rows)
    return PatchBank(
        rows=normalise(rows),
        origin=np.array(places, dtype=np.int32),
        references=tuple(f"{i:064x}" for i in range(max(places) + 1)),
    )


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 40), st.integers(1, 30), st.floats(0.01, 1000))
def test_what_lies_in_the_bank_scores_exactly_0(
    seed: int, count: int, size: int, scale: float
) -> None:
    rows = numbers(seed, count, size) * np.float32(scale)
    assert bank(rows).score(rows[None]).score == 0


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 30), st.integers(1, 30))
def test_more_good_rows_never_raise_a_distance(seed: int, count: int, more: int) -> None:
    queries, rows = numbers(seed, 12, 8), numbers(seed + 1, count + more, 8)
    few, many = nearest(queries, rows[:count])[0], nearest(queries, rows)[0]
    assert (many <= few + 1e-5).all()


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 9000))
def test_search_in_chunks_finds_the_nearest_row(seed: int, count: int) -> None:
    queries, rows = numbers(seed, 3, 4), numbers(seed + 1, count, 4)
    exact = np.sqrt(((queries[:, None] - rows[None]) ** 2).sum(axis=2)).min(axis=1)
    assert nearest(queries, rows)[0] == pytest.approx(exact, abs=1e-4)


def test_a_score_is_the_top_of_its_map_and_names_the_nearest_good_picture() -> None:
    rows = np.array([[5, 0], [0, 5]], dtype=np.float32)
    picture = np.array([[[1, 0], [-4, 3]], [[0, 2], [4, 3]]], dtype=np.float32)
    scored = bank(rows, origin=[0, 1]).score(picture)
    assert scored.map == pytest.approx(np.array([[0, 0.8**0.5], [0, 0.4**0.5]]), abs=1e-6)
    assert scored.score == scored.map.max()
    assert scored.nearest == f"{1:064x}"


def test_patches_of_another_backbone_are_refused() -> None:
    with pytest.raises(ModelError, match="5 channels and the bank 2"):
        bank(numbers(0, 3, 2)).score(numbers(1, 2, 2, 5))


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="does not fit together"):
        PatchBank(
            rows=numbers(0, 3, 2),
            origin=np.array([0, 1, 7], dtype=np.int32),
            references=("0" * 64,) * 2,
        )


def test_contrast_does_not_count() -> None:
    patches = numbers(0, 3, 4)
    assert bank(patches).score(7 * patches[None]).score == pytest.approx(0, abs=1e-6)


def test_a_feature_of_length_0_stays_finite() -> None:
    assert normalise(np.zeros((2, 3), dtype=np.float32)).tolist() == [[0] * 3] * 2


def test_references_survive_storage() -> None:
    names = ("ab" * 32, "00" * 32)
    assert references_from_bytes(references_to_bytes(names)) == names


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(2, 300), st.integers(1, 60), st.integers(2, 200))
def test_a_coreset_holds_different_rows_up_to_its_limit(
    seed: int, count: int, limit: int, size: int
) -> None:
    rows = numbers(seed, count, size)
    chosen = coreset(rows, limit, seed)
    assert len(set(chosen.tolist())) == len(chosen) == min(count, limit)
    assert (chosen == coreset(rows, limit, seed)).all()


def test_a_coreset_covers_far_better_than_chance() -> None:
    rows = numbers(0, 4000, 8) * np.linspace(3, 0.1, 8, dtype=np.float32)
    by_chance = np.random.default_rng(0).choice(len(rows), 200, replace=False)
    radius = nearest(rows, rows[coreset(rows, 200, 0)])[0].max()
    assert radius < 0.75 * nearest(rows, rows[by_chance])[0].max()


def test_a_coreset_stops_where_only_copies_are_left() -> None:
    rows = np.repeat(numbers(0, 3, 5), 20, axis=0)
    assert len(coreset(rows, 10, 0)) == 3


def test_the_threshold_is_an_order_statistic() -> None:
    threshold = calibrate([float(x) for x in range(1, 100)], false_alarm_rate=0.05)
    assert threshold.value == 95
    assert 0.05 < threshold.false_alarm_bound < 0.11
    assert calibrate([1.0] * 7 + [2.0]).value == 2.0


def test_future_goods_stay_below_the_bound_as_often_as_promised() -> None:
    random = np.random.default_rng(0)
    kept, shares = 0, []
    for _ in range(2000):
        threshold = calibrate(random.exponential(size=40).tolist(), false_alarm_rate=0.1)
        share = float(np.exp(-threshold.value))  # of goods above it, exactly
        shares.append(share)
        kept += share <= threshold.false_alarm_bound
    assert kept / 2000 == pytest.approx(0.95, abs=0.015)
    assert np.mean(shares) <= 0.1


@pytest.mark.parametrize(
    ("scores", "rate", "message"),
    [
        ([1.0] * 7, 0.05, "at least 8"),
        ([1.0] * 9, 0.0, "between 0 and 1"),
        ([1.0] * 8 + [float("nan")], 0.05, "not finite"),
    ],
)
def test_what_cannot_be_calibrated_says_why(scores: list[float], rate: float, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        calibrate(scores, rate)
