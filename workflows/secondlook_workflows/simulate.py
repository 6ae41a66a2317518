"""simulate: how long cases would wait, first come first served, by the machine, and with limits.

A figure for planning, of waiting alone: a list in another order is no better outcome for anybody
(LungIMPACT, doi 10.1038/s41591-026-04253-5: no change in the time to CT).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from secondlook.domain import Domain
from secondlook.errors import UsageError
from secondlook.queues import Queue
from secondlook_workflows.context import Context
from secondlook_workflows.recorded import recorded
from secondlook_workflows.simulating.figures import Waiting, by_finding
from secondlook_workflows.simulating.history import LEAST, History, history
from secondlook_workflows.simulating.queueing import Floats, waits
from secondlook_workflows.simulating.site import Drawn, Rates, Site, draw

FIFO, MACHINE, LIMITED = "first come", "machine", "machine and limits"


@dataclass(frozen=True, kw_only=True)
class SimulateConfig:
    """What to simulate; what is not given comes from the decided cases of the workspace."""

    domain: str
    rates: Mapping[str, Rates] = field(default_factory=dict)
    per_hour: float | None = None
    minutes: float | None = None
    readers: int = 1
    days: int = 30
    runs: int = 20
    seed: int = 0
    waits: Mapping[str, timedelta | None] = field(default_factory=dict)
    """Limits by band in place of the site's."""


@dataclass(frozen=True, kw_only=True)
class SimulateReport:
    """Minutes that cases waited, by order of the list and by finding."""

    domain: str
    site: Site
    """Without the reading times that were drawn from."""
    readers: int
    days: int
    runs: int
    seed: int
    load: float
    limits: Mapping[str, float | None]
    """Minutes by band."""
    orders: Mapping[str, Mapping[str, Waiting]]
    promotions: float
    """Of one run with limits, on average."""
    notes: tuple[str, ...]


def run(config: SimulateConfig, context: Context) -> SimulateReport:
    """Simulate the same cases in each order.

    Raises UsageError where neither options nor history tell enough, and for unknown words.
    """
    domain = context.plugins.domain(config.domain)
    queue = _queue(domain, config.waits)
    with recorded("simulate", config, context, seed=config.seed) as metrics:
        with context.workspace.database.read() as unit:
            known = history(unit.worklist.export(domain.name), domain)
        site = _site(config, known, queue)
        report = simulated(config, site, queue, _notes(config, known, site))
        metrics |= {"load": report.load, "decided": known.cases}
    return report


def simulated(
    config: SimulateConfig, site: Site, queue: Queue, notes: tuple[str, ...] = ()
) -> SimulateReport:
    """The runs themselves, by seed."""
    seeds = np.random.SeedSequence(config.seed).spawn(config.runs)
    drawn = [draw(site, queue, config.days, np.random.default_rng(x)) for x in seeds]
    found = [x.found for x in drawn]
    orders: dict[str, Mapping[str, Waiting]] = {}
    promotions = 0
    for name, machine, limits in (
        (FIFO, False, None),
        (MACHINE, True, None),
        (LIMITED, True, queue),
    ):
        done = [_waits(x, config.readers, machine=machine, limits=limits) for x in drawn]
        orders[name] = by_finding([x for x, _ in done], found)
        promotions = sum(x for _, x in done)
    return SimulateReport(
        domain=config.domain,
        site=replace(site, readings=()),
        readers=config.readers,
        days=config.days,
        runs=config.runs,
        seed=config.seed,
        load=site.load(config.readers),
        limits={x.code: _minutes(x.wait) for x in queue.bands},
        orders=orders,
        promotions=promotions / config.runs,
        notes=notes,
    )


def _minutes(wait: timedelta | None) -> float | None:
    return None if wait is None else wait / timedelta(minutes=1)


def _waits(
    drawn: Drawn, readers: int, *, machine: bool, limits: Queue | None
) -> tuple[Floats, int]:
    day = drawn.day
    priorities = day.priorities if machine else [0] * len(day.priorities)
    return waits(day, priorities, readers, limits)


def _queue(domain: Domain, limits: Mapping[str, timedelta | None]) -> Queue:
    queue = domain.queue()
    if not queue.findings:
        raise UsageError(f"{domain.title} does not say which finding belongs in which band")
    for band in limits:
        queue.band(band)
    bands = tuple(replace(x, wait=limits.get(x.code, x.wait)) for x in queue.bands)
    return replace(queue, bands=bands)


def _site(config: SimulateConfig, known: History, queue: Queue) -> Site:
    rates = config.rates or known.rates
    if unknown := sorted(rates.keys() - queue.findings.keys()):
        names = ", ".join(queue.findings)
        raise UsageError(f"no finding is called {', '.join(unknown)}; there is: {names}")
    per_hour = config.per_hour or known.per_hour
    measured = float(np.mean(known.readings)) if known.readings else None
    minutes = config.minutes or measured
    if not rates:
        raise _lacking("what is in the cases", "--finding LABEL=PREVALENCE,SENSITIVITY,SPECIFICITY")
    if not per_hour or per_hour <= 0:
        raise _lacking("how many cases come", "--per-hour")
    if not minutes or minutes <= 0:
        raise _lacking("how long reading takes", "--minutes")
    return Site(
        per_hour=per_hour,
        minutes=minutes,
        rates=dict(rates),
        profile=known.profile,
        readings=known.readings,
    )


def _lacking(what: str, option: str) -> UsageError:
    return UsageError(
        f"the decided cases do not tell {what} (from {LEAST} on they may): give {option}"
    )


def _notes(config: SimulateConfig, known: History, site: Site) -> tuple[str, ...]:
    notes = []
    if not config.rates and known.unsaid:
        notes.append(f"too few decided cases, so left out: {', '.join(known.unsaid)}")
    if site.load(config.readers) >= 1:
        notes.append(
            "more cases come than the readers can read: the list only grows, and every figure "
            "depends on the number of days"
        )
    return tuple(notes)
