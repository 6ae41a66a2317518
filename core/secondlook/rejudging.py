"""Judging again what an earlier first look saw, by what the case has now. No model is asked.

    standing assessment → domain.rejudge → domain.recommend → flags

A new revision of a manual, a pixel pitch or zones change what is said of what was seen, and not
what was seen: so thousands of open cases follow in seconds, on a machine without models.
"""

from collections.abc import Mapping
from dataclasses import replace

from secondlook.assessments import Assessment
from secondlook.cases import Case, ProductSpec, Record
from secondlook.engine import concluded, inputs_digest
from secondlook.evidence import Evidence, ModalityContribution
from secondlook.plugins import Plugins
from secondlook.version import code_version

TELLING = 0.005
"""The smallest share of a finding's probability that counts: half a percent."""


def up_to_date(case: Case, assessment: Assessment, settings: Mapping[str, object]) -> bool:
    """Whether the assessment was made from all that the case has now.

    settings: those of the case's domain.
    """
    return assessment.provenance.inputs == inputs_digest(case, settings)


def rejudge(
    case: Case, assessment: Assessment, plugins: Plugins, settings: Mapping[str, object]
) -> Assessment | None:
    """What the domain says now of what the assessment saw; None where a new look is needed.

    Adapter and backbones stay in the provenance: what was seen was seen by them. A finding that a
    model took from a text is not judged by another manual: the model has yet to read that one.
    settings: those of the case's domain. Raises PluginError where no loaded plugin brings the
    domain.
    """
    if _reads_another_manual(case, assessment):
        return None
    verdict = plugins.domain(case.domain).rejudge(case, assessment)
    if verdict is None:
        return None
    provenance = replace(
        assessment.provenance,
        code_version=code_version(),
        inputs=inputs_digest(case, settings),
        spec=case.spec,
        rejudged=assessment.provenance.rejudged or assessment.id,
    )
    return concluded(case, verdict, provenance, plugins)


def as_if(case: Case, spec: ProductSpec, manual: Record | None) -> Case:
    """The case as it would be, were its product described so; `manual` in place of the present.

    None keeps the present manual.
    """
    before = case.spec.manual if case.spec is not None else None
    if manual is None:
        return replace(case, spec=spec)
    others = [x for x in case.records if x.sha256 not in (before, manual.sha256)]
    return replace(case, spec=spec, records=(*others, manual))


def _reads_another_manual(case: Case, assessment: Assessment) -> bool:
    """Whether a finding rests on texts, and the manual is no longer the one that was read."""
    before, now = assessment.provenance.spec, case.spec
    if (before.manual if before else None) == (now.manual if now else None):
        return False
    return any(_of_text(x) for finding in assessment.findings for x in finding.evidence)


def _of_text(item: Evidence) -> bool:
    if not isinstance(item, ModalityContribution):
        return False
    return item.modality == "text" and abs(item.share) >= TELLING
