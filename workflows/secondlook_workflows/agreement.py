"""agreement: how far readers agree with each other, and with the machine.

Reads are compared as they were before either reader knew of the other. Nobody is named: what
people do is shown by the group of their role, and no group of one by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from secondlook.decisions import Act, Decision
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist import CaseExport
from secondlook_workflows.context import Context
from secondlook_workflows.kappa import cohen, fleiss, intervals, percent, share
from secondlook_workflows.resampling import Pair, Resamples

Cells = dict[str, float | int | None]
LEAST = 2
"""People of a group that is shown by itself."""
OTHERS = "others"
NO_PAIRS = "no case was read by two people, so readers cannot be compared"
NO_LOOKS = "no decided case had a first look with a recommendation, so nothing could be overridden"


@dataclass(frozen=True, kw_only=True)
class AgreementConfig:
    """Of which domain (None: each), from when on; `seed` is of the resamples."""

    domain: str | None = None
    since: datetime | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Readers:
    """First against second reads."""

    pairs: int
    percent: float | None
    cohen_kappa: float | None
    fleiss_kappa: float | None
    intervals: dict[str, Pair | None]
    labels: dict[str, Cells]
    """For each label that a reader found: whether it holds, first against second read."""


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """Decisions against the first looks that they were made on."""

    decided: int
    """Decisions on a look that recommended something."""
    override_rate: float | None
    interval: Pair | None
    by_label: dict[str, Cells]
    by_group: dict[str, Cells]
    findings: dict[str, Cells]
    """For each label: how often it was shown, agreed to, edited, rejected, left alone, added."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The figures of one domain."""

    readers: Readers
    overrides: Overrides
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class AgreementReport:
    """The fields of `agreement --json`."""

    since: datetime | None
    domains: dict[str, Agreement]


def run(config: AgreementConfig, context: Context) -> AgreementReport:
    """Compare. Raises PluginError for a domain that is not there."""
    if config.domain is not None:
        context.plugins.domain(config.domain)
    names = [config.domain] if config.domain else sorted(context.plugins.domains)
    with context.workspace.database.read() as unit:
        found = {name: _domain(name, config, unit) for name in names}
    return AgreementReport(since=config.since, domains=found)


def _domain(name: str, config: AgreementConfig, unit: UnitOfWork) -> Agreement:
    pairs = tuple(unit.decisions.pairs(name, config.since))
    decided = [x for x in unit.worklist.export(name) if _counts(x, config.since)]
    return compare(pairs, decided, unit, seed=config.seed)


def compare(
    pairs: Sequence[tuple[Decision, Decision]],
    decided: Sequence[CaseExport],
    unit: UnitOfWork,
    *,
    seed: int = 0,
) -> Agreement:
    """The figures of these pairs of reads and these decided cases."""
    readers = _readers(pairs, seed)
    overrides = _overrides(decided, unit, seed)
    notes = [] if readers.pairs else [NO_PAIRS]
    if not overrides.decided:
        notes.append(NO_LOOKS)
    return Agreement(readers=readers, overrides=overrides, notes=notes)


def _counts(item: CaseExport, since: datetime | None) -> bool:
    decision = item.decision
    return decision is not None and (since is None or decision.decided_at >= since)


def _readers(pairs: Sequence[tuple[Decision, Decision]], seed: int) -> Readers:
    one, other = ([pair[i].disposition for pair in pairs] for i in (0, 1))
    ratings = _ratings(pairs)
    labels = sorted({label for pair in pairs for read in pair for label in read.held})
    return Readers(
        pairs=len(pairs),
        percent=percent(one, other),
        cohen_kappa=cohen(one, other),
        fleiss_kappa=fleiss(ratings),
        intervals=intervals(one, other, ratings, seed=seed),
        labels={label: _label(label, pairs) for label in labels},
    )


def _ratings(pairs: Iterable[tuple[Decision, Decision]]) -> list[list[str]]:
    """What each person said first of each case, in whatever round they read it."""
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for pair in pairs:
        for read in pair:
            said[read.case_id].setdefault(read.reviewer, read.disposition)
    return [list(by.values()) for by in said.values() if len(by) > 1]


def _label(label: str, pairs: Sequence[tuple[Decision, Decision]]) -> Cells:
    one, other = ([str(label in pair[i].held) for pair in pairs] for i in (0, 1))
    found = sum("True" in x for x in zip(one, other, strict=True))
    return {
        "found_by_either": found,
        "percent": percent(one, other),
        "cohen_kappa": cohen(one, other),
    }


def _overrides(decided: Sequence[CaseExport], unit: UnitOfWork, seed: int) -> Overrides:
    judged = [x for x in decided if x.assessment is not None and x.assessment.disposition]
    over = {x.case.id: _overridden(x) for x in judged}
    truth = np.array(list(over.values()), dtype=np.float64)
    cases = Resamples.of(list(over), seed=seed) if over else None
    return Overrides(
        decided=len(over),
        override_rate=float(truth.mean()) if over else None,
        interval=cases.interval(share(truth)) if cases else None,
        by_label=_by_label(judged, over),
        by_group=_by_group(judged, over, unit),
        findings=_findings(decided),
    )


def _overridden(item: CaseExport) -> bool:
    assert item.decision is not None and item.assessment is not None
    return item.decision.disposition != item.assessment.disposition


def _by_label(judged: Iterable[CaseExport], over: Mapping[str, bool]) -> dict[str, Cells]:
    parts: dict[str, list[bool]] = defaultdict(list)
    for item in judged:
        for label in {x.label for x in item.assessment.findings} if item.assessment else ():
            parts[label].append(over[item.case.id])
    return {label: _rate(parts[label]) for label in sorted(parts)}


def _by_group(
    judged: Iterable[CaseExport], over: Mapping[str, bool], unit: UnitOfWork
) -> dict[str, Cells]:
    """By the role in the domain of who decided, in the order of their names; never by person."""
    known = {x.name: x.acts_as() for x in unit.users.all()}
    people: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for item in judged:
        if item.decision is not None:
            name = item.decision.reviewer
            role = known[name].role(item.case.domain) if name in known else None
            people[name, OTHERS if role is None else role.value].append(over[item.case.id])
    size = Counter(role for _, role in people)
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for who in people:
        groups[who[1] if size[who[1]] >= LEAST else OTHERS].append(who)
    return {
        role: {
            "reviewers": len({x for x, _ in some}),
            **_rate([y for x in some for y in people[x]]),
        }
        for role, some in sorted(groups.items())
    }


def _rate(overridden: Sequence[bool]) -> Cells:
    return {"decided": len(overridden), "override_rate": sum(overridden) / len(overridden)}


def _findings(decided: Iterable[CaseExport]) -> dict[str, Cells]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in decided:
        acts = item.decision.acts if item.decision else ()
        said = {x.label: x.act for x in acts if x.act is not Act.ADD}
        for label in {x.label for x in item.assessment.findings} if item.assessment else ():
            counts[label]["shown"] += 1
            counts[label][said.get(label, "left")] += 1
        for act in acts:
            counts[act.label][Act.ADD] += act.act is Act.ADD
    return {label: _finding(counts[label]) for label in sorted(counts) if counts[label].total()}


def _finding(count: Counter[str]) -> Cells:
    shown = count["shown"]
    differing = count[Act.REJECT] + count[Act.EDIT]
    return {
        "shown": shown,
        "agreed": count[Act.AGREE],
        "edited": count[Act.EDIT],
        "rejected": count[Act.REJECT],
        "left_alone": count["left"],
        "added": count[Act.ADD],
        "discrepancy_rate": differing / shown if shown else None,
    }
