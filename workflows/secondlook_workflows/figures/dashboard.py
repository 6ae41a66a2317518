"""dashboard: the figures of one domain over a span of time, from decided cases alone.

An open case is in none of them: whoever still reads it blind learns nothing here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from secondlook.decisions import Decision
from secondlook.queues import Queue
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist import CaseExport
from secondlook_workflows import agreement
from secondlook_workflows.agreement import Agreement
from secondlook_workflows.context import Context
from secondlook_workflows.figures.reviewed import Reviewed, reviewed

MOST = 5000
"""Cases that are read; the latest of more."""
BATCH = 200


@dataclass(frozen=True, kw_only=True)
class DashboardConfig:
    """Of which domain, decided from `since` to before `until`."""

    domain: str
    since: datetime
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """What the figures are made of.

    Attributes:
        decided: how many cases of the span there are, also those beyond `MOST`.
        cases: those that were read, oldest first.
    """

    decided: int
    cases: tuple[Reviewed, ...]
    agreement: Agreement

    @property
    def partial(self) -> bool:
        """Whether there are more than were read."""
        return self.decided > MOST


def run(config: DashboardConfig, context: Context) -> Dashboard:
    """Read the decided cases. Raises PluginError for a domain that is not there."""
    context.plugins.domain(config.domain)
    queue = context.workspace.database.queues.get(config.domain, Queue())
    with context.workspace.database.read() as unit:
        decided = unit.figures.count(config.domain, config.since, config.until)
        found = list(_read(config, queue, unit))
        items = [item for item, _ in found]
        compared = agreement.compare(_pairs(config, items, unit), items, unit)
    cases = sorted((case for _, case in found), key=lambda x: x.at)
    whole = decided <= MOST  # some may stand by a decision of before, as the later one was undone
    return Dashboard(
        decided=len(cases) if whole else decided, cases=tuple(cases), agreement=compared
    )


def _read(
    config: DashboardConfig, queue: Queue, unit: UnitOfWork
) -> Iterator[tuple[CaseExport, Reviewed]]:
    rows = unit.figures.decided(config.domain, config.since, config.until, limit=MOST)
    for start in range(0, len(rows), BATCH):
        some = {x.case_id: x for x in rows[start : start + BATCH]}
        for item in unit.worklist.exported(list(some)):
            case = reviewed(item, some[item.case.id], queue)
            if case is not None and config.since <= case.at < config.until:
                yield item, case


def _pairs(
    config: DashboardConfig, items: Sequence[CaseExport], unit: UnitOfWork
) -> list[tuple[Decision, Decision]]:
    """Of cases that are decided: a pair of an open one would tell that it was read."""
    known = {x.case.id for x in items}
    pairs = unit.decisions.pairs(config.domain, config.since)
    return [x for x in pairs if x[0].case_id in known]
