"""The intended use of a domain: shown, acknowledged by each reviewer, required before they act."""

from dataclasses import dataclass
from datetime import datetime

from secondlook.domain import Domain
from secondlook.errors import NotAcknowledged, PluginError
from secondlook.intended_use import Acknowledgement
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_workflows.context import Context

NOT_LOADED = (
    "the plugin of this case's domain is not loaded, so nobody can tell what the domain is meant "
    "for, and the case is neither shown nor changed. `secondlook plugins list` says why"
)


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """Who acknowledged a version, and when."""

    reviewer: str
    version: str
    at: datetime
    stands: bool
    """Whether it is the present text; an earlier one has to be acknowledged anew."""


@dataclass(frozen=True, kw_only=True)
class IntendedUseReport:
    """The fields of `intended-use show --json`; version and text are None where there is none."""

    domain: str
    version: str | None
    text: str | None
    acknowledged: tuple[Acknowledged, ...] = ()


def show(name: str, context: Context) -> IntendedUseReport:
    """The text of a domain and who acknowledged it. Raises PluginError for no such domain."""
    domain = context.plugins.domain(name)
    use = domain.intended_use
    with context.workspace.database.read() as unit:
        known = unit.intended_uses.all(domain.name)
    return IntendedUseReport(
        domain=domain.name,
        version=use.version if use else None,
        text=use.text if use else None,
        acknowledged=tuple(_told(x, domain) for x in known),
    )


def acknowledge(name: str, reviewer: str, context: Context) -> Acknowledgement | None:
    """Keep that the reviewer acknowledged the present text; None where the domain has none."""
    domain = context.plugins.domain(name)
    if domain.intended_use is None:
        return None
    with context.workspace.database.write() as unit:
        unit.users.ensure(reviewer)
        done = unit.intended_uses.acknowledge(domain.name, domain.intended_use, reviewer)
        unit.commit()
    return done


def waits(domain: Domain, reviewer: str, unit: UnitOfWork) -> bool:
    """Whether this reviewer still has to acknowledge the present text of the domain."""
    if domain.intended_use is None:
        return False
    return unit.intended_uses.acknowledged(domain.name, domain.intended_use, reviewer) is None


def require(domain: Domain | None, reviewer: str, unit: UnitOfWork) -> None:
    """Raises NotAcknowledged, saying how to acknowledge, where `waits`.

    Raises PluginError where no plugin brings the domain (None): what it is meant for is not known.
    """
    if domain is None:
        raise PluginError(NOT_LOADED)
    if domain.intended_use is not None and waits(domain, reviewer, unit):
        raise NotAcknowledged(
            f"{reviewer or 'nobody'} has not acknowledged the intended use of {domain.name}, version "
            f"{domain.intended_use.version}. Read it with `secondlook intended-use show "
            f"{domain.name}`, then `secondlook intended-use acknowledge {domain.name} --reviewer "
            "NAME`, or on the review page.",
            domain.name,
        )


def _told(one: Acknowledgement, domain: Domain) -> Acknowledged:
    use = domain.intended_use
    stands = use is not None and (one.version, one.text) == (use.version, use.text)
    return Acknowledged(reviewer=one.reviewer, version=one.version, at=one.at, stands=stands)
