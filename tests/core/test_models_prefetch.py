"""Reading ahead: same items, same order, bounded, errors at their turn, no thread left behind."""

import threading
import time
from collections.abc import Iterator

import pytest

from secondlook.errors import IntakeError, UsageError
from secondlook.models.prefetch import prefetched

WAIT = 0.3


def alive() -> int:
    return sum(x.name == "prefetch" for x in threading.enumerate())


@pytest.mark.parametrize("ahead", [1, 2, 100])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_all_items_come_in_order(count: int, ahead: int) -> None:
    assert list(prefetched(range(count), ahead)) == list(range(count))
    assert not alive()


def test_nothing_and_errors_are_items_like_others() -> None:
    items = [None, (), ValueError("kept"), StopIteration]
    assert list(prefetched(items)) == items


@pytest.mark.parametrize("ahead", [1, 3])
def test_no_more_is_made_than_was_asked_for(ahead: int) -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    stream = prefetched(items(), ahead)
    assert not made
    for taken in range(1, 5):
        next(stream)
        deadline = time.monotonic() + WAIT
        while len(made) < taken + ahead and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)
        assert len(made) == taken + ahead
    stream.close()
    assert not alive()


def test_the_next_is_made_while_this_one_is_used() -> None:
    using, made = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        yield 1
        assert using.wait(10)
        made.set()
        yield 2

    for number in prefetched(items()):
        using.set()
        if number == 1:
            assert made.wait(10)  # a loop without a thread would wait here for ever


def test_an_error_comes_at_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise IntakeError("gone")

    stream = prefetched(items())
    assert next(stream) == 1
    with pytest.raises(IntakeError, match="gone"):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)
    assert not alive()


def test_whoever_stops_leaves_nothing_behind() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    with pytest.raises(RuntimeError, match="on purpose"):
        for _ in prefetched(items()):
            raise RuntimeError("on purpose")
    assert closed.is_set()
    assert not alive()


def test_a_stream_never_begun_starts_no_thread() -> None:
    prefetched(range(3)).close()
    assert not alive()


def test_reading_nothing_ahead_is_refused() -> None:
    with pytest.raises(UsageError, match="ahead must be at least 1; got 0"):
        prefetched([1], 0)
