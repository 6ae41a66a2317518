"""Triage only: people see in which band a case is and that there is a flag, and nothing more.

Findings, maps, places, numbers and citations are taken out before anything leaves the program by a
page, a command or an export. They stay in the store: turning the mode off shows them again.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from secondlook.assessments import Assessment, Flag
from secondlook.cases import CaseStatus
from secondlook.domain import Domain
from secondlook.plugins import Plugins

if TYPE_CHECKING:
    from secondlook.settings import Settings
    from secondlook.store.worklist_values import CaseExport, CaseSummary

FLAGGED = "flagged"
NOT_FLAGGED = "no flag"
SETTING = "triage_only"
NO_FLAG_MESSAGE = (
    "No flag was raised. That rules nothing out: every exam is read in full by a person."
)
FLAG_MESSAGE = "A flag was raised, which puts the exam into its band. Read the whole exam."


class Withholding:
    """What is withheld, by domain. A domain whose plugin is missing is judged by its settings."""

    def __init__(self, domains: Mapping[str, Domain], tables: Mapping[str, Mapping[str, Any]]):
        self._domains = domains
        self._tables = tables

    @classmethod
    def of(cls, plugins: Plugins, settings: "Settings") -> "Withholding":
        """From what is loaded and set."""
        return cls(plugins.domains, settings.plugins)

    def applies(self, domain: str) -> bool:
        """Whether cases of this domain are shown by band and flag alone."""
        known = self._domains.get(domain)
        if known is not None:
            return known.triage_only
        return bool(self._tables.get(domain, {}).get(SETTING, False))

    def assessment(self, domain: str, assessment: Assessment) -> Assessment:
        """A first look as people may see it: band, abstention, provenance, and whether flagged."""
        return withheld(assessment) if self.applies(domain) else assessment

    def line(self, row: "CaseSummary") -> "CaseSummary":
        """A line of the worklist as people may see it."""
        if not self.applies(row.domain):
            return row
        judged = row.status not in (CaseStatus.NEW, CaseStatus.FAILED) and not row.abstained
        unflagged = NOT_FLAGGED if judged else None
        return replace(row, headline=FLAGGED if row.headline else unflagged, score=0.0, turn=0.0)

    def export(self, item: "CaseExport") -> "CaseExport":
        """A case with its first looks as people may have it."""
        if not self.applies(item.case.domain):
            return item
        look, later = item.assessment, item.later
        return replace(item, assessment=look and withheld(look), later=later and withheld(later))


def withheld(assessment: Assessment) -> Assessment:
    """Without findings, evidence and numbers; a flag says whether there was any finding."""
    found = bool(assessment.findings)
    flag = Flag(
        code=FLAGGED if found else "not_flagged",
        message=FLAG_MESSAGE if found else NO_FLAG_MESSAGE,
    )
    none = assessment.abstention is not None and not found
    flags = () if none else (flag,)
    return replace(assessment, findings=(), evidence=(), flags=flags, score=0.0)
