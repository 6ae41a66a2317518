"""What an adapter that was learned from labelled exams finds, and what was not assessed."""

from collections.abc import Sequence
from dataclasses import replace

from radiology_assistant.evidence import priority
from radiology_assistant.taxonomy import TAXONOMY
from secondlook import Abstention, Answers, Case, Evidence, Finding


def learned_findings(answers: Answers | None) -> tuple[Finding, ...]:
    """Findings from even odds on, the most pressing first; none where the exam is unfamiliar."""
    if answers is None or answers.unfamiliar:
        return ()
    findings = [_finding(code, answers) for code in answers.likely]
    return tuple(sorted(findings, key=lambda x: (-priority(x), -(x.probability or 0))))


def joined(found: Sequence[Finding], mentions: Sequence[Finding]) -> tuple[Finding, ...]:
    """One finding per label: what a note says of a label that was found is evidence for it."""
    said_of = {x.label: x for x in mentions}
    known = {x.label for x in found}
    both = [
        replace(x, evidence=(*x.evidence, *said_of[x.label].evidence)) if x.label in said_of else x
        for x in found
    ]
    return (*both, *(x for x in mentions if x.label not in known))


def _finding(code: str, answers: Answers) -> Finding:
    label = TAXONOMY[code]
    return Finding(
        label=code,
        title=label.title.capitalize(),
        probability=answers.probabilities[code],
        severity=label.severity,
        evidence=answers.contributed(code),
    )


def said(answers: Answers | None) -> tuple[Evidence, ...]:
    """All probabilities, where there are any that mean something."""
    return () if answers is None or answers.unfamiliar else (answers.evidence(),)


def abstain(case: Case, answers: Answers | None) -> Abstention | None:
    """What was not assessed and why; None where the whole exam was."""
    if not case.images() and not case.records:
        return Abstention(
            part="case",
            reason="nothing_to_read",
            message="The case has no image and no note that can be read: look at its files.",
        )
    if not case.images():
        return Abstention(
            part="image",
            reason="no_image",
            message="The case has no image; only its notes were searched for mentions.",
        )
    if answers is not None and not answers.tells:
        return Abstention(
            part="image",
            reason="only_kinds",
            message=(
                "The adapter has learned findings and no exams without one, so whether there is "
                "any was not assessed. Learn again with exams labelled `normal`."
            ),
        )
    if answers is not None and answers.unfamiliar:
        return Abstention(
            part="image",
            reason="unfamiliar",
            message=(
                "The exam is like none that the adapter has learned from, so it was not assessed; "
                "this says nothing about whether it is normal."
            ),
        )
    if answers is not None and "image" in answers.contributions:
        return None
    return Abstention(
        part="image" if case.records else "case",
        reason="no_adapter",
        message=(
            f"No adapter fits {_kinds(case)}; the image was not assessed; "
            "this says nothing about whether it is normal."
        ),
    )


def _kinds(case: Case) -> str:
    """What was not assessed: the modalities where they are known."""
    known = {str(x) for a in case.images() if (x := a.facts.get("modality"))}
    return f"{', '.join(sorted(known))} images" if known else "this kind of image"
