"""Intervals over whole groups: right figures, honest coverage, no patient in two halves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score

from secondlook_workflows.resampling import (
    LEAST_GROUPS,
    RESAMPLES,
    Pair,
    Resamples,
    auroc,
    average_precision,
)

Bools, Floats = NDArray[np.bool_], NDArray[np.float64]
DISTANCE = 1.0
KNOWN = float(norm.cdf(DISTANCE / np.sqrt(2)))
"""The AUROC of scores of unit variance whose means lie so far apart."""


@st.composite
def weighted(draw: st.DrawFn) -> tuple[Bools, Floats, Floats]:
    """Truth, scores with ties, and how often each case was drawn."""
    size = draw(st.integers(2, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = rng.random(size) < 0.5
    truth[:2] = (True, False)
    weights = rng.integers(0, 4, (5, size)).astype(float)
    weights[:, :2] += 1
    return truth, rng.integers(0, draw(st.integers(1, 12)), size) / 7, weights


@settings(max_examples=150, deadline=None)
@given(weighted())
def test_they_are_the_figures_of_scikit_learn(case: tuple[Bools, Floats, Floats]) -> None:
    truth, scores, weights = case
    for ours, theirs in ((auroc, roc_auc_score), (average_precision, average_precision_score)):
        expected = [theirs(truth, scores, sample_weight=w) for w in weights]
        assert ours(truth, scores)(weights) == pytest.approx(expected)


def test_without_both_kinds_there_is_no_figure() -> None:
    truth, scores = np.array([True, True, False]), np.array([0.1, 0.2, 0.3])
    weights = np.array([[1.0, 1, 0], [0, 0, 1]])
    for statistic in (auroc, average_precision):
        assert np.isnan(statistic(truth, scores)(weights)).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(0, 99))
def test_a_patient_is_drawn_whole_or_not_at_all(patients: list[int], seed: int) -> None:
    resamples = Resamples.of([f"p{x}" for x in patients], seed=seed, count=20)
    weights = np.concatenate(list(resamples._weights()))
    for patient in set(patients):
        mine = weights[:, [i for i, x in enumerate(patients) if x == patient]]
        assert (mine == mine[:, :1]).all()
    assert resamples.groups == len(set(patients))
    assert (resamples.drawn.sum(1) == resamples.groups).all()


def exams(rng: np.random.Generator) -> tuple[Bools, Floats, list[str]]:
    """One to five exams of each of 120 patients, who resemble themselves; truth is a patient's."""
    patient = np.repeat(np.arange(120), rng.integers(1, 6, 120))
    ill = rng.random(120) < 0.4
    own = rng.normal(0, np.sqrt(0.7), 120)
    scores = DISTANCE * ill[patient] + own[patient] + rng.normal(0, np.sqrt(0.3), len(patient))
    return ill[patient], scores, [f"p{x}" for x in patient]


def test_rows_in_another_order_give_the_same_interval() -> None:
    truth, scores, groups = exams(np.random.default_rng(5))
    order = np.random.default_rng(6).permutation(len(truth))
    turned = [groups[i] for i in order]
    for statistic in (auroc, average_precision):
        first = Resamples.of(groups).interval(statistic(truth, scores))
        again = Resamples.of(turned).interval(statistic(truth[order], scores[order]))
        assert first is not None
        assert first == pytest.approx(again, abs=1e-12)


def test_large_samples_are_worked_through_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, scores, groups = exams(np.random.default_rng(7))
    whole = Resamples.of(groups).interval(auroc(truth, scores))
    monkeypatch.setattr("secondlook_workflows.resampling.CELLS", 10 * len(truth) + 1)
    assert Resamples.of(groups).interval(auroc(truth, scores)) == whole


def coverage(by_patient: bool, simulations: int = 250) -> float:
    """The share of intervals that hold the known AUROC."""
    held = 0
    for seed in range(simulations):
        truth, scores, groups = exams(np.random.default_rng(seed))
        names = groups if by_patient else [str(i) for i in range(len(groups))]
        low, high = _interval(truth, scores, names)
        held += low <= KNOWN <= high
    return held / simulations


def _interval(truth: Bools, scores: Floats, groups: list[str]) -> Pair:
    found = Resamples.of(groups, count=300).interval(auroc(truth, scores))
    assert found is not None
    return found


def test_intervals_hold_the_known_figure_as_often_as_they_say() -> None:
    """0.95 within three standard errors of 250 simulations, less what percentiles lose."""
    assert 0.90 <= coverage(by_patient=True) <= 0.99


def test_exams_as_if_each_were_a_patient_would_promise_too_much() -> None:
    assert coverage(by_patient=False, simulations=120) < 0.88


def test_few_groups_give_no_interval() -> None:
    truth = np.array([True, False] * (LEAST_GROUPS // 2))
    scores = np.arange(len(truth), dtype=float)
    enough = [str(i) for i in range(len(truth))]
    assert Resamples.of(enough).interval(auroc(truth, scores)) is not None
    assert Resamples.of(enough[1:] + ["1"]).interval(auroc(truth, scores)) is None


def test_a_kind_that_many_resamples_lack_gives_no_interval() -> None:
    truth = np.zeros(60, dtype=bool)
    truth[0] = True  # one resample in three lacks it
    scores = np.random.default_rng(0).random(60)
    groups = [str(i) for i in range(60)]
    spread = Resamples.of(groups).spread(auroc(truth, scores))
    assert 0.2 < np.isnan(spread).mean() < 0.5 and len(spread) == RESAMPLES
    assert Resamples.of(groups).interval(auroc(truth, scores)) is None
