"""Waiting in a simulated queue: by hand, against theory, and the pattern that was published."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from published_queue import CRITICAL, QUEUE, config, site
from radiology_assistant.policy_settings import TriageSettings
from secondlook.errors import UsageError
from secondlook.queues import Queue
from secondlook_workflows import simulate
from secondlook_workflows.context import Context
from secondlook_workflows.simulate import FIFO, LIMITED, MACHINE, SimulateConfig
from secondlook_workflows.simulating.options import parse_rates, parse_waits
from secondlook_workflows.simulating.queueing import Day, waits
from secondlook_workflows.simulating.site import Rates, Site, draw

NOBODY = Queue()


def day(arrivals: list[float], reading: float, priorities: list[int]) -> Day:
    """Cases that all take the same time."""
    return Day(
        arrivals=np.array(arrivals),
        readings=np.full(len(arrivals), reading),
        priorities=priorities,
    )


def test_first_come_first_served_by_hand() -> None:
    waited, promoted = waits(day([0, 1, 2], 10, [0, 0, 0]), [0, 0, 0], 1)
    assert (waited.tolist(), promoted) == ([0, 9, 18], 0)


def test_the_urgent_goes_first_and_nobody_is_interrupted() -> None:
    some = day([0, 1, 2], 10, [1, 1, 3])
    assert waits(some, some.priorities, 1)[0].tolist() == [0, 19, 8]


def test_two_readers_share_the_list() -> None:
    assert waits(day([0, 1, 2], 10, [0, 0, 0]), [0, 0, 0], 2)[0].tolist() == [0, 0, 8]


def test_who_waits_too_long_is_promoted() -> None:
    """The second of all comes after every urgent one, unless its limit is over."""
    arrivals = [0.0, 1.0, *[2.0 + x for x in range(40)]]
    some = day(arrivals, 10, [1, 1] + [2] * 40)
    free = waits(some, some.priorities, 1)[0]
    limited = TriageSettings(routine_minutes=30, urgent_minutes=0, not_assessed_minutes=0).queue()
    waited, promoted = waits(some, some.priorities, 1, limited)
    assert (free[1], waited[1], promoted) == (409, 39, 1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=60),
    data=st.data(),
    readers=st.integers(1, 3),
)
def test_order_moves_waiting_about_and_makes_none(
    gaps: list[float], data: st.DataObject, readers: int
) -> None:
    """Equal reading times: whatever the order, the waits add up to the same, and none is lost."""
    priorities = data.draw(st.lists(st.integers(1, 3), min_size=len(gaps), max_size=len(gaps)))
    some = day(list(np.cumsum(gaps)), 7.0, priorities)
    plain, _ = waits(some, [0] * len(gaps), readers)
    ordered, _ = waits(some, priorities, readers, QUEUE)
    assert (ordered >= -1e-9).all()
    assert np.isclose(plain.sum(), ordered.sum())


def test_a_queue_with_one_reader_is_as_long_as_theory_says() -> None:
    """M/M/1 at load 0.8: a mean wait of 0.8 / (1 - 0.8) reading times."""
    numbers = np.random.default_rng(1)
    count = 200_000
    arrivals = np.cumsum(numbers.exponential(10 / 0.8, count))
    some = Day(arrivals=arrivals, readings=numbers.exponential(10, count), priorities=[0] * count)
    assert waits(some, some.priorities, 1)[0].mean() == pytest.approx(40, rel=0.06)


def test_what_is_drawn_is_as_it_was_said() -> None:
    rates = {"pneumothorax": Rates(prevalence=0.1, sensitivity=0.8, specificity=0.9)}
    where = Site(per_hour=10, minutes=5, rates=rates, profile=(0.0,) * 12 + (1.0,) * 12)
    drawn = draw(where, QUEUE, 200, np.random.default_rng(0))
    there = np.array(drawn.found["pneumothorax"])
    flagged = np.array(drawn.day.priorities) == 3
    assert len(there) == pytest.approx(10 * 24 * 200, rel=0.02)
    assert there.mean() == pytest.approx(0.1, abs=0.01)
    assert flagged[there].mean() == pytest.approx(0.8, abs=0.02)
    assert flagged[~there].mean() == pytest.approx(0.1, abs=0.01)
    assert drawn.day.readings.mean() == pytest.approx(5, rel=0.03)
    assert ((drawn.day.arrivals / 60 % 24) >= 12).all()


def test_the_published_pattern() -> None:
    """PMC8128725: by the machine the mean of a critical finding falls and its longest wait rises;
    a limit of waiting brings the longest back and keeps most of the gain."""
    orders = simulate.simulated(config(runs=16), site(), QUEUE).orders
    mean = {x: orders[x][CRITICAL].mean for x in orders}
    longest = {x: orders[x][CRITICAL].longest for x in orders}
    assert mean[MACHINE].high < 0.7 * mean[FIFO].low
    assert mean[LIMITED].high < 0.8 * mean[FIFO].low
    assert longest[MACHINE].low > longest[FIFO].high
    assert longest[LIMITED].high < longest[MACHINE].low
    assert orders[LIMITED]["all"].longest.high < orders[MACHINE]["all"].longest.low


def test_the_same_seed_gives_the_same_figures() -> None:
    first, again, other = (
        simulate.simulated(config(runs=2, seed=x), site(), QUEUE).orders for x in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_without_a_history_the_command_says_what_it_needs(context: Context) -> None:
    told: dict[str, object] = {
        "rates": {"pneumothorax": Rates(prevalence=0.1, sensitivity=1, specificity=1)}
    }
    triage = TriageSettings().queue()
    context.plugins.domains["radiology-assistant"].queue = lambda: triage  # type: ignore[method-assign]
    for more, wanted in (
        ({}, "--per-hour"),
        ({"per_hour": 6.0}, "--minutes"),
        ({"per_hour": 6.0, "minutes": 5.0, "rates": {}}, "--finding"),
    ):
        with pytest.raises(UsageError, match=wanted):
            simulate.run(
                SimulateConfig(domain="radiology-assistant", **{**told, **more}),
                context,  # type: ignore[arg-type]
            )


@pytest.mark.parametrize("text", ["a", "a=1", "a=1,2,3", "a=x,1,1"])
def test_rates_that_cannot_be_read_show_the_form(text: str) -> None:
    with pytest.raises(UsageError, match="LABEL=PREVALENCE"):
        parse_rates([text])


def test_limits_are_read() -> None:
    assert parse_waits(["routine=90", "urgent=0"]) == {
        "routine": timedelta(minutes=90),
        "urgent": None,
    }
    with pytest.raises(UsageError, match="BAND=MINUTES"):
        parse_waits(["routine=-1"])
