"""Bands, their limits and the order inside them, as values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.errors import PluginError
from secondlook.queues import Band, Queue
from store_values import NOON
from triage_queues import QUEUE

MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC)
)


def test_bands_of_one_priority_share_the_shorter_limit() -> None:
    assert QUEUE.longest(2) == timedelta(minutes=60)
    assert QUEUE.due(1, NOON) == NOON + timedelta(minutes=240)


def test_the_highest_band_has_no_limit() -> None:
    capped = Queue(bands=(Band(code="a", title="A", priority=1, wait=timedelta(1)),))
    assert (capped.longest(1), capped.limited, QUEUE.due(3, NOON)) == (None, False, None)


def test_a_band_is_named_by_its_code_where_it_stands_there() -> None:
    named = [QUEUE.named(2, "not_assessed"), QUEUE.named(2, "routine"), QUEUE.named(7, None)]
    assert [x and x.code for x in named] == ["not_assessed", "urgent", None]


@given(st.lists(MOMENTS, min_size=2, max_size=2))
def test_whoever_came_first_is_sooner_to_the_microsecond(moments: list[datetime]) -> None:
    first, second = sorted(moments)
    turns = QUEUE.turn(0.5, first), QUEUE.turn(9.0, second)
    assert turns[0] > turns[1] if first < second else turns[0] == turns[1]


@given(MOMENTS)
def test_a_microsecond_tells_two_cases_apart(moment: datetime) -> None:
    assert QUEUE.turn(0.0, moment) > QUEUE.turn(0.0, moment + timedelta(microseconds=1))


def test_without_bands_the_score_orders_and_nothing_waits_too_long() -> None:
    plain = Queue()
    assert (plain.turn(0.3, NOON), plain.due(0, NOON), plain.floor) == (0.3, None, 0)


BAND = Band(code="a", title="A", priority=1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bands": (BAND, BAND)}, "one name"),
        ({"bands": (BAND,), "unassessed": "b"}, "no band is called b"),
        ({"bands": (BAND,), "findings": {"x": "c"}}, "no band is called c"),
        (
            {"bands": (Band(code="a", title="A", priority=1, wait=timedelta()),)},
            "longer than nothing",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        Queue(**wrong)  # type: ignore[arg-type]  # any of its fields
