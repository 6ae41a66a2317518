"""Judges stored cases again, one after the other, or foresees what that would come to."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from secondlook.assessments import Assessment
from secondlook.cases import Case, CaseStatus
from secondlook.errors import BadValue, Conflict, SecondlookError, StoreError
from secondlook.rejudging import rejudge, up_to_date
from secondlook_workflows.context import Context
from secondlook_workflows.rejudged import Counted, RejudgeReport

TRIES = 3
"""How often a case that others change at the same moment is read again."""
AsIf = Callable[[Case], Case]
"""Gives a case as it would be."""


@dataclass
class Rejudger:
    """Judges cases again; a case at a time, so that a kill costs the one at hand.

    Attributes:
        as_if: with it nothing is stored: cases are judged as they would be, and only counted.
    """

    context: Context
    as_if: AsIf | None = None
    report: RejudgeReport = field(default_factory=RejudgeReport)
    _changes: Counted = field(default_factory=Counter)

    def all(self, pages: Iterable[Sequence[str]]) -> RejudgeReport:
        """Every case of the pages; Ctrl-C ends it after the case at hand."""
        self.report.dry_run = self.as_if is not None
        try:
            for page in pages:
                for case, assessment in self._standing(page):
                    self._one(case, assessment)
                    self.context.progress.advance()
        except KeyboardInterrupt:
            self.report.interrupted = True
        self.report.count(self._changes)
        return self.report

    def _one(self, case: Case, assessment: Assessment | None) -> None:
        for _ in range(TRIES):
            if assessment is None or case.status is not CaseStatus.ASSESSED:
                self.report.left[case.id] = _why_left(case)
                return
            try:
                return self._judge(case, assessment)
            except Conflict:  # somebody changed it since it was read
                ((case, assessment),) = self._standing([case.id])
        self.report.failed[case.id] = "others change it all the time; run the same command again"

    def _judge(self, case: Case, assessment: Assessment) -> None:
        if case.domain not in self.context.plugins.domains:
            self.report.skipped[case.domain] = (
                f"no loaded plugin brings {case.domain}; see `secondlook plugins list`"
            )
            return
        settings = self.context.workspace.settings.plugins.get(case.domain, {})
        case = case if self.as_if is None else self.as_if(case)
        if up_to_date(case, assessment, settings):
            self.report.up_to_date += 1
        else:
            self._again(case, assessment, settings)

    def _again(self, case: Case, assessment: Assessment, settings: Mapping[str, object]) -> None:
        try:
            judged = rejudge(case, assessment, self.context.plugins, settings)
            if self.as_if is None:
                judged = self._store(case, assessment, judged)
        except BadValue as error:  # a domain's NaN
            self._fail(case, error)
        except StoreError:
            raise  # the database itself, or a conflict
        except Exception as error:  # noqa: BLE001 - one bad case must not stop the others
            self._fail(case, error)
        else:
            self._count(assessment, judged)

    def _count(self, before: Assessment, judged: Assessment | None) -> None:
        if judged is None:
            self.report.waiting += 1
        else:
            self.report.rejudged += 1
            self._changes[before.disposition, judged.disposition] += 1

    def _store(
        self, case: Case, before: Assessment, judged: Assessment | None
    ) -> Assessment | None:
        """What stands now: an earlier assessment, where it was made from the same."""
        actor = self.context.actor
        with self.context.workspace.database.write() as unit:
            if judged is None:
                unit.assessments.wait(case.id, actor=actor, seen=case.version)
                unit.commit()
                return None
            new = unit.assessments.add(judged, actor=actor, seen=case.version, of=before.id)
            stands = judged if new else unit.assessments.latest(case.id)
            unit.commit()
        if new:
            self.context.plugins.case_assessed(case, judged)
        return stands

    def _fail(self, case: Case, error: Exception) -> None:
        """Raises Conflict where somebody else has judged or changed the case meanwhile."""
        reason = str(error) if isinstance(error, SecondlookError) else type(error).__name__
        if self.as_if is None:
            with self.context.workspace.database.write() as unit:
                actor = self.context.actor
                unit.assessments.fail(case.id, reason, actor=actor, seen=case.version)
                unit.commit()
        self.report.failed[case.id] = reason

    def _standing(self, ids: Sequence[str]) -> list[tuple[Case, Assessment | None]]:
        with self.context.workspace.database.read() as unit:
            assessments = unit.assessments.latest_of(ids)
            return [(case, assessments[case.id]) for case in unit.cases.load(ids)]


def _why_left(case: Case) -> str:
    if case.status is CaseStatus.DECIDED:
        return "it is decided"
    return "it waits for a first look: secondlook assess"
