"""What a site chooses about triage: the table `[plugins.radiology-assistant.triage]`."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from radiology_assistant.taxonomy import CRITICAL, ROUTINE, TAXONOMY, URGENT
from secondlook import Band, Queue

NOT_ASSESSED = "not_assessed"
STANDS = {ROUTINE: 1, URGENT: 2, CRITICAL: 3}
LONGEST = 365 * 24 * 60
BandCode = Literal["critical", "urgent", "routine"]


class TriageSettings(BaseModel):
    """Bands, their limits, and which finding belongs where. Minutes of 0 set no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    not_assessed: BandCode = "urgent"
    """Beside which band `not assessed` stands. None of the three is below routine."""
    urgent_minutes: int = Field(default=240, ge=0, le=LONGEST)
    """How long an exam may wait in `urgent`; then it is promoted to `critical`."""
    not_assessed_minutes: int = Field(default=240, ge=0, le=LONGEST)
    """The same of `not assessed`, where that stands below `critical`."""
    routine_minutes: int = Field(default=1440, ge=0, le=LONGEST)
    """The same of `routine`, from which an exam is promoted to `urgent`."""
    threshold_days: int = Field(default=0, ge=0, le=36_500)
    """How old the thresholds of an adapter may be; 0 for any age."""
    findings: dict[str, BandCode] = {}
    """Band of a finding, by its code, where the site wants another one than is built in."""

    @field_validator("findings")
    @classmethod
    def _known(cls, value: dict[str, BandCode]) -> dict[str, BandCode]:
        if unknown := sorted(value.keys() - {*TAXONOMY.codes}):
            names = ", ".join(TAXONOMY.codes)
            raise ValueError(f"no finding is called {', '.join(unknown)}; there is: {names}")
        return value

    def band_of(self, label: str) -> str:
        """The band of a finding: the site's, else the one of its severity."""
        return self.findings.get(label) or TAXONOMY[label].severity or ROUTINE

    def queue(self) -> Queue:
        """The bands as the worklist keeps to them, the most urgent first."""
        return Queue(
            bands=(
                Band(code=CRITICAL, title="Critical", priority=STANDS[CRITICAL]),
                _band(URGENT, "Urgent", STANDS[URGENT], self.urgent_minutes),
                _band(
                    NOT_ASSESSED,
                    "Not assessed",
                    STANDS[self.not_assessed],
                    self.not_assessed_minutes,
                ),
                _band(ROUTINE, "Routine", STANDS[ROUTINE], self.routine_minutes),
            ),
            order="waiting",
            unassessed=NOT_ASSESSED,
            findings={x: self.band_of(x) for x in TAXONOMY.codes},
        )


def _band(code: str, title: str, priority: int, minutes: int) -> Band:
    wait = timedelta(minutes=minutes) if minutes else None
    return Band(code=code, title=title, priority=priority, wait=wait)
