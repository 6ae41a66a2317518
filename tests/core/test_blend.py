"""Good parts and labels together: never materially worse than good parts alone, better with time."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from secondlook.errors import ModelError
from secondlook.models.calibration import Blend, fit_blend, from_plain, to_plain

Floats = NDArray[np.float64]


def made(cases: int, seed: int, *, worth: float) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Ratios, probabilities and truth; labels know as much as `worth` says, 0 for noise."""
    random = np.random.default_rng([seed, cases])
    holds = np.arange(cases) % 3 > 0
    ratios = np.exp(0.25 * (random.normal(size=cases) + 1.7 * holds) - 0.3)
    anything = expit(worth * (holds - 0.5) + random.normal(size=cases))
    return ratios, anything, holds


def gain(cases: int, seed: int, worth: float) -> float:
    """AUROC of both less that of goods alone, on 600 new cases."""
    ratios, anything, holds = made(cases, seed, worth=worth)
    blend = fit_blend(ratios, anything, holds, np.arange(cases))
    ratios, anything, holds = made(600, seed + 1000, worth=worth)
    both = [blend(*x) for x in zip(ratios, anything, strict=True)]
    return float(roc_auc_score(holds, both) - roc_auc_score(holds, ratios))


@pytest.mark.parametrize("cases", [12, 25, 100])
def test_labels_that_know_nothing_do_no_harm(cases: int) -> None:
    gains = [gain(cases, seed, worth=0) for seed in range(20)]
    assert np.mean(gains) > -0.01
    assert min(gains) > -0.06


def test_labels_that_know_something_are_worth_more_the_more_there_are() -> None:
    means = [np.mean([gain(n, seed, worth=2) for seed in range(20)]) for n in (12, 50, 400)]
    assert all(x < y for x, y in pairwise(means))
    assert means[0] > 0
    assert means[2] > 0.05


def test_labels_that_say_the_opposite_count_for_nothing() -> None:
    ratios, anything, holds = made(100, 0, worth=-3)
    blend = fit_blend(ratios, anything, holds, np.arange(100))
    assert blend.labels == 0
    assert blend.goods > 0


def test_what_it_says_is_about_as_often_true() -> None:
    ratios, anything, holds = made(300, 1, worth=2)
    blend = fit_blend(ratios, anything, holds, np.arange(300))
    said = np.array([blend(*x) for x in zip(ratios, anything, strict=True)])
    assert said.mean() == pytest.approx(holds.mean(), abs=0.02)
    sure = said > 0.8
    assert holds[sure].mean() == pytest.approx(said[sure].mean(), abs=0.08)


def test_it_rises_with_both_and_goods_stand_alone_where_labels_say_nothing() -> None:
    ratios, anything, holds = made(100, 2, worth=2)
    blend = fit_blend(ratios, anything, holds, np.arange(100))
    assert blend(2.0, 0.5) > blend(1.0, 0.5) > blend(0.5, 0.5)
    assert blend(1.0, 0.9) > blend(1.0, 0.5) > blend(1.0, 0.1)
    assert blend(2.0, None) > blend(0.5, None)
    assert 0 < blend(0.0, 0.0) < blend(20.0, 1.0) < 1


def test_copies_of_a_case_count_as_one() -> None:
    ratios, anything, holds = made(30, 3, worth=2)
    once = fit_blend(ratios, anything, holds, np.arange(30))
    six = [np.repeat(x, 6) for x in (ratios, anything, holds, np.arange(30))]
    again = fit_blend(*six)
    assert (again.labels, again.goods) == pytest.approx((once.labels, once.goods), rel=1e-3)
    apart = fit_blend(*six[:3], np.arange(180))
    assert apart.labels > again.labels


@pytest.mark.parametrize("holds", [True, False])
def test_cases_all_alike_are_refused(holds: bool) -> None:
    with pytest.raises(ModelError, match="with a finding and cases without one, got"):
        fit_blend([1.0] * 9, [0.5] * 9, [holds] * 9, np.arange(9))


def test_it_comes_back_from_plain_data_and_odd_numbers_are_refused() -> None:
    blend = fit_blend(*made(50, 4, worth=1), np.arange(50))
    assert from_plain(Blend, to_plain(blend)) == blend
    for wrong in ({"labels": -1.0}, {"bias": float("nan")}, {"alone": (0.0, -1.0)}):
        with pytest.raises(ModelError, match="weights of 0 or more"):
            from_plain(Blend, to_plain(blend) | wrong)


def test_scores_that_are_all_the_same_or_nothing_are_borne() -> None:
    blend = fit_blend([0.0] * 20, np.linspace(0, 1, 20), np.arange(20) > 9, np.arange(20))
    assert 0 < blend(0.0, 1.0) < 1
