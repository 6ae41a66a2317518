"""What an adapter that was learned from labelled exams finds, and what was not assessed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from radiology_assistant.evidence import priority
from radiology_assistant.taxonomy import TAXONOMY
from secondlook import (
    Abstention,
    Answers,
    Case,
    Evidence,
    Finding,
    Measurement,
    ModelOutputs,
)

MOST_SLICES = 3
"""Of a volume, so many slices are named: those that counted most."""
NOT_NORMAL = "this says nothing about whether it is normal."
NOTHING_TO_READ = "The case has no image and no note that can be read: look at its files."
NO_IMAGE = "The case has no image; only its notes were searched for mentions."
ONLY_KINDS = (
    "The adapter has learned findings and no exams without one, so whether there is any was not "
    "assessed. Learn again with exams labelled `normal`."
)
MOST_LIKE = 3
"""Of the findings whose words the images are like, so many are named."""
ONLY_LIKENESS = (
    "The adapter knows which words go with which images and no findings, so the image was not "
    "assessed"
)
UNFAMILIAR = (
    f"The exam is like none that the adapter has learned from, so it was not assessed; {NOT_NORMAL}"
)
UNREAD = (
    "A document that the notes point to could not be read, so the exam was not fully read; "
    f"{NOT_NORMAL}"
)
MISMATCH = (
    "The thresholds belong to another model than the one that looked, so the exam was not "
    f"assessed; {NOT_NORMAL} Learn again, or restore the adapter."
)


def learned_findings(answers: Answers | None) -> tuple[Finding, ...]:
    """Findings from their thresholds on, the most pressing first.

    None where the exam is unfamiliar, or where the thresholds are those of another model.
    """
    if answers is None or answers.unfamiliar or mismatched(answers):
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
        threshold=answers.threshold(code),
        severity=label.severity,
        evidence=answers.contributed(code),
    )


def usable(outputs: ModelOutputs) -> Answers | None:
    """The answers; None where the adapter may look at nothing of what the exam has.

    What it makes of the notes alone is then for another kind of exam.
    """
    answers = outputs.answers
    blind = answers is not None and "image" not in answers.contributions
    return None if blind and outputs.not_looked_at else answers


def mismatched(answers: Answers) -> bool:
    """Whether the thresholds were chosen for other answers: then they say nothing of these."""
    return bool(answers.thresholds) and answers.thresholds_for != answers.fingerprint


def said(outputs: ModelOutputs) -> tuple[Evidence, ...]:
    """All probabilities, where they mean something, the slices that told most, and what was not
    looked at."""
    answers = usable(outputs)
    left_out = Counter(x.message for x in outputs.not_looked_at)
    seen = [
        Measurement(name=f"not looked at, because {why}", value=count, unit="of the images")
        for why, count in left_out.items()
    ]
    if answers is None or answers.unfamiliar:
        return (*likeness(outputs.resembles), *seen)
    return (answers.evidence(), *answers.slices[:MOST_SLICES], *unused(answers), *seen)


def unused(answers: Answers) -> tuple[Measurement, ...]:
    """What the exam has and the adapter left out of its answer, as learning found it of no use."""
    return tuple(
        Measurement(name=f"the {name} was not used by this adapter", value=0.0, unit="change")
        for name, shares in answers.contributions.items()
        if not any(shares.values())
    )


def likeness(shares: Mapping[str, float]) -> tuple[Measurement, ...]:
    """The findings whose words the images are most like, in that order.

    No finding comes of it: likeness was never calibrated, and something is always the most like.
    """
    order = sorted(shares, key=lambda x: -shares[x])[:MOST_LIKE]
    return tuple(
        Measurement(
            name=f"{place}. most like the words {TAXONOMY[label].title}, not calibrated",
            value=shares[label],
            unit="share of the likeness to all findings",
        )
        for place, label in enumerate(order, start=1)
    )


def abstain(case: Case, outputs: ModelOutputs) -> Abstention | None:
    """What was not assessed and why; None where the image part of the exam was."""
    answers = outputs.answers
    if not case.images() and not case.records:
        return Abstention(part="case", reason="nothing_to_read", message=NOTHING_TO_READ)
    if not case.images():
        return Abstention(part="image", reason="no_image", message=NO_IMAGE)
    looked = answers is not None and "image" in answers.contributions
    if not looked and outputs.not_looked_at:
        first = outputs.not_looked_at[0]
        return _image(case, first.reason, f"The image was not assessed: {first.message}")
    if answers is not None and not answers.tells:
        return Abstention(part="image", reason="only_kinds", message=ONLY_KINDS)
    if answers is not None and answers.unfamiliar:
        return Abstention(part="image", reason="unfamiliar", message=UNFAMILIAR)
    if answers is not None and mismatched(answers):
        return Abstention(part="image", reason="threshold_mismatch", message=MISMATCH)
    if looked:
        return None
    if outputs.resembles:
        return _image(case, "only_likeness", ONLY_LIKENESS)
    return _image(case, "no_adapter", f"No adapter fits {_kinds(case)}; the image was not assessed")


def unread(case: Case) -> Abstention | None:
    """That a document was not read; None where all were."""
    counts = (x.facts.get("attachments_unread") for x in case.attachments)
    if not any(counts):
        return None
    return Abstention(part="text", reason="document_unread", message=UNREAD)


def _image(case: Case, reason: str, message: str) -> Abstention:
    part = "image" if case.records else "case"
    return Abstention(part=part, reason=reason, message=f"{message}; {NOT_NORMAL}")


def _kinds(case: Case) -> str:
    """What was not assessed: the modalities where they are known."""
    known = {str(x) for a in case.images() if (x := a.facts.get("modality"))}
    return f"{', '.join(sorted(known))} images" if known else "this kind of image"
