"""assess: take the first look at every case that waits for one.

Each case is one transaction. A case whose first look breaks is marked as failed with its reason
and the next one follows. Ctrl-C and kill lose at most the case at hand; running again goes on.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secondlook.cases import Assessment
from secondlook.engine import Engine
from secondlook.errors import ModelError, NotFound, SecondlookError, StoreError
from secondlook.store.database import Database
from secondlook_workflows.champions import Champions
from secondlook_workflows.context import Context
from secondlook_workflows.recorded import recorded

PAGE = 200
log = logging.getLogger("secondlook")


@dataclass(frozen=True, kw_only=True)
class AssessConfig:
    """Which cases, by which adapter; by default all that wait, each by its champion."""

    domain: str | None = None
    cases: tuple[str, ...] = ()
    adapter: str | None = None
    limit: int | None = None


@dataclass(kw_only=True)
class AssessReport:
    """How many were looked at, and which could not be."""

    assessed: int = 0
    abstained: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Reason by case id."""
    interrupted: bool = False


def run(config: AssessConfig, context: Context) -> AssessReport:
    """Assess the cases and store each first look as it is made."""
    if config.domain is not None:
        context.plugins.domain(config.domain)
    with recorded("assess", config, context) as metrics:
        assessor = Assessor(context, config.adapter)
        report = look(_chosen(config, assessor, context), assessor, context)
        metrics |= {
            "assessed": report.assessed,
            "abstained": report.abstained,
            "failed": len(report.failed),
            "interrupted": report.interrupted,
        }
    return report


def look(cases: Iterable[str], assessor: "Assessor", context: Context) -> AssessReport:
    """Assess these cases one after the other; Ctrl-C ends it after the case at hand."""
    report = AssessReport()
    try:
        for case in cases:
            assessor.assess(case, report)
            context.progress.advance()
    except KeyboardInterrupt:
        report.interrupted = True
    return report


def waiting(config: AssessConfig, context: Context) -> list[str]:
    """Ids of the cases that `run` would look at now."""
    return list(_chosen(config, Assessor(context, config.adapter), context))


class Assessor:
    """Assesses one stored case after the other with resident models."""

    def __init__(self, context: Context, adapter: str | None = None) -> None:
        self._context = context
        workspace = context.workspace
        self.champions = Champions(context, adapter)
        self._engine = Engine(
            plugins=context.plugins,
            runtime=context.runtime,
            settings=workspace.settings,
            locate=lambda attachment: workspace.blobs.path(attachment.sha256),
            keep=workspace.blobs.put_bytes,
        )

    def assess(self, case_id: str, report: AssessReport) -> None:
        """Assess one case and store what came of it."""
        try:
            assessment = self._look(case_id)
        except NotFound as error:  # its stored files are gone
            self._fail(case_id, error, report)
        except (ModelError, StoreError):
            raise  # not this case's fault: every other case would fail alike
        except Exception as error:  # noqa: BLE001 - one bad case must not stop the others
            self._fail(case_id, error, report)
        else:
            report.assessed += 1
            report.abstained += assessment.abstention is not None

    def _look(self, case_id: str) -> Assessment:
        database = self._context.workspace.database
        with database.read() as unit:
            case = unit.cases.get(case_id)
        adapter = self.champions.load(case.domain, case.product)
        assessment = self._engine.assess(case, adapter)
        with database.write() as unit:
            added = unit.assessments.add(assessment, actor=self._context.actor)
            unit.commit()
        if added:
            self._context.plugins.case_assessed(case, assessment)
        return assessment

    def _fail(self, case_id: str, error: Exception, report: AssessReport) -> None:
        reason = str(error) if isinstance(error, SecondlookError) else type(error).__name__
        log.warning("case %s could not be assessed: %s", case_id, reason)
        report.failed[case_id] = reason
        with self._context.workspace.database.write() as unit:
            unit.assessments.fail(case_id, reason, actor=self._context.actor)
            unit.commit()


def _chosen(config: AssessConfig, assessor: Assessor, context: Context) -> Iterator[str]:
    cases = _named(config, context) if config.cases else _waiting(config, assessor, context)
    for count, case in enumerate(cases):
        if config.limit is not None and count >= config.limit:
            return
        yield case


def _named(config: AssessConfig, context: Context) -> Iterator[str]:
    with context.workspace.database.read() as unit:
        cases = [unit.cases.resolve(x) for x in config.cases]
    context.progress.start("first looks", len(cases))
    yield from cases


def _waiting(config: AssessConfig, assessor: Assessor, context: Context) -> Iterator[str]:
    database = context.workspace.database
    with database.read() as unit:
        groups = [
            (domain, product, assessor.champions.id(domain, product))
            for domain, product, _ in unit.cases.groups(config.domain)
        ]
        total = sum(unit.cases.count_pending(*group) for group in groups)
    limit = total if config.limit is None else config.limit
    context.progress.start("first looks", min(total, limit))
    for group in groups:
        yield from _pages(database, *group)


def _pages(
    database: Database, domain: str, product: str | None, adapter: str | None
) -> Iterator[str]:
    """A case that fails stays pending, so pages go on after the last id rather than from zero."""
    after: str | None = None
    while True:
        with database.read() as unit:
            page = unit.cases.pending(domain, product, adapter, limit=PAGE, after=after)
        if not page:
            return
        yield from page
        after = page[-1]
