"""What kind of defect it is: from the labels that an adapter has learned, where it has any.

The comparison with good parts may flag a part that the labels find nothing in, and the labels a
part that looks like good ones. Either is enough: neither clears what the other has found.
"""

from collections.abc import Iterable, Sequence

from defect_inspector.taxonomy import ANOMALY, GRADES
from secondlook import (
    NOTHING,
    Answers,
    Evidence,
    ImageOutputs,
    LabelProbabilities,
    Measurement,
    ModelOutputs,
    Taxonomy,
)

NAME = "defect-inspector"
GRADED = frozenset(x.code for x in GRADES)
CLEAR, BORDERLINE = "clear", "borderline"
"""Hardly any good part scores so high; a few do."""
BEYOND_GOODS = "score beside the highest of good parts"
EVEN = 0.5
"""A grade is told from even odds on."""
LIKE = "looks like: "
"""In front of a kind, as the name of how much a defect of no known kind looks like it."""
AHEAD = 0.7
"""The share above which a part is said to look most like a kind. On 240 pictures of steel of the
six kinds of NEU, after learning from 20 of each, that named 85 % of them, 99 % of these rightly (of
all: 93 %). A kind that nothing was learned from is mostly said to look like another."""


def ratio(image: ImageOutputs) -> float:
    """Score in units of the threshold: above 1 is flagged, whatever the backbone."""
    return image.score / image.threshold


def band(image: ImageOutputs | None) -> tuple[Measurement, ...]:
    """How far beyond good parts: nothing where it is not, or where too few goods tell."""
    if image is None or image.reject is None or ratio(image) <= 1:
        return ()
    return (Measurement(name=BEYOND_GOODS, value=image.score / image.reject, unit="times"),)


def severity_of(evidence: Sequence[Evidence]) -> str | None:
    """The grade that was learned for such parts, else how far it is beyond good ones."""
    return grade(evidence) or distinctness(evidence)


def grade(evidence: Iterable[Evidence]) -> str | None:
    """The most probable grade of severity; None where none was learned, or none has even odds."""
    said = [x.probabilities for x in evidence if isinstance(x, LabelProbabilities)]
    odds = {x: p for each in said for x, p in each.items() if x in GRADED}
    best = max(odds, key=lambda x: odds[x], default=None)
    return best if best is not None and odds[best] >= EVEN else None


def distinctness(evidence: Iterable[Evidence]) -> str | None:
    """CLEAR or BORDERLINE by what `band` told; None where it told nothing."""
    told = [x.value for x in evidence if isinstance(x, Measurement) and x.name == BEYOND_GOODS]
    if not told:
        return None
    return CLEAR if told[0] > 1 else BORDERLINE


def odds(answers: Answers | None) -> float:
    """How probable any defect is, in units of even odds; 0 where the labels do not tell."""
    if answers is None or answers.unfamiliar or not answers.tells:
        return 0.0
    return answers.anything / 0.5


def urgency(unusual: float, answers: Answers | None) -> float:
    """What orders parts inside a band: 1 is the border, by good parts and labels together.

    Where no adapter has learned how much to trust each, the one that finds more counts.
    """
    if answers is not None and answers.blended is not None:
        return answers.blended / EVEN
    return max(unusual, odds(answers))


def defect_of(answers: Answers | None, *, flagged: bool) -> str | None:
    """The most probable kind of defect, for a part that is flagged or that the labels flag.

    None where there are no labels for it, or the part is like none that was learned from.
    """
    if answers is None or answers.unfamiliar:
        return None
    likely = [x for x in answers.likely if x not in GRADED]
    if likely or not flagged:
        return next(iter(likely), None)
    # Goods say that there is something. A kind is named if it cannot be ruled out and is likelier
    # than all other kinds together.
    kinds = {x: p for x, p in answers.probabilities.items() if x not in {NOTHING, *GRADED}}
    best = max(kinds, key=lambda x: kinds[x], default=NOTHING)
    clear = best in answers.possible and kinds.get(best, 0.0) > 0.5 * sum(kinds.values())
    return best if clear else None


def title(label: str, evidence: Iterable[Evidence], taxonomy: Taxonomy) -> str:
    """What a finding is called: its kind, or what a part that was flagged looks most like.

    The likeness is no finding of that kind and has no probability: it was never calibrated, and
    it names one of the known kinds whatever the part has.
    """
    called, like = taxonomy[label].title.capitalize(), likeness(evidence)
    return f"{called}, looks most like {taxonomy[like].title}" if like else called


def resembling(named: str | None, outputs: ModelOutputs) -> tuple[Measurement, ...]:
    """The kind whose words a part that was flagged is far most like, where no kind was named."""
    most = max(outputs.resembles, key=lambda x: outputs.resembles[x], default=ANOMALY)
    if named is not None or most == ANOMALY or outputs.resembles[most] <= AHEAD:
        return ()
    return (Measurement(name=f"{LIKE}{most}", value=outputs.resembles[most], unit="share"),)


def likeness(evidence: Iterable[Evidence]) -> str | None:
    """The kind that `resembling` told; None where it told nothing."""
    names = [x.name for x in evidence if isinstance(x, Measurement) and x.name.startswith(LIKE)]
    return names[0].removeprefix(LIKE) if names else None


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
