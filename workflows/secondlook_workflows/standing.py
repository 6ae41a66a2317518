"""Where a case stands in the worklist and why, in words, for the command line and the pages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from secondlook.cases import CaseStatus
from secondlook.codec import to_plain
from secondlook.queues import Queue
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist_values import CaseSummary
from secondlook_workflows.context import Context

UNJUDGED = (CaseStatus.NEW, CaseStatus.FAILED)
BROKEN = "record broken"
BATCH = 300
"""Rows whose record is looked at by one statement; older SQLite allows 999 variables."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the worklist as people may see it."""

    row: CaseSummary
    band: str | None
    """Title of the band; None where the domain has none."""
    code: str | None
    why: str
    """Why it stands there, where that is not the first look; empty else."""
    score: float | None
    """None where it does not order the cases, or is withheld."""


def lines(
    rows: Sequence[CaseSummary], unit: UnitOfWork, context: Context, *, lead: bool = False
) -> list[Line]:
    """The rows without what is withheld, each with its band and the reason for it.

    Only a `lead` is told what they wait for: who reads a case second must not know that they do.
    """
    broken: set[str] = set()
    for start in range(0, len(rows), BATCH):
        broken |= unit.audit.broken([x.id for x in rows[start : start + BATCH]])
    told = rows if lead else [replace(x, stage=None) for x in rows]
    return [line(x, context, broken=x.id in broken) for x in told]


def line(row: CaseSummary, context: Context, *, broken: bool = False) -> Line:
    """One of them; `broken` where the record of what was done to the case is."""
    queue = context.workspace.database.queues.get(row.domain, Queue())
    code = queue.unassessed if row.status in UNJUDGED else row.recommended
    band = queue.named(row.priority, code)
    withheld = context.withholding.applies(row.domain)
    return Line(
        row=context.withholding.line(row),
        band=band.title if band else None,
        code=band.code if band else None,
        why="; ".join(x for x in (BROKEN if broken else "", why(row)) if x),
        score=None if withheld or queue.order == "waiting" else row.score,
    )


def document(shown: Line) -> dict[str, Any]:
    """The line as JSON; times as ISO 8601."""
    row: dict[str, Any] = to_plain(shown.row)
    return {**row, "score": shown.score, "band": shown.code, "why": shown.why}


def why(row: CaseSummary) -> str:
    """`waited 4 h 10 min, promoted`, or that a person put it there."""
    if row.waited is not None:
        return f"waited {span(row.waited)}, promoted"
    if row.human_priority is None or row.human_priority != row.priority:
        return ""
    machine = row.machine_priority
    if machine is None or machine == row.priority:
        return "set by a person"
    return f"{'raised' if row.priority > machine else 'lowered'} by a person"


def span(waited: timedelta) -> str:
    """`7 min`, `4 h 10 min`, `3 days 4 h`; never negative, whatever a clock says."""
    minutes = max(0, int(waited.total_seconds() // 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} {'day' if days == 1 else 'days'}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {rest} min" if rest else "")
    return f"{rest} min"
