"""Questions and their figures: ranking, operating point, ablations beside them, abstentions."""

import numpy as np
import pytest

from made_measurements import measured, measurement, raised
from secondlook import CitedPassage, Finding, Statement
from secondlook.cases import NOTHING
from secondlook.evidence import Assertion
from secondlook_workflows.abstained import abstained
from secondlook_workflows.answered import gained, operating, ranked, wilson
from secondlook_workflows.detailed import detailed
from secondlook_workflows.measuring import Measured, Measurement
from secondlook_workflows.questions import ANYTHING, questions

CITED = CitedPassage(
    record="r",
    record_name="note",
    text="x",
    start=0,
    end=1,
    line=1,
    page=None,
    similarity=0.9,
    query="x",
)
MENTION = Finding(label="crack", title="mentioned", score=0.9, threshold=0.5, evidence=(CITED,))


def many(count: int = 60, noise: float = 0.3, seed: int = 0) -> list[Measured]:
    """Half of them with a crack; probabilities tell most of them."""
    rng = np.random.default_rng(seed)
    cases = []
    for i in range(count):
        there = i % 2 == 0
        p = float(np.clip(0.5 + (0.25 if there else -0.25) + rng.normal(0, noise), 0, 1))
        found = [raised("crack", p, 0.5)] if p > 0.5 else []
        labels = ("crack",) if there else ()
        said = {"crack": p, NOTHING: 1 - p}
        cases.append(
            measured(labels, patient=f"p{i // 2}", score=p, findings=found, probabilities=said)
        )
    return cases


def test_each_label_and_anything_are_asked() -> None:
    asked = questions(measurement(many()))
    assert list(asked) == [ANYTHING, "crack"]
    assert asked["crack"].threshold == 0.5
    assert len(set(asked["crack"].groups)) == 30


def test_figures_come_with_an_interval_around_them() -> None:
    cells = ranked(questions(measurement(many()))["crack"], seed=0)
    assert (cells["n"], cells["groups"], cells["with"], cells["why"]) == (60, 30, 30, None)
    for name in ("auroc", "average_precision"):
        low, high = cells[f"{name}_interval"]
        assert 0.5 < low < cells[name] < high <= 1


@pytest.mark.parametrize(
    ("cases", "why"),
    [
        ([measured(("crack",), score=1.0), measured(("crack",))], "got 2 of 2 with"),
        ([measured(), measured()], "got 0 of 2 with"),
    ],
)
def test_one_kind_alone_gives_none_and_says_why(cases: list[Measured], why: str) -> None:
    cells = ranked(questions(measurement(cases))[ANYTHING], seed=0)
    assert [cells[x] for x in ("auroc", "auroc_interval", "average_precision")] == [None] * 3
    assert why in cells["why"]


def test_few_patients_give_a_figure_without_an_interval_and_say_why() -> None:
    cells = ranked(questions(measurement(many(20)))["crack"], seed=0)
    assert cells["auroc"] is not None
    assert cells["auroc_interval"] is None
    assert cells["why"] == "an interval needs cases of 20 groups, got 10"


def test_the_operating_point_is_counted() -> None:
    cases = [
        measured(("crack",), findings=[raised("crack")]),
        measured(("crack",)),
        measured(("crack",), abstained="unfamiliar"),
        measured((), findings=[raised("crack")]),
        *[measured(()) for _ in range(9)],
    ]
    cells = operating(questions(measurement(cases))[ANYTHING])
    assert (cells["found"], cells["with"], cells["sensitivity"]) == (1, 2, 0.5)
    assert (cells["passed"], cells["without"], cells["specificity"]) == (9, 10, 0.9)
    assert (cells["abstained"], cells["sensitivity_of_all"]) == (1, pytest.approx(1 / 3))
    assert cells["specificity_interval"] == pytest.approx((0.5958, 0.9821), abs=1e-4)


def test_nothing_to_find_has_no_sensitivity() -> None:
    cells = operating(questions(measurement([measured(), measured()]))[ANYTHING])
    assert cells["sensitivity"] is None and cells["sensitivity_interval"] is None
    assert cells["specificity"] == 1.0


def test_wilson_is_the_published_interval() -> None:
    """Newcombe 1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<857, table I: 81 of 263, 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_a_mention_in_a_note_is_no_finding_of_the_adapter() -> None:
    cases = [measured(("crack",), findings=[MENTION]), measured(())]
    cells = operating(questions(measurement(cases))[ANYTHING])
    assert (cells["found"], cells["sensitivity"]) == (0, 0.0)
    assert not measurement(cases).flagged.any()


def test_cases_whose_label_was_not_learned_are_not_asked_about() -> None:
    cases = [*many(), measured(("dent",), probabilities={"crack": 0.5, NOTHING: 0.5}, score=0.5)]
    asked = questions(measurement(cases))
    assert len(asked["crack"].cases) == 60
    assert len(asked[ANYTHING].cases) == 61


def test_what_another_modality_gains_is_paired() -> None:
    whole = measurement(many(120, noise=0.2))
    rng = np.random.default_rng(3)
    worse = Measurement(
        [Measured(x.labelled, measured(score=float(rng.random())).assessment) for x in whole.cases]
    )
    first, second = questions(whole)[ANYTHING], questions(worse)[ANYTHING]
    cells = gained(first, second, seed=0)
    low, high = cells["gain_interval"]
    assert 0 < low < cells["gain"] < high
    same = gained(first, first, seed=0)
    assert (same["gain"], same["gain_interval"]) == (0.0, (0.0, 0.0))
    half = Measurement(worse.cases[:60])
    assert gained(first, questions(half)[ANYTHING], seed=0)["gain"] is not None


def test_ablations_stand_beside_every_question() -> None:
    whole = measurement(many())
    details = detailed(whole, {"image": whole, "text": measurement(many(4))}, seed=0)
    assert set(details.intervals) == set(details.operating_point) == {ANYTHING, "crack"}
    for cells in (*details.intervals.values(), *details.operating_point.values()):
        assert list(cells["ablations"]) == ["image", "text"]
    assert details.intervals["crack"]["ablations"]["image"]["gain"] == 0
    assert details.per_label["crack"]["label_auroc"] == details.intervals["crack"]["auroc"]


def test_rows_in_another_order_change_nothing() -> None:
    alone = [measured(("crack",) * (i % 2), score=i / 9, files=[{}]) for i in range(9)]
    cases = [*many(), *alone]  # the last are of nobody in particular
    turned = [cases[i] for i in np.random.default_rng(1).permutation(len(cases))]
    one, other = (detailed(measurement(x), {}, seed=0) for x in (cases, turned))
    assert one.operating_point == other.operating_point
    assert one.subgroups == other.subgroups
    for name, cells in one.intervals.items():
        assert cells["auroc_interval"] == pytest.approx(other.intervals[name]["auroc_interval"])


def test_abstentions_are_counted_with_what_was_there() -> None:
    cases = [
        measured(("crack",), abstained="unfamiliar"),
        measured((), abstained="unfamiliar"),
        measured((), abstained="no_image"),
        measured(()),
    ]
    cells = abstained(measurement(cases))
    assert (cells["n"], cells["rate"]) == (3, 0.75)
    assert cells["reasons"] == {"no_image": 1, "unfamiliar": 2}
    assert cells["labels"] == {"crack": 1, NOTHING: 2}
    assert cells["rate_interval"] == wilson(3, 4)


def test_where_all_was_abstained_on_nothing_is_asked() -> None:
    cases = [measured(("crack",), abstained="no_adapter"), measured((), abstained="no_adapter")]
    details = detailed(measurement(cases), {}, seed=0)
    assert (details.intervals, details.operating_point, details.subgroups) == ({}, {}, {})


@pytest.mark.parametrize("assertion", ["affirmed", "negated"])
def test_a_sentence_that_names_a_label_is_nothing_that_was_seen(assertion: Assertion) -> None:
    said = Statement(
        record="r",
        record_name="note",
        text="x",
        start=0,
        end=1,
        line=1,
        page=None,
        names="x",
        assertion=assertion,
        section="indication",
    )
    named = Finding(label="crack", title="Note denies", evidence=(said,))
    both = Finding(label="crack", title="Note names", score=0.9, evidence=(said, CITED))
    cases = [*many(), measured(["crack"], findings=[named]), measured([], findings=[both])]
    whole = measurement(cases)
    assert not whole.flagged[-2:].any()
    assert not questions(whole)[ANYTHING].raised[-2:].any()


def test_a_label_that_no_number_was_given_for_counts_as_missed() -> None:
    shut = [measured(["crack"], abstained="unfamiliar") for _ in range(30)]
    cells = operating(questions(measurement([*many(), *shut]))["crack"])
    assert cells["abstained"] == 30
    assert cells["sensitivity_of_all"] == pytest.approx(cells["found"] / 60)
    parted = detailed(measurement([*many(), *shut]), {}, 0).operating_point["crack"]
    assert parted["abstained"] == 30
