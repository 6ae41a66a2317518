"""decide: a reviewer's act on a case, checked against the domain's own words."""

from dataclasses import dataclass

from secondlook.cases import Act, Decision, FindingAct
from secondlook.domain import Domain
from secondlook.errors import PluginError, SecondlookError
from secondlook_workflows.context import Context


@dataclass(frozen=True, kw_only=True)
class DecideConfig:
    """What the reviewer decided. `amend` replaces an earlier decision on purpose."""

    case: str
    disposition: str
    reviewer: str
    acts: tuple[FindingAct, ...] = ()
    reason: str = ""
    amend: bool = False
    key: str | None = None
    """The same key twice stores one decision: a repeated request is no second act."""


def run(config: DecideConfig, context: Context) -> Decision:
    """Store the decision and tell the plugins."""
    database = context.workspace.database
    with database.read() as unit:
        case = unit.cases.get(unit.cases.resolve(config.case))
        assessment = unit.assessments.latest(case.id)
        earlier = unit.decisions.of(case.id)
    _check(config, context.plugins.domain(case.domain))
    with database.write() as unit:
        unit.users.ensure(config.reviewer)
        decision = unit.decisions.add(
            case.id,
            reviewer=config.reviewer,
            disposition=config.disposition,
            acts=config.acts,
            reason=config.reason,
            assessment_id=assessment.id if assessment else None,
            amends=earlier[-1].id if config.amend and earlier else None,
            key=config.key,
        )
        unit.commit()
    context.plugins.case_decided(case, decision)
    return decision


def parse_act(text: str) -> FindingAct:
    """`scratch=agree` as an act. Raises SecondlookError that shows the form."""
    label, _, act = text.partition("=")
    if not label or act not in Act.__members__.values():
        acts = ", ".join(Act)
        raise SecondlookError(f"cannot read the finding {text!r}: write LABEL=ACT, ACT of {acts}")
    return FindingAct(label=label, act=Act(act))


def _check(config: DecideConfig, domain: Domain) -> None:
    codes = [x.code for x in domain.dispositions]
    if config.disposition not in codes:
        raise PluginError(
            f"{domain.title} has no disposition {config.disposition!r}; there is: {', '.join(codes)}"
        )
    labels = [x.code for x in domain.taxonomy.labels]
    for act in config.acts:
        if act.label not in labels:
            raise PluginError(
                f"{domain.title} knows no finding {act.label!r}; there is: {', '.join(labels)}"
            )
