"""What a site is like, from its own decided cases.

When a case came is when it was read in, and how long one took is the time between two decisions of
one person: a site that reads files in by batches, or decides elsewhere, gives its own figures.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from secondlook.cases import CaseStatus
from secondlook.domain import Domain
from secondlook.store.worklist_values import CaseExport
from secondlook_workflows.simulating.site import HOURS, Rates

LEAST = 30
"""Decided cases with a first look from which rates are taken."""
LEAST_OF_LABEL = 5
"""Cases with a finding from which its sensitivity is taken."""
PAUSE = timedelta(minutes=60)
"""A longer time between two decisions was not spent on one case."""


@dataclass(frozen=True, kw_only=True)
class History:
    """Figures of the decided cases; None or empty where they do not tell."""

    cases: int
    per_hour: float | None
    profile: tuple[float, ...]
    readings: tuple[float, ...]
    """Minutes between two decisions of one person."""
    rates: dict[str, Rates]
    unsaid: tuple[str, ...]
    """Findings of which there were too few cases."""


def history(items: Iterable[CaseExport], domain: Domain) -> History:
    """From all cases of a domain, each looked at once."""
    came: list[datetime] = []
    decided: list[tuple[str, datetime]] = []
    told: list[tuple[frozenset[str], frozenset[str]]] = []
    for item in items:
        came.append(item.case.opened_at)
        if item.case.status is not CaseStatus.DECIDED or not item.decisions:
            continue
        first = item.decisions[0]
        decided.append((first.reviewer, first.decided_at))
        truth = domain.decided_labels(item.assessment, item.decisions[-1])
        if truth is not None and item.assessment and not item.assessment.abstention:
            said = (x.label for x in item.assessment.findings if x.probability is not None)
            told.append((truth, frozenset(said)))
    labels = domain.taxonomy.codes if len(told) >= LEAST else ()
    rates = {x: y for x in labels if (y := _rates(x, told)) is not None}
    unsaid = tuple(x for x in domain.taxonomy.codes if x not in rates)
    return History(
        cases=len(came),
        per_hour=_per_hour(came),
        profile=_profile(came),
        readings=_readings(decided),
        rates=rates,
        unsaid=unsaid,
    )


def _rates(label: str, told: Sequence[tuple[frozenset[str], frozenset[str]]]) -> Rates | None:
    flagged = [label in said for truth, said in told if label in truth]
    others = [label in said for truth, said in told if label not in truth]
    if len(flagged) < LEAST_OF_LABEL or not others:
        return None
    return Rates(
        prevalence=len(flagged) / len(told),
        sensitivity=float(np.mean(flagged)),
        specificity=1 - float(np.mean(others)),
    )


def _per_hour(came: Sequence[datetime]) -> float | None:
    hours = (max(came) - min(came)) / timedelta(hours=1) if came else 0.0
    return len(came) / hours if hours >= HOURS else None


def _profile(came: Sequence[datetime]) -> tuple[float, ...]:
    """Cases by the hour of the day on this machine; even where there are too few."""
    counts = Counter(x.astimezone().hour for x in came)
    if len(came) < LEAST:
        return (1.0,) * HOURS
    return tuple(float(counts[x]) for x in range(HOURS))


def _readings(decided: Iterable[tuple[str, datetime]]) -> tuple[float, ...]:
    last: dict[str, datetime] = {}
    found: list[float] = []
    for reviewer, at in sorted(decided, key=lambda x: x[1]):
        before = last.get(reviewer)
        if before is not None and timedelta() < at - before <= PAUSE:
            found.append((at - before) / timedelta(minutes=1))
        last[reviewer] = at
    return tuple(found) if len(found) >= LEAST else ()
