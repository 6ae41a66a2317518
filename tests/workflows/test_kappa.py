"""Agreement beyond chance, against scikit-learn and the table of Fleiss (1971)."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from secondlook.decisions import Act, Decision, FindingAct
from secondlook_workflows import agreement
from secondlook_workflows.kappa import _cohen, cohen, fleiss, intervals, percent
from store_values import NOON

TABLE = (
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
)
"""How many of 14 readers put each of ten subjects into five classes; kappa is 0.210."""


def words(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Two readers who agree in about two of three."""
    numbers = np.random.default_rng(seed)
    one = numbers.choice(["accept", "hold", "scrap"], size=count, p=[0.6, 0.3, 0.1])
    other = np.where(numbers.random(count) < 0.6, one, numbers.choice(one, size=count))
    return [str(x) for x in one], [str(x) for x in other]


def test_fleiss_is_that_of_the_published_table() -> None:
    ratings = [[str(i) for i, n in enumerate(row) for _ in range(n)] for row in TABLE]
    assert fleiss(ratings) == pytest.approx(0.210, abs=0.0005)


@pytest.mark.parametrize("seed", range(3))
def test_weighted_resamples_are_those_of_scikit_learn(seed: int) -> None:
    one, other = words(80, seed)
    weights = np.random.default_rng(seed).integers(0, 4, size=(5, 80)).astype(float)
    wanted = [cohen_kappa_score(one, other, sample_weight=x) for x in weights]
    assert _cohen(one, other)(weights) == pytest.approx(wanted)
    assert cohen(one, other) == pytest.approx(cohen_kappa_score(one, other))


def test_intervals_hold_the_figures() -> None:
    one, other = words(150, 7)
    ratings = [list(x) for x in zip(one, other, strict=True)]
    spans = intervals(one, other, ratings, seed=1)
    assert spans == intervals(one, other, ratings, seed=1)
    figures: dict[str, Any] = {
        "percent": percent(one, other),
        "cohen_kappa": cohen(one, other),
        "fleiss_kappa": fleiss(ratings),
    }
    for name, span in spans.items():
        assert span is not None
        assert span[0] < figures[name] < span[1]


def test_what_is_undefined_is_not_said() -> None:
    assert cohen(["a", "a"], ["a", "a"]) is None
    assert fleiss([["a", "a"], ["a", "a"]]) is None
    assert (fleiss([]), percent([], []), cohen([], [])) == (None, None, None)
    assert set(intervals(["a"], ["b"], [["a", "b"]]).values()) == {None}  # too few cases
    assert set(intervals([], [], []).values()) == {None}


def test_readers_are_compared_by_outcome_and_by_label() -> None:
    def read(by: str, case: str, outcome: str, *labels: str) -> Decision:
        acts = tuple(FindingAct(label=x, act=Act.ADD) for x in labels)
        return Decision(
            id=by + case, case_id=case, reviewer=by, disposition=outcome, decided_at=NOON, acts=acts
        )

    pairs = (
        (read("ann", "1", "scrap", "crack"), read("bob", "1", "scrap", "crack")),
        (read("ann", "2", "accept"), read("cat", "2", "scrap", "crack")),
        (read("bob", "3", "accept"), read("ann", "3", "accept")),
    )
    found = agreement._readers(pairs, seed=0)
    assert found.pairs == 3
    assert found.percent == pytest.approx(2 / 3)
    assert found.cohen_kappa == pytest.approx(cohen_kappa_score(list("saa"), list("ssa")))
    assert found.labels["crack"]["found_by_either"] == 2
    assert found.labels["crack"]["percent"] == pytest.approx(2 / 3)
