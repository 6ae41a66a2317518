"""Temperature, conformal sets, bands, familiarity and reliability, each against its promise."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import softmax

from secondlook.errors import ModelError
from secondlook.models.calibration import (
    AnswerCalibration,
    Band,
    Bands,
    ConformalSets,
    FamiliarityRule,
    Temperature,
    Threshold,
    Unseen,
    brier,
    calibrate,
    expected_calibration_error,
    fit_answers,
    fit_bands,
    fit_conformal,
    fit_familiarity,
    fit_temperature,
    from_plain,
    neighbour_distances,
    reliability,
    to_plain,
)
from secondlook.models.calibration.order import rank_for, share_lower

seeds = st.integers(0, 2**31)
scores = st.lists(st.floats(-10, 10), min_size=8, max_size=60)


def drawn(
    cases: int, seed: int, *, sharpness: float = 1, classes: int = 3
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits (N, C), `sharpness` times too large, and labels drawn from what they ought to be."""
    random = np.random.default_rng(seed)
    logits = 2 * random.normal(size=(cases, classes))
    steps = softmax(logits, axis=1).cumsum(1)
    labels = (random.random((cases, 1)) > steps[:, :-1]).sum(1)
    return logits * sharpness, labels


def test_temperature_undoes_over_confidence() -> None:
    logits, labels = drawn(3000, 0, sharpness=3)
    found = fit_temperature(logits, labels)
    assert found.pooled == pytest.approx(3, rel=0.1)
    raw = Temperature(pooled=1, cases=0).probabilities(logits)
    values = found.probabilities(logits)
    np.testing.assert_allclose(values.sum(1), 1)
    assert expected_calibration_error(raw, labels) > 0.1
    assert expected_calibration_error(values, labels) < 0.03
    assert brier(values, labels) < brier(raw, labels)


def test_several_labels_share_a_temperature() -> None:
    random = np.random.default_rng(0)
    logits = 2 * random.normal(size=(3000, 2))
    labels = (random.random((3000, 2)) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    found = fit_temperature(2 * logits, labels)
    assert found.multilabel and found.pooled == pytest.approx(2, rel=0.1)
    np.testing.assert_allclose(found.probabilities([[0.0, 0.0]]), 0.5, atol=0.05)


def test_patterns_have_a_temperature_of_their_own_from_50_cases_on() -> None:
    logits, labels = drawn(149, 1)
    sharp, known = drawn(50, 2, sharpness=4)
    patterns = ["image+text"] * 100 + ["image"] * 49 + ["text"] * 50
    found = fit_temperature(
        np.concatenate([logits, sharp]), np.concatenate([labels, known]), patterns
    )
    assert set(found.by_pattern) == {"image+text", "text"}
    assert found.by_pattern["text"] > 2 > found.by_pattern["image+text"]
    one, other = found.probabilities(sharp[:1], ["text"]), found.probabilities(sharp[:1], ["image"])
    assert one.max() < other.max()
    np.testing.assert_array_equal(other, found.probabilities(sharp[:1]))


def test_offsets_undo_a_shift_and_hold_still_without_cases() -> None:
    logits, labels = drawn(2000, 3)
    shifted = logits + [1.0, 0.0, -1.0]
    found = fit_temperature(shifted, labels)
    assert found.pooled == pytest.approx(1, rel=0.1)
    assert np.diff(found.offsets) == pytest.approx([1, 1], abs=0.25)
    assert expected_calibration_error(found.probabilities(shifted), labels) < 0.04
    assert expected_calibration_error(softmax(shifted, axis=1), labels) > 0.08
    few = fit_temperature([[0.0, 0.0]] * 2, [0, 0])
    assert max(np.abs(few.offsets)) < 1


@pytest.mark.parametrize("logits", [np.zeros((0, 2)), np.array([[np.nan, 0]])])
def test_a_temperature_needs_cases_and_numbers(logits: NDArray[np.float64]) -> None:
    with pytest.raises(ModelError, match="finite logits"):
        fit_temperature(logits, np.zeros(len(logits), dtype=int))


def test_a_fit_stays_within_its_limits() -> None:
    perfect = fit_temperature([[5.0, -5.0], [-5.0, 5.0]], [0, 1])
    useless = fit_temperature([[5.0, -5.0], [-5.0, 5.0]], [1, 0])
    assert 0.05 <= perfect.pooled < 0.9
    assert useless.pooled == pytest.approx(20, rel=0.01)
    with pytest.raises(ModelError, match="positive"):
        Temperature(pooled=0, cases=1)


def test_coverage_over_draws_keeps_to_the_law() -> None:
    coverage = []
    for seed in range(20):
        logits, labels = drawn(100, seed)
        rule = fit_conformal(softmax(logits, axis=1), labels)
        fresh, truth = drawn(3000, 1000 + seed)
        sets = rule.sets(softmax(fresh, axis=1), never_empty=False)
        coverage.append(sets[np.arange(3000), truth].mean())
        assert rule.coverage_lower == pytest.approx(0.848, abs=0.002)
    assert np.mean(coverage) == pytest.approx(0.9, abs=0.015)
    assert sum(x >= 0.848 for x in coverage) >= 17


@given(seeds, st.floats(0.01, 0.99), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_sets_are_not_empty_when_asked(seed: int, alpha: float, cases: int) -> None:
    logits, labels = drawn(cases, seed)
    values = softmax(logits, axis=1)
    rule = fit_conformal(values, labels, alpha=alpha)
    full = rule.sets(values)
    assert full.any(1).all()
    assert (rule.sets(values, never_empty=False) <= full).all()
    assert full[np.arange(cases), values.argmax(1)].all()
    wider = fit_conformal(values, labels, alpha=alpha / 2)
    assert (full <= wider.sets(values)).all()


def test_too_few_cases_rule_nothing_out() -> None:
    logits, labels = drawn(8, 0)
    rule = fit_conformal(softmax(logits, axis=1), labels, alpha=0.1)
    assert rule.sets(softmax(logits, axis=1)).all()
    assert (rule.n, rule.coverage_lower) == (8, 1)


def test_classes_have_cuts_of_their_own_from_50_cases_on() -> None:
    logits, labels = drawn(600, 0)
    values = softmax(logits, axis=1)
    assert np.bincount(labels).min() >= 50
    rule = fit_conformal(values, labels)
    assert rule.classwise and len(set(rule.cuts)) == 3
    assert rule.n == np.bincount(labels).min()
    few = fit_conformal(values[:120], labels[:120])
    assert not few.classwise and len(set(few.cuts)) == 1


def test_groups_make_the_bound_cautious() -> None:
    logits, labels = drawn(200, 0)
    values = softmax(logits, axis=1)
    single, grouped = (fit_conformal(values, labels, independent=x) for x in (None, 20))
    assert grouped.n == 20 and grouped.coverage_lower < single.coverage_lower
    assert max(grouped.cuts) <= min(single.cuts)
    assert fit_conformal(values, labels, independent=5).sets(values).all()


def test_conformal_sets_need_cases_and_a_rate() -> None:
    for values, alpha in ((np.zeros((0, 2)), 0.1), (np.ones((3, 2)), 1.0)):
        with pytest.raises(ModelError, match="at least one labelled case and a rate"):
            fit_conformal(values, np.zeros(len(values), dtype=int), alpha=alpha)


def test_the_stated_lower_bounds() -> None:
    lower = {n: share_lower(rank_for(0.9, n), n) for n in (20, 50, 100, 200, 500)}
    expected = {20: 0.784, 50: 0.826, 100: 0.848, 200: 0.864, 500: 0.877}
    assert lower == pytest.approx(expected, abs=6e-4)


def test_a_pattern_that_never_occurred_is_calibrated_on_answers_made_for_it() -> None:
    logits, labels = drawn(100, 0)
    sharp, known = drawn(100, 1, sharpness=4)
    groups = np.arange(100)
    natural = Unseen(
        logits=logits.astype(np.float32), labels=labels, patterns=["a+b"] * 100, groups=groups
    )
    simulated = Unseen(
        logits=sharp.astype(np.float32), labels=known, patterns=["a"] * 100, groups=groups
    )
    found = fit_answers(natural, simulated)
    assert found.temperature.pooled == pytest.approx(1, rel=0.4)
    assert found.temperature.by_pattern["a"] > 2
    assert set(found.conformal) == {"", "a+b", "a"}
    values = found.probabilities(sharp, ["a"] * 100)
    sets = found.sets(values, ["a"] * 100)
    assert sets[np.arange(100), known].mean() >= 0.88
    other = found.sets(values, ["never seen"] * 100)
    np.testing.assert_array_equal(other, found.conformal[""][0].sets(values))
    assert (other != sets).any()


def test_several_labels_have_sets_of_their_own() -> None:
    random = np.random.default_rng(0)
    logits = 3 * random.normal(size=(200, 2))
    labels = (random.random((200, 2)) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    unseen = Unseen(
        logits=logits.astype(np.float32),
        labels=labels,
        patterns=["a"] * 200,
        groups=np.arange(200),
    )
    found = fit_answers(unseen)
    sets = found.sets(found.probabilities(logits))
    assert len(found.conformal[""]) == 2
    for label in (0, 1):
        assert sets[labels[:, label] == 1, label].mean() > 0.8
    assert not sets[logits < -6].any()


def test_unseen_answers_must_fit_together() -> None:
    with pytest.raises(ModelError, match="differ in number"):
        Unseen(
            logits=np.zeros((2, 2), dtype=np.float32),
            labels=np.zeros(3, dtype=np.int64),
            patterns=["a"] * 2,
            groups=np.arange(2),
        )


@given(scores, st.lists(st.floats(-10, 10), max_size=40), st.lists(st.floats(-12, 12), min_size=2))
@settings(max_examples=150, deadline=None)
def test_a_higher_score_never_has_a_milder_band(
    goods: list[float], bads: list[float], probes: list[float]
) -> None:
    bands = fit_bands(goods, bads, false_alarm_rate=0.05, review_rate=0.2)
    order = [Band.ACCEPT, Band.REVIEW, Band.REJECT]
    levels = [order.index(bands.band(x)) for x in sorted(probes)]
    assert levels == sorted(levels)
    rejected = sum(bands.band(x) == Band.REJECT for x in goods)
    assert rejected <= 0.05 * len(goods)
    missed = sum(bands.band(x) == Band.ACCEPT for x in bads)
    assert missed <= 0.05 * len(bads)


def test_few_goods_widen_the_band() -> None:
    values = np.random.default_rng(0).normal(size=400)
    few, many = fit_bands(list(values[:50])), fit_bands(list(values))
    assert few.reject is None and few.band(1e9) == Band.REVIEW
    assert many.reject is not None and many.band(1e9) == Band.REJECT
    assert few.false_alarm_bound == 0 < many.false_alarm_bound < 0.05
    assert few.miss_bound is None


def test_what_was_seen_of_neither_is_reviewed() -> None:
    bands = fit_bands([x / 100 for x in range(100)], [5 + x / 100 for x in range(100)])
    assert [bands.band(x) for x in (0.5, 3, 5.5)] == [Band.ACCEPT, Band.REVIEW, Band.REJECT]
    assert bands.miss_bound is not None and bands.miss_bound < 0.12


def test_bads_among_the_goods_lower_what_is_accepted() -> None:
    goods = [x / 100 for x in range(100)]
    alone, mixed = fit_bands(goods), fit_bands(goods, [0.5, 0.6, 2.0])
    assert mixed.accept < 0.5 < alone.accept
    assert mixed.reject == alone.reject
    assert mixed.band(float("nan")) == Band.REVIEW


@pytest.mark.parametrize(
    ("goods", "rates", "words"),
    [
        ([1.0] * 7, {}, "at least 8 different goods"),
        ([1.0] * 7 + [float("nan")], {}, "not finite"),
        ([1.0] * 8, {"miss_rate": 0.0}, "between 0 and 1"),
        ([1.0] * 8, {"false_alarm_rate": 0.2, "review_rate": 0.1}, "fewer goods be rejected"),
    ],
)
def test_bands_refuse_what_cannot_be(
    goods: list[float], rates: dict[str, float], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        fit_bands(goods, **rates)


def test_bands_never_cross() -> None:
    plain = to_plain(fit_bands([x / 10 for x in range(200)]))
    with pytest.raises(ModelError, match="cross"):
        Bands(**(plain | {"accept": plain["reject"] + 1}))


def test_what_is_unlike_training_is_unfamiliar() -> None:
    random = np.random.default_rng(0)
    centre = np.eye(16)[0] * 5
    training, fresh = (centre + random.normal(size=(n, 16)) for n in (300, 1000))
    rule = fit_familiarity(training, rate=0.05)
    assert rule.unfamiliar(fresh, training).mean() == pytest.approx(0.05, abs=0.04)
    assert rule.unfamiliar(-fresh, training).all()
    assert rule.unfamiliar(np.full((1, 16), np.nan), training).all()
    assert rule.threshold.false_alarm_bound < 0.1


def test_distances_leave_out_the_own_group() -> None:
    vectors = np.repeat(np.eye(4), 3, axis=0)
    groups = np.repeat(np.arange(4), 3)
    assert (neighbour_distances(vectors, vectors, 1) == 0).all()
    apart = neighbour_distances(vectors, vectors, 1, groups)
    np.testing.assert_allclose(apart, np.sqrt(2))
    assert neighbour_distances(vectors, vectors[:2], 5)[0] == 0
    rule = fit_familiarity(vectors, groups)
    assert rule.threshold.value == pytest.approx(np.sqrt(2))


def test_cases_that_are_all_the_same_know_only_themselves() -> None:
    same = np.ones((20, 8)) * 0.1
    rule = fit_familiarity(same)
    assert not rule.unfamiliar(same[:3], same).any()
    assert rule.unfamiliar(np.arange(8)[None], same).all()


@pytest.mark.parametrize(
    ("training", "groups", "words"),
    [
        (np.eye(7), None, "at least 8"),
        (np.zeros((0, 4)), None, "at least 8"),
        (np.eye(8), np.zeros(8), "other groups"),
        (np.full((8, 2), np.inf), None, "not finite"),
    ],
)
def test_familiarity_refuses_what_cannot_be(
    training: NDArray[np.float64], groups: NDArray[np.float64] | None, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        fit_familiarity(training, groups)


def test_reliability_has_bins_of_equal_numbers() -> None:
    values = np.array([[0.9, 0.1]] * 100 + [[0.4, 0.6]] * 100)
    labels = np.array([0] * 80 + [1] * 20 + [1] * 60 + [0] * 40)
    table = reliability(values, labels)
    assert [x.cases for x in table] == [100, 100]
    assert [x.frequency for x in table] == pytest.approx([0.6, 0.8])
    assert [x.confidence for x in table] == pytest.approx([0.6, 0.9])
    assert expected_calibration_error(values, labels) == pytest.approx(0.05)
    assert expected_calibration_error(values, labels, bins=1) == pytest.approx(0.05)
    several = np.eye(2)[labels]
    assert brier(values, several) == pytest.approx(brier(values, labels) / 2)
    with pytest.raises(ModelError, match="0 probabilities"):
        reliability(np.zeros((0, 2)), np.zeros(0))


def test_every_calibration_survives_json() -> None:
    logits, labels = drawn(200, 0)
    values = softmax(logits, axis=1)
    unseen = Unseen(
        logits=logits.astype(np.float32), labels=labels, patterns=["a"] * 200, groups=labels
    )
    for value in (
        fit_temperature(logits, labels, ["a"] * 200),
        fit_conformal(values, labels),
        fit_bands(list(values[:, 0]), list(values[:50, 1])),
        fit_bands([1.0] * 8),
        fit_familiarity(values),
        calibrate(list(values[:, 0])),
        reliability(values, labels)[0],
        fit_answers(unseen),
    ):
        plain = json.loads(json.dumps(to_plain(value), allow_nan=False))
        assert from_plain(type(value), plain) == value


@pytest.mark.parametrize(
    "kind",
    [Temperature, ConformalSets, Bands, FamiliarityRule, Threshold, AnswerCalibration],
)
def test_damaged_calibrations_are_refused(kind: type) -> None:
    for data in ({}, [], {"n": "many"}):
        with pytest.raises(ModelError, match=f"not a {kind.__name__}.*learn again"):
            from_plain(kind, data)
