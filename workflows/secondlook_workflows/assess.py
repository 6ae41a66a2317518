"""assess: take the first look at every case that waits for one.

Each case is one transaction. A case whose first look breaks is marked as failed with its reason
and the next one follows; cases whose adapter or plugin is broken are left as they are. Ctrl-C and
kill lose at most the case at hand; running again goes on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice

from secondlook_workflows.assessor import Assessor
from secondlook_workflows.context import Context
from secondlook_workflows.recorded import recorded


@dataclass(frozen=True, kw_only=True)
class AssessConfig:
    """Which cases, by which adapter; by default all that wait, each by its champion."""

    domain: str | None = None
    cases: tuple[str, ...] = ()
    """Ids, or beginnings of ids that are unique."""
    adapter: str | None = None
    limit: int | None = None


@dataclass(kw_only=True)
class AssessReport:
    """How many were looked at, and which could not be."""

    assessed: int = 0
    abstained: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Reason by case id."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Reason by domain and product whose cases wait until it is mended."""
    interrupted: bool = False


def run(config: AssessConfig, context: Context) -> AssessReport:
    """Assess the cases and store each first look as it is made."""
    with recorded("assess", config, context) as metrics:
        config = resolved(config, context)
        assessor = Assessor(context, domain=config.domain, adapter=config.adapter)
        report = look(_chosen(config, assessor), assessor, context)
        metrics |= {
            "assessed": report.assessed,
            "abstained": report.abstained,
            "failed": len(report.failed),
            "skipped": len(report.skipped),
            "interrupted": report.interrupted,
        }
    return report


def resolved(config: AssessConfig, context: Context) -> AssessConfig:
    """The same with whole case ids. Raises UsageError or NotFound for words that name nothing."""
    if config.domain is not None:
        context.plugins.domain(config.domain)
    with context.workspace.database.read() as unit:
        cases = tuple(unit.cases.resolve(x) for x in config.cases)
        if config.adapter is not None:
            unit.adapters.get(config.adapter)
    return replace(config, cases=cases)


def look(cases: Iterable[str], assessor: Assessor, context: Context) -> AssessReport:
    """Assess these cases one after the other; Ctrl-C ends it after the case at hand."""
    report = AssessReport()
    try:
        for case in cases:
            outcome = assessor.assess(case)
            if outcome.failure is not None:
                report.failed[case] = outcome.failure
            report.assessed += outcome.assessed
            report.abstained += outcome.abstained
            context.progress.advance()
    except KeyboardInterrupt:
        report.interrupted = True
    report.skipped = dict(assessor.skipped)
    return report


def waiting(config: AssessConfig, context: Context) -> list[str]:
    """Ids of the cases that `run` would look at now."""
    assessor = Assessor(context, domain=config.domain, adapter=config.adapter)
    return list(_chosen(config, assessor))


def _chosen(config: AssessConfig, assessor: Assessor) -> Iterable[str]:
    if config.cases:
        return config.cases[: config.limit]
    return islice(assessor.waiting(config.domain, config.limit), config.limit)
