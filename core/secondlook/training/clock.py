"""How much of the time that learning may take is gone."""

import math
import time
from collections.abc import Callable


class Clock:
    """Counts from the moment that the caller began; without a limit there is always time."""

    def __init__(self, seconds: float, started: float | None = None) -> None:
        """`seconds` of 0 is no limit; `started` is a value of `time.monotonic`, now if None."""
        self._started = time.monotonic() if started is None else started
        self._seconds = seconds if seconds > 0 else math.inf

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return math.isfinite(self._seconds)

    @property
    def spent(self) -> float:
        """Seconds that are gone."""
        return time.monotonic() - self._started

    @property
    def left(self) -> float:
        """Seconds that are left, never below 0; infinite without a limit."""
        return max(0.0, self._seconds - self.spent)

    def end_of(self, seconds: float) -> Callable[[], bool]:
        """What tells whether more than so many seconds are gone from now on."""
        end = self.spent + seconds
        return lambda: self.spent > end

    def past(self, share: float) -> bool:
        """Whether more than this share of the time is gone."""
        return self.spent > share * self._seconds
