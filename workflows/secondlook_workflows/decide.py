"""decide: a reviewer's act on a case, checked against the domain's own words."""

from dataclasses import dataclass

from secondlook.cases import Case, CaseStatus
from secondlook.decisions import Act, Decision, FindingAct, Lease
from secondlook.domain import Domain
from secondlook.errors import Conflict, PluginError, UsageError
from secondlook.products import outdated
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_workflows.context import Context
from secondlook_workflows.intended_use import require


class Outdated(Conflict):
    """The first look was made under another description of the product than holds now."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What the reviewer had in front of them when they decided."""

    assessment: str | None
    """Id of the first look that was shown."""
    amends: str | None = None
    """Id of the decision that this one replaces."""
    lease: Lease | None = None
    """Under which the case was held; it must still be theirs."""


@dataclass(frozen=True, kw_only=True)
class DecideConfig:
    """What the reviewer decided."""

    case: str
    disposition: str
    reviewer: str
    acts: tuple[FindingAct, ...] = ()
    reason: str = ""
    amend: bool = False
    """Without a basis: replace the decision that stands."""
    basis: Basis | None = None
    """None takes what stands now, as a command line has no page that could be out of date."""
    anyway: bool = False
    """Without a basis: decide on a first look that was made under another description, too."""
    key: str | None = None
    """The same key twice stores one decision: a repeated request is no second act."""


def run(config: DecideConfig, context: Context) -> Decision:
    """Store the decision and tell the plugins.

    Raises:
        Conflict: a newer first look or another decision came in since the basis.
        Outdated: nobody has seen that the first look was made under another description.
        LeaseLost: somebody else holds the case now.
        NotAcknowledged: the reviewer has not acknowledged the intended use of the domain.
        PluginError: a word that the domain does not have.
    """
    database = context.workspace.database
    with database.read() as unit:
        case = unit.cases.get(unit.cases.resolve(config.case))
    domain = context.plugins.domain(case.domain)
    _check(config, domain)
    with database.write() as unit:
        require(domain, config.reviewer, unit)
        basis = config.basis or _present(case, config.amend, unit)
        unit.users.ensure(config.reviewer)
        decision = unit.decisions.add(
            case.id,
            reviewer=config.reviewer,
            disposition=config.disposition,
            acts=config.acts,
            reason=config.reason,
            assessment_id=basis.assessment,
            lease=basis.lease,
            amends=basis.amends,
            key=config.key,
        )
        _check_basis(basis, case.id, unit)
        if config.basis is None and not config.anyway:
            _check_outdated(case.id, unit)
        unit.commit()
    context.plugins.case_decided(case, decision)
    return decision


def _present(case: Case, amend: bool, unit: UnitOfWork) -> Basis:
    """A case that came back with new files is open: its next decision replaces the last one."""
    assessment = unit.assessments.latest(case.id)
    earlier = unit.decisions.of(case.id)
    replaces = earlier and (amend or case.status is not CaseStatus.DECIDED)
    return Basis(
        assessment=assessment.id if assessment else None,
        amends=earlier[-1].id if replaces else None,
    )


def _check_basis(basis: Basis, case_id: str, unit: UnitOfWork) -> None:
    """Adding the decision locked the case, so what is read now cannot change any more."""
    latest = unit.assessments.latest(case_id)
    if (latest.id if latest else None) != basis.assessment:
        raise Conflict("A newer first look came in while the case was open. Read it, then decide.")


def _check_outdated(case_id: str, unit: UnitOfWork) -> None:
    """By now the case says under which description it is decided."""
    latest = unit.assessments.latest(case_id)
    said = outdated(unit.cases.get(case_id), latest) if latest else None
    if said is not None:
        raise Outdated(
            f"Tried to decide case {case_id[:12]}: its first look was {said}. Have it judged again "
            "with `secondlook rejudge`, or looked at again with `secondlook assess`; or decide it "
            "with --anyway."
        )


def parse_act(text: str) -> FindingAct:
    """`scratch=agree` as an act. Raises UsageError that shows the form."""
    label, _, act = text.partition("=")
    if not label or act not in Act.__members__.values():
        acts = ", ".join(Act)
        raise UsageError(f"cannot read the finding {text!r}: write LABEL=ACT, ACT of {acts}")
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
