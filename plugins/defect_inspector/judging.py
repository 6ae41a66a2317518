"""What was seen, judged by the manual of the case: the same for a first look and a later one.

Nothing here looks at a picture or asks a model: everything is in the evidence of what was seen,
so that a new revision of a manual is held against old looks, with what it would have said then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from defect_inspector.comparing import Compared
from defect_inspector.deciding import HOLD, SCRAP, Outcome, Table, strict, strictest
from defect_inspector.kinds import ANY
from defect_inspector.naming import EVEN, GRADED, grade, likeness, severity_of
from defect_inspector.places import IN_MM, Places, in_millimetres, read_places, size_of
from defect_inspector.rules import Rule, Rules, rules_of
from defect_inspector.rulings import NEVER_LEARNED, only_if, rulings
from defect_inspector.scene import Scene
from defect_inspector.taxonomy import ANOMALY
from secondlook import (
    NOTHING,
    Assessment,
    Case,
    CitedPassage,
    Evidence,
    Finding,
    LabelProbabilities,
    Measurement,
    Ruling,
    Taxonomy,
    Verdict,
)


def judge(case: Case, seen: Verdict, taxonomy: Taxonomy) -> Verdict:
    """Add the rulings of the manual to what was seen."""
    if not seen.findings:
        return seen
    rules = rules_of(case, taxonomy)
    findings = tuple(_judged(x, seen, case, rules, taxonomy) for x in seen.findings)
    return replace(seen, findings=findings)


def seen_in(case: Case, assessment: Assessment) -> Verdict | None:
    """What an assessment saw, without what was made of it; None if it does not hold enough."""
    if any(read_places(x.evidence) is None for x in assessment.findings):
        return None
    return Verdict(
        findings=tuple(_seen(x, case) for x in assessment.findings),
        evidence=assessment.evidence,
        abstention=assessment.abstention,
        score=assessment.score,
        priority=assessment.priority,
    )


def _seen(finding: Finding, case: Case) -> Finding:
    records = {x.sha256 for x in case.records}
    kept = [x for x in finding.evidence if not _made_by_judging(x)]
    kept = [x for x in kept if not isinstance(x, CitedPassage) or x.record in records]
    return replace(finding, severity=severity_of(kept), evidence=tuple(kept))


def _made_by_judging(item: Evidence) -> bool:
    in_mm = isinstance(item, Measurement) and item.unit in IN_MM.values()
    return in_mm or isinstance(item, Ruling)


def _judged(
    finding: Finding, seen: Verdict, case: Case, rules: Rules, taxonomy: Taxonomy
) -> Finding:
    places = read_places(finding.evidence) or Places(known=(), found=0)
    scene = _scene(places, case, grade(finding.evidence))
    outcome, told = _decided(finding, seen, rules.rules, scene, taxonomy)
    clause = outcome.by.rule.clause if outcome.by and outcome.by.applies else None
    return replace(
        finding,
        severity=(clause.severity if clause else None) or finding.severity,
        evidence=(
            *finding.evidence,
            *in_millimetres(places, scene.pitch),
            *rulings(told, outcome.by),
        ),
    )


def _scene(places: Places, case: Case, severity: str | None) -> Scene:
    spec = case.spec
    return Scene(
        places=places,
        pitch=spec.pitch_mm if spec else None,
        zones=spec.zones if spec else (),
        sizes={x.sha256: size_of(x) for x in case.attachments},
        grade=severity,
    )


def _decided(
    finding: Finding, seen: Verdict, rules: Sequence[Rule], scene: Scene, taxonomy: Taxonomy
) -> tuple[Outcome, list[Compared]]:
    """By the rules for its kind; to hold, where those for a kind it may be ask for more."""
    table = Table.of(rules, scene)
    kind = finding.label if finding.label != ANOMALY else likeness(finding.evidence)
    outcome = table.decide(kind)
    told = [x for row in table.told(kind) for x in row]
    may_be: list[Outcome] = []
    odds = _odds(finding, seen)
    possible = _possible(finding, odds, _spoken_of(rules)) - {kind or ""}
    unknown = _spoken_of(rules) - odds.learned - {kind or ""} if odds.learned else frozenset()
    for other in sorted(possible | unknown):
        called, what = _called(other, taxonomy), table.decide(other)
        called += NEVER_LEARNED if other in unknown else ""
        own = (x for row in table.told(other) for x in row if not x.rule.about(kind))
        told += [only_if(x, called) for x in own if x.applies is not False]
        if what.by is not None and other in possible:
            may_be.append(replace(what, by=only_if(what.by, called)))
    return _doubted(outcome, may_be), told


def _doubted(outcome: Outcome, may_be: Sequence[Outcome]) -> Outcome:
    """Held where it may be of a kind that asks for more, or only such kinds are spoken of."""
    if outcome.disposition == HOLD and outcome.by is None:
        return Outcome(disposition=HOLD, by=strictest([outcome, *may_be]).by)
    stricter = [x for x in may_be if strict(x.disposition) > strict(outcome.disposition)]
    if not stricter or outcome.disposition in (HOLD, SCRAP):
        return outcome
    return Outcome(disposition=HOLD, by=strictest(stricter).by)


@dataclass(frozen=True)
class _Odds:
    """What the labels of an adapter say of the kind."""

    possible: frozenset[str]
    """Kinds that cannot be ruled out; empty where the labels do not tell."""
    learned: frozenset[str]
    """Kinds that the adapter knows at all; empty where no labels were learned."""


def _odds(finding: Finding, seen: Verdict) -> _Odds:
    said = [x for x in (*finding.evidence, *seen.evidence) if isinstance(x, LabelProbabilities)]
    possible = {kind for x in said for kind in x.possible}
    possible |= {kind for x in said for kind, p in x.probabilities.items() if p >= EVEN}
    learned = {kind for x in said for kind in x.probabilities}
    none = {NOTHING, ANOMALY, *GRADED}
    return _Odds(frozenset(possible - none), frozenset(learned - none))


def _possible(finding: Finding, odds: _Odds, spoken_of: frozenset[str]) -> frozenset[str]:
    """The kinds that a defect may be of besides the one that was named.

    What an adapter never learned it cannot rule out: only a kind that is likely speaks against it.
    """
    if finding.label == ANOMALY and not odds.possible:
        return spoken_of
    unsure = finding.label == ANOMALY or (finding.probability or 0.0) < EVEN
    unlearned = spoken_of - odds.learned if odds.learned and unsure else frozenset()
    return (odds.possible & spoken_of) | unlearned


def _spoken_of(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset(kind for x in rules for kind in x.kinds) - {ANY}


def _called(kind: str, taxonomy: Taxonomy) -> str:
    return next((f"a {x.title}" for x in taxonomy.labels if x.code == kind), f"({kind})")
