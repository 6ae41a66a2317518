"""One run of a queue with several readers: who waits how long, by which rule.

Nobody is interrupted while reading. Whoever is free takes the first case of the list. The limits
are those of the store: a case that has waited as long as its band allows is put one band higher,
and waits there anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from secondlook.queues import Queue

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Day:
    """What comes in one run: arrivals and reading times in minutes, (N,), arrivals ascending."""

    arrivals: Floats
    readings: Floats
    priorities: Sequence[int]
    """By the machine's flags."""


@dataclass
class _List:
    """The waiting cases."""

    day: Day
    priorities: list[int]
    queue: Queue | None
    """None for no limits."""
    promoted: int = 0
    _first: list[tuple[int, int]] = field(default_factory=list)
    _due: list[tuple[float, int, int]] = field(default_factory=list)
    _waiting: set[int] = field(default_factory=set)

    def add(self, case: int) -> None:
        """By priority, then by arrival: cases are numbered as they come."""
        self._waiting.add(case)
        heappush(self._first, (-self.priorities[case], case))
        self._limit(case, float(self.day.arrivals[case]))

    def promote(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            due, case, priority = heappop(self._due)
            above = self.queue.above(priority) if self.queue else None
            if case not in self._waiting or self.priorities[case] != priority or above is None:
                continue
            self.priorities[case] = above
            self.promoted += 1
            heappush(self._first, (-above, case))
            self._limit(case, due)

    def take(self) -> int:
        while True:
            _, case = heappop(self._first)
            if case in self._waiting:
                self._waiting.remove(case)
                return case

    def __len__(self) -> int:
        return len(self._waiting)

    def _limit(self, case: int, since: float) -> None:
        longest = self.queue.longest(self.priorities[case]) if self.queue else None
        if longest is not None:
            due = since + longest / timedelta(minutes=1)
            heappush(self._due, (due, case, self.priorities[case]))


def waits(
    day: Day, priorities: Sequence[int], readers: int, queue: Queue | None = None
) -> tuple[Floats, int]:
    """Minutes (N,) until each case is taken up, and how many promotions there were."""
    total, coming = len(day.arrivals), 0
    waiting = _List(day, list(priorities), queue)
    free = [0.0] * readers
    heapify(free)
    waited, now = np.zeros(total), 0.0
    while coming < total or waiting:
        now = max(now, heappop(free))  # whoever was idle takes nothing before it came
        if not waiting:
            now = max(now, float(day.arrivals[coming]))
        while coming < total and day.arrivals[coming] <= now:
            waiting.add(coming)
            coming += 1
        waiting.promote(now)
        case = waiting.take()
        waited[case] = now - day.arrivals[case]
        heappush(free, now + float(day.readings[case]))
    return waited, waiting.promoted
