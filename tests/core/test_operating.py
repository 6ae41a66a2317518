"""Thresholds: chosen for a share of cases to be found, bound to the answers they were chosen for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.errors import AdapterError, ModelError
from secondlook.models.adapters import Adapter
from secondlook.models.calibration import fit_operating_points
from secondlook.training.labelled import LearnedLabelled
from secondlook.training.labelled_adapter import labelled_adapter
from striped_cases import CLASSES, Words, learn, network, some_cases


@given(st.integers(0, 2**31), st.integers(3, 200), st.sampled_from([0.5, 0.8, 0.9, 0.95, 1.0]))
def test_it_is_the_highest_that_finds_the_share(seed: int, count: int, share: float) -> None:
    random = np.random.default_rng(seed)
    truth = random.random((count, 1)) < 0.4
    truth[0] = True
    values = random.random((count, 1)).round(2)
    groups = np.arange(count)
    point = fit_operating_points(values, truth, ["x"], groups, sensitivity=share)["x"]
    found = values[truth]
    assert (found >= point.threshold).mean() >= share - 1e-9
    above = found[found > point.threshold]
    assert len(above) / len(found) < share  # any higher one finds less
    assert point.sensitivity == pytest.approx((found >= point.threshold).mean())
    assert point.sensitivity_lower <= point.sensitivity
    assert point.positives == len(found)


def test_cases_of_one_patient_promise_no_more_than_one() -> None:
    values, truth = np.linspace(0.4, 0.9, 40)[:, None], np.ones((40, 1))
    many = fit_operating_points(values, truth, ["x"], np.arange(40), sensitivity=0.95)["x"]
    few = fit_operating_points(values, truth, ["x"], np.arange(40) // 10, sensitivity=0.95)["x"]
    assert (many.threshold, many.groups, few.groups) == (few.threshold, 40, 4)
    assert few.sensitivity_lower < many.sensitivity_lower < 0.95
    assert many.specificity is None


def test_a_label_that_never_holds_has_no_threshold() -> None:
    values, truth = np.full((4, 2), 0.5), np.array([[1, 0]] * 4)
    points = fit_operating_points(values, truth, ["x", "y"], np.arange(4), sensitivity=0.95)
    assert list(points) == ["x"]


@pytest.mark.parametrize("share", [0.0, -1.0, 1.01])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ModelError, match="sensitivity"):
        fit_operating_points([[0.5]], [[1]], ["x"], np.zeros(1, np.int64), sensitivity=share)


@pytest.fixture(scope="module")
def learned() -> LearnedLabelled:
    return learn(some_cases(), sensitivity=0.9, tune=None)


def adapter_of(learned: LearnedLabelled, **further: object) -> Adapter:
    return labelled_adapter(
        learned, domain="d", product=None, version=1, vision="resnet", backbone=network(),
        text="words", reader=Words(), counts={}, data_sha256="0" * 64, learned_from=(), seed=0,
        **further,  # type: ignore[arg-type]  # what a test adds
    )  # fmt: skip


def test_every_label_that_was_learned_has_one(learned: LearnedLabelled) -> None:
    assert set(learned.points) == set(CLASSES)
    card = adapter_of(learned).card.answers
    assert card is not None
    assert card.thresholds is not None
    assert card.thresholds.fingerprint == learned.part.fingerprint
    assert all(x.sensitivity >= 0.9 for x in card.thresholds.points.values())


def test_without_a_share_none_is_chosen() -> None:
    assert learn(some_cases(24), tune=None).points == {}


def test_they_come_back_from_disk_and_fit(learned: LearnedLabelled, tmp_path: Path) -> None:
    adapter_of(learned).save(tmp_path / "a")
    again = Adapter.load(tmp_path / "a")
    assert again.answers is not None
    assert again.answers.fingerprint == learned.part.fingerprint


def test_those_of_another_model_are_refused(learned: LearnedLabelled) -> None:
    other = learn(some_cases(), sensitivity=0.9, tune=None, seed=1)
    assert other.part.fingerprint != learned.part.fingerprint
    mine = adapter_of(learned)
    with pytest.raises(AdapterError, match="a threshold of another model means nothing"):
        replace(mine, answers=other.part)


def test_a_calibration_that_was_changed_is_another_model(learned: LearnedLabelled) -> None:
    part = learned.part
    warmer = replace(part.calibration.temperature, pooled=part.calibration.temperature.pooled * 2)
    changed = replace(part, calibration=replace(part.calibration, temperature=warmer))
    assert changed.fingerprint != part.fingerprint
    with pytest.raises(AdapterError, match="thresholds"):
        replace(adapter_of(learned), answers=changed)


def test_a_card_without_them_keeps_its_digest(learned: LearnedLabelled) -> None:
    card = adapter_of(replace(learned, sensitivity=None)).card
    plain = card.model_dump(mode="json")["answers"]
    assert {plain["thresholds"], plain["eligibility"]} == {None}
    assert card.content_sha256 != adapter_of(learned).card.content_sha256
