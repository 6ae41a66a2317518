"""What kind of defect it is: from the labels that an adapter has learned, where it has any.

The comparison with good parts may flag a part that the labels find nothing in, and the labels a
part that looks like good ones. Either is enough: neither clears what the other has found.
"""

from secondlook import (
    NOTHING,
    Abstention,
    Answers,
    Case,
    Evidence,
    ImageOutputs,
    ModelOutputs,
)

NAME = "defect-inspector"


def ratio(image: ImageOutputs) -> float:
    """Score in units of the threshold: above 1 is flagged, whatever the backbone."""
    return image.score / image.threshold


def odds(answers: Answers | None) -> float:
    """How probable any defect is, in units of even odds; 0 where the labels do not tell."""
    if answers is None or answers.unfamiliar or not _tells(answers):
        return 0.0
    return answers.anything / 0.5


def defect_of(answers: Answers | None, *, flagged: bool) -> str | None:
    """The most probable kind of defect, for a part that is flagged or that the labels flag.

    None where there are no labels for it, or the part is like none that was learned from.
    """
    if answers is None or answers.unfamiliar:
        return None
    likely = answers.likely if flagged or _tells(answers) else ()
    if likely or not flagged:
        return likely[0] if likely else None
    kinds = [x for x in answers.possible if x != NOTHING]
    return max(kinds, key=lambda x: answers.probabilities[x], default=None)


def probability(answers: Answers | None, label: str | None) -> float | None:
    """Of the named kind; None where none was named."""
    return None if answers is None or label is None else answers.probabilities[label]


def contributed(answers: Answers | None, label: str | None) -> tuple[Evidence, ...]:
    """What each modality did for the named kind."""
    return () if answers is None or label is None else answers.contributed(label)


def said(outputs: ModelOutputs) -> tuple[Evidence, ...]:
    """All probabilities, where there are any that mean something."""
    answers = outputs.answers
    return () if answers is None or answers.unfamiliar else (answers.evidence(),)


def abstain(case: Case, outputs: ModelOutputs) -> Abstention | None:
    """Why the part cannot be judged; None where it can."""
    if not case.images():
        return Abstention(
            part="case",
            reason="no_image",
            message="The case has no picture that can be inspected: add one.",
        )
    product = f" --product {case.product}" if case.product else ""
    if not outputs.images and outputs.answers is None:
        return Abstention(
            part="image",
            reason="no_adapter",
            message=(
                "No adapter fits, so the image was not inspected. Learn one from pictures of good "
                f"parts: secondlook learn {NAME} --goods DIR{product}"
            ),
        )
    if not outputs.images and outputs.answers is not None and outputs.answers.unfamiliar:
        return Abstention(
            part="image",
            reason="unfamiliar",
            message=(
                "The part looks like none that the adapter has learned from, so its kind of "
                "defect cannot be told. Check that the product is right, or learn again with it."
            ),
        )
    return None


def _tells(answers: Answers) -> bool:
    """Whether parts without a defect were among those it has learned from."""
    return answers.several or NOTHING in answers.probabilities
