"""Times of several ways to do the same: they take turns, so that a busy machine slows all alike."""

import time
from collections.abc import Callable, Mapping

import numpy as np

Act = Callable[[], object]
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
Spent = dict[str, list[float]]


def in_turns(acts: Mapping[str, Act], rounds: int) -> dict[str, Spent]:
    """Seconds of each act in each round, by clock; the order is reversed every other round."""
    spent: dict[str, Spent] = {x: {y: [] for y in acts} for x in CLOCKS}
    for turn in range(rounds + 1):  # the first turn warms up
        for name in list(acts)[:: 1 if turn % 2 else -1]:
            started = {x: clock() for x, clock in CLOCKS.items()}
            acts[name]()
            for x, clock in CLOCKS.items():
                if turn:
                    spent[x][name].append(clock() - started[x])
    return spent


def times_as_fast(spent: Spent, base: str) -> dict[str, float]:
    """As `base`, in the same round: the median of all rounds."""
    usual = np.array(spent[base])
    return {x: float(np.median(usual / np.array(y))) for x, y in spent.items()}
