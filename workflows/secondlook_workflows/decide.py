"""decide: a reviewer's act on a case, checked against the domain's own words."""

from collections.abc import Callable
from dataclasses import dataclass

from secondlook.cases import Case, CaseStatus
from secondlook.decisions import Decision, FindingAct, How, Lease
from secondlook.errors import Conflict
from secondlook.products import outdated
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_workflows.context import Context
from secondlook_workflows.decide_words import check_explained, check_words
from secondlook_workflows.finding_words import parse_act
from secondlook_workflows.intended_use import require

__all__ = ["WAITS", "Basis", "Check", "DecideConfig", "Outdated", "parse_act", "run"]

Check = Callable[[UnitOfWork], None]
"""Asked inside the transaction whether whoever acts may: raises where they may not."""
WAITS = {
    How.FIRST: "; it waits for a second reader, who does not see this",
    How.SECOND: "; the first read differs, so a lead decides",
    How.AGREED: "; the first reader came to the same",
}
"""What becomes of a case by a read of two, after the words that say it is stored."""


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
    """In words; a comment beside `reason_codes`, where there are some."""
    reason_codes: tuple[str, ...] = ()
    """Of the domain's closed list."""
    severity: str | None = None
    """Of the whole case, from the domain's scale."""
    amend: bool = False
    """Without a basis: replace the decision that stands."""
    basis: Basis | None = None
    """None takes what stands now, as a command line has no page that could be out of date."""
    anyway: bool = False
    """Without a basis: decide on a first look that was made under another description, too."""
    lead: bool = False
    """Adjudicate: a case that waits for a lead. Whether the reviewer is one, `check` knows."""
    key: str | None = None
    """The same key twice stores one decision: a repeated request is no second act."""


def run(config: DecideConfig, context: Context, *, check: Check | None = None) -> Decision:
    """Store the decision and, where the case is decided by it, tell the plugins.

    Raises:
        Conflict: a newer first look or another decision came in since the basis.
        Outdated: nobody has seen that the first look was made under another description.
        LeaseLost: somebody else holds the case now.
        OthersTurn: it waits for another reader, or for a lead.
        NotAcknowledged: the reviewer has not acknowledged the intended use of the domain.
        PluginError: a word that the domain does not have.
        UsageError: a discrepancy without a reason, an edit of nothing, a place that is not there.
    """
    database = context.workspace.database
    with database.read() as unit:
        case = unit.cases.get(unit.cases.resolve(config.case))
    domain = context.plugins.domain(case.domain)
    check_words(config, domain, case)
    with database.write() as unit:
        if check is not None:
            check(unit)
        require(domain, config.reviewer, unit)
        basis = config.basis or _present(case, config.amend, unit)
        unit.users.ensure(config.reviewer)
        decision = unit.decisions.add(
            case.id,
            reviewer=config.reviewer,
            disposition=config.disposition,
            acts=config.acts,
            reason=config.reason,
            severity=config.severity,
            reason_codes=config.reason_codes,
            assessment_id=basis.assessment,
            lease=basis.lease,
            amends=basis.amends,
            key=config.key,
            lead=config.lead,
        )
        _check_basis(basis, case.id, unit)
        check_explained(decision, unit.assessments.latest(case.id), domain)
        if config.basis is None and not config.anyway:
            _check_outdated(case.id, unit)
        unit.commit()
    if decision.how.closes:
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
