"""The figures of the dashboard against numbers made by hand."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from secondlook.queues import Band, Queue
from secondlook_workflows.figures import control, csv_text, drifting, flow, reliability
from secondlook_workflows.figures.rates import quantile, wilson
from secondlook_workflows.figures.reviewed import Reviewed, target

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def case(day: int = 0, waited: int = 10, **more: object) -> Reviewed:
    """A case decided at noon of a day, after so many minutes."""
    fields = {"disposition": "accept", **more}
    at = START + timedelta(days=day)
    return Reviewed(at=at, waited=timedelta(minutes=waited), **fields)  # type: ignore[arg-type]


def test_the_interval_of_a_share_is_that_of_wilson() -> None:
    # Newcombe (1998, doi 10.1002/(sici)1097-0258(19980430)17:8<857::aid-sim777>3.0.co;2-e), table I
    for hits, total, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)):
        assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert wilson(0, 0) is None


def test_a_quantile_lies_between_two_values_in_proportion() -> None:
    assert quantile([4, 1, 3, 2], 0.5) == 2.5
    assert quantile([10, 20], 0.95) == pytest.approx(19.5)
    assert quantile([7], 0.95) == 7
    assert quantile([], 0.5) is None


def test_what_is_decided_a_day_is_counted_by_outcome() -> None:
    rows = flow.throughput([case(), case(), case(disposition="scrap"), case(1)])
    assert [(x["outcome"], x["decided"]) for x in rows] == [
        ("accept", 2),
        ("scrap", 1),
        ("accept", 1),
        ("scrap", 0),
    ]
    assert [x["day"] for x in rows] == ["2026-03-02"] * 2 + ["2026-03-03"] * 2


def test_waits_are_told_by_median_and_p95_against_the_target() -> None:
    hour = timedelta(hours=1)
    cases = [case(waited=x, target=hour) for x in (10, 20, 60, 90)]
    (row,) = flow.waiting(cases)
    assert (row["median_minutes"], row["decided"]) == (40, 4)
    assert row["p95_minutes"] == pytest.approx(60 + 0.85 * 30)
    (kept, free) = flow.targets([*cases, case(waited=500)])
    assert (kept["target_minutes"], kept["within_target"], kept["share"]) == (60, 3, 0.75)
    assert (kept["low"], kept["high"]) == pytest.approx(wilson(3, 4))
    assert (free["target_minutes"], free["within_target"], free["share"]) == (None, None, None)


def test_the_target_is_the_shortest_of_the_bands_at_the_priority_it_began_in() -> None:
    bands = (
        Band(code="low", title="Low", priority=0, wait=timedelta(hours=4)),
        Band(code="unseen", title="Unseen", priority=0, wait=timedelta(hours=2)),
        Band(code="high", title="High", priority=1),
    )
    queue = Queue(bands=bands, unassessed="unseen")
    assert target(queue, 0) == target(queue, None) == timedelta(hours=2)
    assert target(queue, 1) is None
    assert target(Queue(), 0) is None


def test_the_pareto_counts_labels_that_hold() -> None:
    held = [{"pore"}, {"pore", "crack"}, {"scratch"}, {"pore"}, set()]
    rows = control.pareto([case(held=frozenset(x)) for x in held])
    assert [(x["label"], x["findings"]) for x in rows] == [
        ("pore", 3),
        ("crack", 1),
        ("scratch", 1),
    ]
    assert [x["cumulative"] for x in rows] == pytest.approx([0.6, 0.8, 1.0])
    assert control.pareto([case()]) == []


def test_the_limits_of_the_p_chart_are_those_of_the_textbook() -> None:
    # 5 days of 50, 5 found each but 20 on the last: the centre is 40 / 250 = 0.16,
    # sigma is sqrt(0.16 * 0.84 / 50) = 0.051846, so that the limits are 0.0045 and 0.3155.
    cases = [
        case(day, held=frozenset({"pore"} if i < (20 if day == 4 else 5) else ()))
        for day in range(5)
        for i in range(50)
    ]
    assert control.too_few(cases) is None
    rows = control.p_chart(cases)
    assert rows[0]["centre"] == pytest.approx(0.16)
    assert (rows[0]["low"], rows[0]["high"]) == pytest.approx((0.004462, 0.315538), abs=1e-6)
    assert [x["share"] for x in rows] == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.4])
    assert [x["state"] for x in rows] == ["in"] * 4 + ["outside"]


def test_a_day_of_few_cases_is_never_called_outside() -> None:
    cases = [case(day) for day in range(5) for _ in range(20)]
    cases += [case(6, held=frozenset({"pore"}))]
    last = control.p_chart(cases)[-1]
    assert (last["share"], last["state"]) == (1.0, "too few that day")


def test_few_cases_are_told_instead_of_drawn() -> None:
    few = [case(x % 3) for x in range(12)]
    said = control.too_few(few)
    assert said is not None
    assert said.startswith("12 decided on 3 days: too few for a p-chart")
    assert (drifting.too_few(few) or "").startswith("12 decided: too few to compare halves")
    assert "0 findings" in (reliability.too_few(few) or "")


def test_the_calibration_curve_puts_what_was_said_beside_what_held() -> None:
    chances = [(0.12, False)] * 9 + [(0.18, True)] + [(0.9, True)] * 15 + [(1.0, False)] * 5
    cases = [case(chances=(x,)) for x in chances]
    assert reliability.too_few(cases) is None
    low, high = reliability.calibration(cases)
    assert (low["from"], low["findings"], low["held"]) == (0.1, 10, 0.1)
    assert low["said"] == pytest.approx(0.126)
    assert (high["from"], high["findings"], high["held"]) == (0.9, 20, 0.75)
    assert high["said"] == pytest.approx(0.925)
    assert (high["low"], high["high"]) == pytest.approx(wilson(15, 20))
    assert reliability.error([low, high]) == pytest.approx((10 * 0.026 + 20 * 0.175) / 30)


def test_drift_tells_a_change_from_none() -> None:
    same = [case(score=float(x % 10), inputs={"product": "ab"[x % 2]}) for x in range(80)]
    before = {x["what"]: x["verdict"] for x in drifting.drift(same)}
    assert before["score of the first look"] == before["product"] == "no sure change"
    later = [case(9, score=20.0 + x % 10, inputs={"product": "b"}) for x in range(80)]
    rows = {str(x["what"]): x for x in drifting.drift([*same, *later])}
    score, product = rows["score of the first look"], rows["product"]
    assert (score["difference"], score["verdict"]) == (1.0, "changed")
    assert score["change"] == "median 4.5 → 24.5"
    assert (product["difference"], product["verdict"]) == (0.5, "changed")
    assert rows["machine abstained"]["change"] == "always no first look"


def test_no_cell_of_a_csv_is_a_formula() -> None:
    rows = [{"name": "=1+1", "n": -3}, {"name": 'a "b", c', "n": None, "more": "@x"}]
    read = list(csv.DictReader(io.StringIO(csv_text.written(rows))))
    assert read[0] == {"name": "'=1+1", "n": "-3", "more": ""}
    assert read[1] == {"name": 'a "b", c', "n": "", "more": "'@x"}
    assert csv_text.written([]) == ""
