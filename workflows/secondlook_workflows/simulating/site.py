"""What a site is like: how many cases come and when, how long they take, what is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.queues import Queue
from secondlook_workflows.simulating.queueing import Day, Floats

HOURS = 24
SPREAD = 0.6
"""Standard deviation of the logarithm of reading times, where no history tells them."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """One finding: how often it is there, and how well the machine tells."""

    prevalence: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True, kw_only=True)
class Site:
    """All that a run is drawn from.

    Attributes:
        profile: how the cases of a day fall on its 24 hours; only the proportions count.
        readings: minutes that cases took; drawn from as they are, scaled to `minutes`.
    """

    per_hour: float
    minutes: float
    rates: Mapping[str, Rates]
    profile: tuple[float, ...] = (1.0,) * HOURS
    readings: tuple[float, ...] = ()

    def load(self, readers: int) -> float:
        """The share of the readers' time that is taken; from 1 on the list only grows."""
        return self.per_hour * self.minutes / 60 / readers


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """One made-up stretch of days."""

    day: Day
    found: Mapping[str, Sequence[bool]]
    """By finding, whether it is truly there, (N,)."""


def draw(site: Site, queue: Queue, days: int, numbers: np.random.Generator) -> Drawn:
    """Cases of some days, and what the machine says of them."""
    arrivals = _arrivals(site, days, numbers)
    count = len(arrivals)
    lowest = min((x.priority for x in queue.bands), default=0)
    priorities = np.full(count, lowest)
    found: dict[str, Sequence[bool]] = {}
    for label, rates in site.rates.items():
        there = numbers.random(count) < rates.prevalence
        chance = np.where(there, rates.sensitivity, 1 - rates.specificity)
        flagged = numbers.random(count) < chance
        stands = queue.band(queue.findings[label]).priority
        priorities = np.where(flagged, np.maximum(priorities, stands), priorities)
        found[label] = there.tolist()
    readings = _readings(site, count, numbers)
    day = Day(arrivals=arrivals, readings=readings, priorities=priorities.tolist())
    return Drawn(day=day, found=found)


def _arrivals(site: Site, days: int, numbers: np.random.Generator) -> Floats:
    """A Poisson process whose rate goes by the hour, in minutes, ascending."""
    share = np.asarray(site.profile) / np.sum(site.profile)
    counts = numbers.poisson(np.tile(share * site.per_hour * HOURS, days))
    begins = np.repeat(np.arange(HOURS * days) * 60.0, counts)
    return np.asarray(np.sort(begins + 60 * numbers.random(len(begins))))


def _readings(site: Site, count: int, numbers: np.random.Generator) -> Floats:
    if site.readings:
        drawn = numbers.choice(np.asarray(site.readings), count)
        return np.asarray(drawn * (site.minutes / np.mean(site.readings)))
    middle = np.log(site.minutes) - SPREAD**2 / 2
    return np.asarray(numbers.lognormal(middle, SPREAD, count))
