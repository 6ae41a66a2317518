"""A queue with four bands for tests of the store, and a clock that a test turns."""

from datetime import datetime, timedelta

import pytest

from secondlook.queues import Band, Queue
from secondlook.store import clock
from store_values import NOON

QUEUE = Queue(
    bands=(
        Band(code="critical", title="Critical", priority=3),
        Band(code="urgent", title="Urgent", priority=2, wait=timedelta(minutes=60)),
        Band(code="not_assessed", title="Not assessed", priority=2, wait=timedelta(minutes=90)),
        Band(code="routine", title="Routine", priority=1, wait=timedelta(minutes=240)),
    ),
    order="waiting",
    unassessed="not_assessed",
    findings={"crack": "critical", "pore": "urgent"},
)
SCANS = "scans"


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.time: datetime = NOON

    def turn(self, minutes: float) -> None:
        """Go on, or back, by some minutes."""
        self.time += timedelta(minutes=minutes)


def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The store's clock, standing at noon."""
    hands = Hands()
    monkeypatch.setattr(clock, "now", lambda: hands.time)
    return hands
