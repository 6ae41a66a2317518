"""The whole explanation of one answer, at a bounded cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.models.answers import Answer, AnswersPart
from secondlook.models.backbones import TextBackbone
from secondlook.models.explain.reading import read
from secondlook.models.explain.saliency import MOST_MAPS, SaliencyMap, maps_of
from secondlook.models.explain.sentences import MOST_SENTENCES, SentenceDrops, drops_of
from secondlook.models.vision import PatchNetwork


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerExplanation:
    """Why a label has the probability it has."""

    label: str
    probability: float
    """Calibrated."""
    maps: tuple[SaliencyMap, ...]
    """Of the pictures that say most for the label, in their order."""
    sentences: SentenceDrops
    contributions: Mapping[str, float]
    """By modality present: the probability minus that of the same case without it."""


def explain_answer(
    part: AnswersPart,
    vision: PatchNetwork | None,
    text: TextBackbone | None,
    images: Sequence[NDArray[np.uint8]],
    passages: Sequence[str],
    label: str,
    *,
    answer: Answer | None = None,
    maps: int = MOST_MAPS,
    sentences: int = MOST_SENTENCES,
) -> AnswerExplanation:
    """Where the probability of a label comes from, for a case of pictures (H, W, 3) and passages.

    Every picture that the answer reads is read once more; each one explained costs about five
    times that, and a sentence costs what embedding its passage does.

    Args:
        answer: what `part.answer` says about this case, where that is known already.
        maps: how many pictures are explained at most.
        sentences: how many are left out at most.

    Raises UsageError for a label that is not answered, AdapterError for another backbone than the
    answers were learned with, or none where there is something to read.
    """
    reading = read(part, vision, text, images, passages)
    reading.label(label)  # before any work
    said = answer or part.answer(vision, text, images, passages)
    return AnswerExplanation(
        label=label,
        probability=said.probabilities[label],
        maps=maps_of(reading, vision, images, label, maps),
        sentences=drops_of(reading, text, passages, label, sentences),
        contributions={name: x[label] for name, x in said.contributions.items()},
    )
