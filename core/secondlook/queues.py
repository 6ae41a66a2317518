"""How the cases of a domain wait: in bands, inside a band by score or by waiting time.

A band may say how long a case may wait in it at most; whoever waits longer is promoted to the next
band. All of it is data: a domain hands it out, the store and the simulator keep to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from secondlook.errors import PluginError

HORIZON = 2.0**32
"""Seconds; what came at this time of the Unix clock (in 2106) would have turn 0."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One band of a worklist. Bands of one priority stand together."""

    code: str
    title: str
    priority: int
    """Larger is sooner."""
    wait: timedelta | None = None
    """How long a case may wait here at most; None for as long as it takes."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The bands of a domain and the order inside them.

    Attributes:
        bands: none for a domain whose priorities have no names and no limits.
        order: inside a band by score, or by waiting time, the longest first.
        unassessed: code of the band of what no machine has judged: not yet, or not at all.
        findings: code of the band that a finding of this label belongs to.

    Raises PluginError for a band that is named and not there, or without time to wait in it.
    """

    bands: tuple[Band, ...] = ()
    order: Literal["score", "waiting"] = "score"
    unassessed: str | None = None
    findings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = [x.code for x in self.bands]
        named = [*self.findings.values(), *([self.unassessed] if self.unassessed else [])]
        if missing := sorted({*named} - {*known}):
            raise PluginError(f"no band is called {', '.join(missing)}; there is: {known}")
        if len(known) != len({*known}):
            raise PluginError(f"two bands have one name: {known}")
        if short := [x.code for x in self.bands if x.wait is not None and x.wait <= timedelta()]:
            raise PluginError(f"the longest wait must be longer than nothing: {', '.join(short)}")

    @property
    def floor(self) -> int:
        """The priority of what no machine has judged yet."""
        return self.band(self.unassessed).priority if self.unassessed else 0

    @property
    def limited(self) -> bool:
        """Whether waiting promotes anything here."""
        return any(self.longest(x.priority) is not None for x in self.bands)

    def band(self, code: str) -> Band:
        """The band of this code; PluginError naming those that exist."""
        found = next((x for x in self.bands if x.code == code), None)
        if found is None:
            names = ", ".join(x.code for x in self.bands) or "none"
            raise PluginError(f"no band is called {code!r}; there is: {names}")
        return found

    def named(self, priority: int, code: str | None) -> Band | None:
        """What a case of this priority is in: the band `code` if it stands there, else the first
        that does; None where the priority is of no band."""
        there = [x for x in self.bands if x.priority == priority]
        return next((x for x in there if x.code == code), None) or next(iter(there), None)

    def above(self, priority: int) -> int | None:
        """The next higher priority; None where there is none."""
        return min((x.priority for x in self.bands if x.priority > priority), default=None)

    def longest(self, priority: int) -> timedelta | None:
        """How long a case may wait at this priority: the shortest limit of the bands there.

        None without a limit, and where nothing is higher.
        """
        if self.above(priority) is None:
            return None
        waits = (x.wait for x in self.bands if x.priority == priority)
        return min((x for x in waits if x is not None), default=None)

    def due(self, priority: int, since: datetime) -> datetime | None:
        """When a case that waits since then at this priority is promoted; None for never."""
        longest = self.longest(priority)
        return None if longest is None else since + longest

    def turn(self, score: float, since: datetime) -> float:
        """What orders a case inside its priority, larger is sooner.

        By waiting time to the microsecond; beside cases that are ordered by score they come first,
        as nothing else compares them.
        """
        return HORIZON - since.timestamp() if self.order == "waiting" else score
