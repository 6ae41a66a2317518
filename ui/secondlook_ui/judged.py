"""By which revision of the manual a case was judged, and how what is recommended has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import streamlit as st

from secondlook.assessments import Assessment
from secondlook.cases import Case
from secondlook.domain import Domain
from secondlook.evidence import Ruling
from secondlook.products import ProductVersion
from secondlook.store.audit import AuditEvent
from secondlook.store.audit_contents import ASSESSED
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_ui import words


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A first look from the time when it came to stand."""

    at: datetime
    look: Assessment
    version: ProductVersion | None
    """The product as the look was judged by; None where it was not described."""
    changed: str | None = None
    """What else was looked or judged by than before; None where nothing is known to be."""

    @property
    def manual(self) -> str | None:
        """sha256 of the manual of that description."""
        return self.version.spec.manual if self.version else None

    @property
    def revision(self) -> str | None:
        """What that manual is called: `manual revision B`; None where there is none."""
        spec = self.version.spec if self.version else None
        return f"manual revision {spec.revision}" if spec and spec.revision else None


def read(case: Case, events: Sequence[AuditEvent], unit: UnitOfWork) -> tuple[Judged, ...]:
    """All first looks as they came to stand, the standing one last.

    One that came to stand again is told again: the trail knows, its place in the store does not.
    """
    looks = {x.id: x for x in unit.assessments.history(case.id)}
    versions = _versions(case, unit)
    told: list[Judged] = []
    for event in events:
        look = looks.get(str(event.body.get("assessment")))
        if event.action != ASSESSED or look is None:
            continue
        now = Judged(at=event.at, look=look, version=_version(look, event.at, versions))
        cause = _cause(told[-1], now) if told else None
        told.append(Judged(at=now.at, look=look, version=now.version, changed=cause))
    return tuple(told)


def changes(told: Sequence[Judged], domain: Domain | None) -> list[str]:
    """When what was recommended changed, from what to what and why; the newest first."""
    lines = [
        f"{words.clock(now.at)}  {_said(domain, before)} → {_said(domain, now)}: {now.changed}"
        for before, now in pairwise(told)
        if before.look.disposition != now.look.disposition
    ]
    return lines[::-1]


def show_last(lines: Sequence[str]) -> None:
    """Draw the last change, in one line: what is below must stay in sight."""
    if lines:
        with st.container(key="quiet-changed"):
            st.text(lines[0])


def show_earlier(lines: Sequence[str]) -> None:
    """Draw the others, folded."""
    if len(lines) > 1:
        with st.expander(f"Recommended before ({len(lines) - 1})"):
            for line in lines[1:]:
                st.text(line)


def _versions(case: Case, unit: UnitOfWork) -> tuple[ProductVersion, ...]:
    if case.product is None or unit.products.find(case.domain, case.product) is None:
        return ()
    return unit.products.history(case.domain, case.product)


def _version(
    look: Assessment, at: datetime, versions: Sequence[ProductVersion]
) -> ProductVersion | None:
    """What stood when the look came to stand; the manual is the one that its clauses are of."""
    cited = {
        e.record for finding in look.findings for e in finding.evidence if isinstance(e, Ruling)
    }
    stood = [x for x in versions if x.at <= at]
    quoted = [x for x in stood if x.spec.manual in cited]
    if cited and not quoted:
        return None
    return next(reversed(quoted or stood), None)


def _cause(before: Judged, now: Judged) -> str:
    if before.manual != now.manual and now.revision:
        return now.revision
    if before.look.provenance.adapter != now.look.provenance.adapter:
        return f"looked at by {now.look.provenance.adapter or 'no adapter'}"
    one, other = before.version, now.version
    if other is not None and (one is None or one.spec.pitch_mm != other.spec.pitch_mm):
        return f"{other.spec.pitch_mm:g} mm per pixel" if other.spec.pitch_mm else "no pixel pitch"
    if other is not None and one is not None and one.spec.zones != other.spec.zones:
        return "other zones"
    return "other files, settings or version of the program"


def _said(domain: Domain | None, told: Judged) -> str:
    title = words.disposition(domain, told.look.disposition)
    return title or "no recommendation"
