"""bulk: one act on many cases, looked at before and reported after.

Each case is a transaction of its own, with a key made of the key of the whole: sent twice, or gone
on with after a break, nothing is done to a case twice. One that refuses stops no other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from secondlook.accounts.actor import Permission
from secondlook.cases import CaseStatus
from secondlook.errors import NotAllowed, SecondlookError, SignedOut, UsageError
from secondlook.reviewing import Stage
from secondlook.store import clock
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist_values import CaseSummary
from secondlook_workflows import case_acts, durable, prioritise
from secondlook_workflows.context import Context

MOST = 500
"""Cases that one act is for."""


class BulkAct(StrEnum):
    """What may be done to many cases."""

    BAND = "band"
    HAND_OVER = "hand_over"
    PUT_BACK = "put_back"
    LOOK = "look"


@dataclass(frozen=True, kw_only=True)
class BulkConfig:
    """What is done, by whom and why; `band` and `to` where the act takes one."""

    act: BulkAct
    reviewer: str
    key: str
    """Names the whole act."""
    band: str = ""
    to: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A case and what is or was in the way; nothing where `why` is empty."""

    case: str
    title: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Which cases it would be done to, and which are left out."""

    rows: tuple[CaseSummary, ...]
    left: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of it."""

    done: tuple[Item, ...]
    refused: tuple[Item, ...]
    job: str | None = None
    """The job that takes the first looks."""


def preview(config: BulkConfig, rows: Sequence[CaseSummary], context: Context) -> Preview:
    """Sort the cases by what is known of them: held, decided, there already.

    Raises UsageError for more than `MOST` cases, or without a band or a name where one is needed.
    """
    _check(config, rows)
    found = [(x, _in_the_way(config, x, context)) for x in rows]
    return Preview(
        rows=tuple(x for x, why in found if not why),
        left=tuple(Item(case=x.id, title=x.title, why=why) for x, why in found if why),
    )


def run(config: BulkConfig, rows: Sequence[CaseSummary], context: Context) -> Report:
    """Do it to each of these cases; what refuses is reported. SignedOut, NotAllowed, UsageError."""
    _check(config, rows)
    if config.act is BulkAct.LOOK:
        return _look(config, rows, context)
    act = _ACTS[config.act]
    found = [(x, _tried(act, config, x, context)) for x in rows]
    items = [Item(case=x.id, title=x.title, why=why) for x, why in found]
    return Report(
        done=tuple(x for x in items if not x.why), refused=tuple(x for x in items if x.why)
    )


def _check(config: BulkConfig, rows: Sequence[CaseSummary]) -> None:
    if len(rows) > MOST:
        raise UsageError(f"{len(rows)} cases are too many at once: choose {MOST} or fewer")
    if config.act is BulkAct.BAND and not config.band:
        raise UsageError("to move cases takes a band")
    if config.act is BulkAct.HAND_OVER and not config.to:
        raise UsageError("to hand cases over takes a name")


def _in_the_way(config: BulkConfig, row: CaseSummary, context: Context) -> str:
    if row.status is CaseStatus.DECIDED:
        return "it is decided"
    if row.held_by not in (None, config.reviewer):
        return f"{row.held_by} holds it"
    if config.act is BulkAct.BAND:
        return _in_band(config, row, context)
    if config.act is BulkAct.PUT_BACK and row.stage is not Stage.ESCALATED and not row.held_by:
        return "nobody holds it, and it is not escalated"
    return ""


def _in_band(config: BulkConfig, row: CaseSummary, context: Context) -> str:
    queue = context.workspace.database.queues.get(row.domain)
    wanted = next((x for x in queue.bands if x.code == config.band), None) if queue else None
    if wanted is None:
        return "its domain has no such band"
    if row.priority == wanted.priority:
        return "it is there already"
    if queue is None or wanted.priority > row.priority:
        return ""
    due = queue.due(wanted.priority, row.since)
    if due is not None and due <= clock.now():
        return "it has waited longer than that band allows"
    return "" if config.reason.strip() else "to come lower it takes a reason"


Act = Callable[[BulkConfig, CaseSummary, Context], object]


def _tried(act: Act, config: BulkConfig, row: CaseSummary, context: Context) -> str:
    try:
        act(config, row, context)
    except SignedOut:
        raise
    except SecondlookError as error:
        return str(error)
    return ""


def _move(config: BulkConfig, row: CaseSummary, context: Context) -> object:
    return prioritise.run(
        prioritise.PrioritiseConfig(
            case=row.id,
            band=config.band,
            reviewer=config.reviewer,
            reason=config.reason,
            key=_key(config, row),
        ),
        context,
    )


def _hand_over(config: BulkConfig, row: CaseSummary, context: Context) -> object:
    lead = row.stage is not None and row.stage.for_leads

    def both(unit: UnitOfWork) -> None:
        person = unit.users.get(config.to)
        if lead and not person.acts_as().may(Permission.ADJUDICATE, row.domain):
            raise NotAllowed(f"{config.to} is no lead of {row.domain}, and it waits for one.")

    asked = case_acts.HandOverConfig(
        case=row.id,
        reviewer=config.reviewer,
        to=config.to,
        reason=config.reason,
        lead=lead,
        key=_key(config, row),
    )
    return case_acts.hand_over(asked, context, check=both)


def _put_back(config: BulkConfig, row: CaseSummary, context: Context) -> object:
    asked = case_acts.ActConfig(
        case=row.id,
        reviewer=config.reviewer,
        reason=config.reason,
        lead=True,
        key=_key(config, row),
    )
    return case_acts.put_back(asked, context)


def _look(config: BulkConfig, rows: Sequence[CaseSummary], context: Context) -> Report:
    """One job: a first look that was taken before of the same files stays the one it is."""
    job = durable.enqueue_assess(context.workspace, cases=tuple(x.id for x in rows), key=config.key)
    return Report(done=tuple(Item(case=x.id, title=x.title) for x in rows), refused=(), job=job)


def _key(config: BulkConfig, row: CaseSummary) -> str:
    return f"{config.key}:{row.id}"


_ACTS: dict[BulkAct, Act] = {
    BulkAct.BAND: _move,
    BulkAct.HAND_OVER: _hand_over,
    BulkAct.PUT_BACK: _put_back,
}
