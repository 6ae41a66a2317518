"""A small domain that can judge again: shafts whose scratch is measured once, in pixels.

A module that stands alone, so that tests can also install it as a third party's plugin.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from secondlook import (
    Assessment,
    Case,
    CaseSource,
    Disposition,
    Domain,
    Finding,
    Label,
    Measurement,
    ModelInputs,
    ModelOutputs,
    NewCase,
    Opened,
    Taxonomy,
    Unused,
    Verdict,
    hookimpl,
)


class Lathe(Domain):
    """A shaft whose scratch is longer than its manual allows is scrap."""

    name = "lathe"
    title = "Lathe"
    taxonomy = Taxonomy(labels=(Label(code="scratch", title="Scratch", description="a scratch"),))
    dispositions = (
        Disposition(code="accept", title="Accept", tone="good"),
        Disposition(code="scrap", title="Scrap", tone="bad"),
    )
    record_kind = "manual"

    def open_cases(self, source: CaseSource) -> Iterable[Opened | Unused]:
        """One case a picture."""
        for file in source.files:
            new = NewCase(
                domain=self.name,
                title=file.attachment.name,
                attachments=(file.attachment,),
                records=source.records,
                product=source.product,
            )
            yield Opened(case=new, files=(file,))

    def prepare(self, case: Case, pixels: Mapping[str, Any]) -> ModelInputs:
        """Nothing is looked at."""
        return ModelInputs()

    def assess(self, case: Case, outputs: ModelOutputs) -> Verdict:
        """The title says how long the scratch is: `shaft 40.png`."""
        pixels = float(re.sub(r"\D", "", case.title) or 0)
        return _judged(case, Measurement(name="length", value=pixels, unit="px"))

    def recommend(self, case: Case, verdict: Verdict) -> str | None:
        """Scrap what has a finding."""
        return "scrap" if verdict.findings else "accept"

    def rejudge(self, case: Case, assessment: Assessment) -> Verdict | None:
        """By what was measured; a shaft of 13 pixels breaks this domain."""
        measured = next((x for x in assessment.evidence if isinstance(x, Measurement)), None)
        if measured is not None and measured.value == 13:
            raise ZeroDivisionError
        return None if measured is None else _judged(case, measured)


def _judged(case: Case, measured: Measurement) -> Verdict:
    pitch = (case.spec.pitch_mm if case.spec else None) or 1.0
    limits = [int(x) for r in case.records for x in re.findall(r"limit (\d+)", r.text)]
    if measured.value * pitch <= min(limits, default=10**6):
        return Verdict(evidence=(measured,))
    finding = Finding(label="scratch", title="Scratch", score=measured.value)
    return Verdict(findings=(finding,), evidence=(replace(measured),), score=1.0, priority=1)


@hookimpl
def register_domains(register: Any) -> None:
    """Bring the domain."""
    register(Lathe())
