"""escalate, hand over, put back, undo: what a reviewer does with a case beside deciding it.

Each is one transaction; `key` names the act, so that a repeated request is no second one. Names and
flags are believed here: whoever knows the accounts gives a `check`, which is asked inside that
transaction whether whoever acts may (and, of a case handed over to a lead, whether `to` is one).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from secondlook.accounts.actor import Permission
from secondlook.cases import Case
from secondlook.decisions import Lease
from secondlook.errors import NotAllowed, NotFound, UsageError
from secondlook.reviewing import CaseAct
from secondlook.store.recent import Recent
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_workflows.context import Context
from secondlook_workflows.decide import Check
from secondlook_workflows.intended_use import require


@dataclass(frozen=True, kw_only=True)
class ActConfig:
    """Who does it to which case, and why."""

    case: str
    reviewer: str
    reason: str = ""
    lease: Lease | None = None
    """Under which the case is held; None where it is free or held by them."""
    lead: bool = False
    """They act as a lead; whether they are one, `check` knows."""
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class HandOverConfig(ActConfig):
    """To whom."""

    to: str


@dataclass(frozen=True, kw_only=True)
class UndoConfig:
    """Which decision is taken back: its id; or the last one of the reviewer, on this case or any."""

    reviewer: str
    decision: str | None = None
    case: str | None = None
    reason: str = ""
    others: bool = False
    """They may take back what others decided, or what they did long ago."""
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Undone:
    """The act, and the lease under which the case is held now."""

    act: CaseAct
    lease: Lease


def escalate(config: ActConfig, context: Context, *, check: Check | None = None) -> CaseAct:
    """Leave a case to the leads of its domain. Raises as `CaseActs.escalate`, NotAcknowledged."""
    with _acting(config, context, check) as (case, unit):
        return unit.case_acts.escalate(case.id, **_common(config))


def hand_over(config: HandOverConfig, context: Context, *, check: Check | None = None) -> CaseAct:
    """Give a case to another reviewer. Raises as `CaseActs.hand_over`, NotFound for nobody."""
    minutes = context.workspace.settings.hand_over_minutes
    with _acting(config, context, check) as (case, unit):
        _may_take(config.to, case.domain, unit)
        return unit.case_acts.hand_over(
            case.id, to=config.to, minutes=minutes, lead=config.lead, **_common(config)
        )


def _may_take(name: str, domain: str, unit: UnitOfWork) -> None:
    """Raises NotFound for nobody, NotAllowed for whoever could not decide it.

    Where nobody owns the workspace there are no accounts, and names are all that is known.
    """
    try:
        person = unit.users.get(name)
    except NotFound:
        raise NotFound(f"Nobody here is called {name!r}, so nothing was handed over.") from None
    if unit.users.owners() and not person.acts_as().may(Permission.DECIDE, domain):
        raise NotAllowed(f"{name} may not decide cases of {domain}, so nothing was handed over.")


def put_back(config: ActConfig, context: Context, *, check: Check | None = None) -> CaseAct:
    """Give a case back to everybody. Raises as `CaseActs.put_back`."""
    with _acting(config, context, check) as (case, unit):
        return unit.case_acts.put_back(case.id, lead=config.lead, **_common(config))


def undo(config: UndoConfig, context: Context, *, check: Check | None = None) -> Undone:
    """Take a decision back. Raises as `CaseActs.undo`, NotFound where there is nothing."""
    with context.workspace.database.write() as unit:
        decision = config.decision or _last(config, unit)
        if check is not None:
            check(unit)
        act, lease = unit.case_acts.undo(
            decision,
            reviewer=config.reviewer,
            minutes=context.workspace.settings.lease_minutes,
            reason=config.reason,
            key=config.key,
            others=config.others,
        )
        unit.commit()
    return Undone(act=act, lease=lease)


def recent(reviewer: str, context: Context) -> tuple[Recent, ...]:
    """What the reviewer decided last, the newest first."""
    with context.workspace.database.read() as unit:
        return unit.views.recent(reviewer)


def _last(config: UndoConfig, unit: UnitOfWork) -> str:
    if config.case is None:
        mine = unit.views.recent(config.reviewer, 1)
        if not mine:
            raise NotFound(f"{config.reviewer} has decided nothing that could be taken back.")
        return mine[0].decision.id
    standing = unit.decisions.past(unit.cases.resolve(config.case)).standing
    if standing is None:
        raise NotFound(f"Case {config.case!r} has no decision that could be taken back.")
    if standing.reviewer != config.reviewer and not config.others:
        raise UsageError(
            f"the last read of case {config.case} is not one of {config.reviewer}; to take back "
            "what somebody else decided takes --others"
        )
    return standing.id


def _case(prefix: str, context: Context) -> Case:
    with context.workspace.database.read() as unit:
        return unit.cases.get(unit.cases.resolve(prefix))


@contextmanager
def _acting(
    config: ActConfig, context: Context, check: Check | None
) -> Iterator[tuple[Case, UnitOfWork]]:
    """One transaction of somebody who may act on the case; it is stored where nothing is raised."""
    case = _case(config.case, context)
    with context.workspace.database.write() as unit:
        if check is not None:
            check(unit)
        require(context.plugins.domains.get(case.domain), config.reviewer, unit)
        unit.users.ensure(config.reviewer)
        yield case, unit
        unit.commit()


def _common(config: ActConfig) -> dict[str, Any]:
    return {x: getattr(config, x) for x in ("reviewer", "reason", "lease", "key")}
