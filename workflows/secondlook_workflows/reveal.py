"""patients reveal: whose a case is, for a reason, told to those who may know and noted before."""

from dataclasses import dataclass
from pathlib import PurePath

from secondlook.cases import Scalar
from secondlook.deid.identity import Identity
from secondlook.deid.link import Link
from secondlook.deid.names import parted
from secondlook.deid.text import Redactor
from secondlook.errors import NotFound, UsageError
from secondlook.store.audit import WORKSPACE
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_workflows.context import Context

CUSTODIAN = "custodian"
"""What those are called who may know whose a case is; no role is enough for it."""


@dataclass(frozen=True, kw_only=True)
class RevealConfig:
    """Whose case, why, and who asks."""

    case: str
    reason: str
    user: str


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """A case and its patient."""

    case: str
    link: Link


@dataclass(frozen=True, kw_only=True)
class AllowConfig:
    """Who may know from now on, and who says so."""

    user: str
    by: str


def run(config: RevealConfig, context: Context) -> Revealed:
    """Note the question in the case's audit trail, then answer it.

    Raises UsageError without a reason, or for somebody who is no custodian, which is noted too;
    NotFound where no link is kept; WorkspaceError where its key is missing.
    """
    if not config.reason.strip():
        raise UsageError("say why: --reason TEXT")
    with context.workspace.database.write() as unit:
        case = unit.cases.resolve(config.case)
        allowed = unit.users.custodian(config.user)
        link = unit.links.open(case, context.workspace.seal()) if allowed else None
        # Of whoever may not ask nothing is kept but that they did: what they wrote may name somebody.
        reason = _plain(config.reason, link or Link()) if allowed else ""
        action = "patient.revealed" if allowed else "patient.refused"
        body: dict[str, Scalar] = {"reason": reason, "found": link is not None}
        unit.audit.append(case, action, config.user, body)
        unit.commit()
    if not allowed:
        raise UsageError(
            f"{config.user} may not know whose a case is; a {CUSTODIAN} allows it with "
            "`secondlook patients allow NAME`. That it was asked for is noted"
        )
    if link is None:
        raise NotFound(f"No link to a patient is kept of case {case[:12]}.")
    return Revealed(case=case, link=link)


def allow(config: AllowConfig, context: Context) -> None:
    """Make somebody a custodian. The first is named by whoever owns the workspace.

    Raises UsageError where there is one already and it is not a custodian who asks.
    """
    with context.workspace.database.write() as unit:
        if _custodians(unit) and not unit.users.custodian(config.by):
            raise UsageError(f"{config.by} is no {CUSTODIAN}; only one of them allows others")
        unit.users.ensure(config.user)
        unit.users.make_custodian(config.user)
        unit.audit.append(WORKSPACE, "user.allowed", config.by, {"user": config.user})
        unit.commit()


def _custodians(unit: UnitOfWork) -> bool:
    return any(x.custodian for x in unit.users.all())


def _plain(reason: str, link: Link) -> str:
    """The reason without names: the audit trail holds no text about a person."""
    called = (*link.cases, *link.groups, *(parted(PurePath(x).name)[0] for x in link.files))
    texts = frozenset((*link.numbers, *link.births, *link.studies, *called))
    identity = Identity(names=frozenset((*link.names, *called)), texts=texts)
    return Redactor.of([identity]).note(reason)
