"""prioritise: a person puts a case into a band, with a reason where it comes lower."""

from dataclasses import dataclass

from secondlook.decisions import Prioritisation
from secondlook_workflows.context import Context
from secondlook_workflows.intended_use import require


@dataclass(frozen=True, kw_only=True)
class PrioritiseConfig:
    """Which case, into which band, by whom and why."""

    case: str
    band: str
    reviewer: str
    reason: str = ""
    key: str | None = None
    """Names the act, so that sending it twice moves the case once."""


def run(config: PrioritiseConfig, context: Context) -> Prioritisation:
    """Store the act, and order the worklist by it from now on.

    Raises:
        StoreError: the case would come lower and no reason is given.
        Conflict: it is decided, or has waited longer than the band allows.
        NotAcknowledged: the reviewer has not acknowledged the intended use of the domain.
        PluginError: its domain has no such band.
        NotFound: there is no such case.
    """
    with context.workspace.database.write() as unit:
        case = unit.cases.resolve(config.case)
        require(context.plugins.domains.get(unit.cases.get(case).domain), config.reviewer, unit)
        unit.users.ensure(config.reviewer)
        act = unit.priorities.set(
            case, config.band, reviewer=config.reviewer, reason=config.reason, key=config.key
        )
        unit.commit()
    return act
