"""An explanation in the words of the project: evidence that is stored and shown with a finding."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from secondlook.cases import Passage, Record
from secondlook.evidence import AnomalyMap, CitedPassage, Evidence, ModalityContribution
from secondlook.maps import encode_map
from secondlook.model_io import PassageMatch, Query
from secondlook.models.backbones import TextBackbone
from secondlook.models.explain.explain import AnswerExplanation
from secondlook.models.explain.saliency import SaliencyMap
from secondlook.models.explain.sentences import SentenceDrop

LEAST_DROP = 0.01
"""A sentence is cited from this loss of probability on."""
MOST_CITED = 5
LEAST_TOLD = 0.05
"""A map is shown from this much log-odds in all on: its brightest place is bright however little
it says."""


def as_evidence(
    explanation: AnswerExplanation,
    *,
    attachments: Sequence[str | None],
    places: Sequence[tuple[Record, Passage]],
    query: Query,
    text: TextBackbone | None,
    keep: Callable[[bytes], str],
) -> tuple[Evidence, ...]:
    """Maps, cited sentences and contributions, in this order; what says nothing is left out.

    Args:
        attachments: sha256 of each picture that was explained, in the order of the pictures; None
            for one that no map can be laid over.
        places: where each passage comes from, in the order of the passages.
        query: words of the label, with which cited sentences are compared.
        keep: stores a small file and returns its sha256.
    """
    telling = [x for x in explanation.maps if x.scale * float(x.values.sum()) >= LEAST_TOLD]
    maps = [
        _map(x, name, explanation.label, keep)
        for x in telling
        if (name := attachments[x.picture]) is not None
    ]
    told = [x for x in explanation.sentences.sentences if x.drop >= LEAST_DROP][:MOST_CITED]
    shares = [
        ModalityContribution(modality=name, share=x)
        for name, x in explanation.contributions.items()
    ]
    return (*maps, *_cited(told, places, query, text), *shares)


def _map(
    found: SaliencyMap, attachment: str, label: str, keep: Callable[[bytes], str]
) -> AnomalyMap:
    scores = found.values * np.float32(found.scale)
    return AnomalyMap(
        attachment=attachment,
        blob=keep(encode_map(scores)),
        low=float(scores.min()),
        high=float(scores.max()),
        label=label,
    )


def _cited(
    told: Sequence[SentenceDrop],
    places: Sequence[tuple[Record, Passage]],
    query: Query,
    text: TextBackbone | None,
) -> list[CitedPassage]:
    if not told or text is None:
        return []
    vectors = text.embed([query.text, *(x.text for x in told)])
    cosines = np.clip(vectors[1:] @ vectors[0], -1, 1).tolist()
    return [
        replace(_match(x, cosine, places[x.passage], query).cite(), effect=x.drop)
        for x, cosine in zip(told, cosines, strict=True)
    ]


def _match(
    found: SentenceDrop, similarity: float, place: tuple[Record, Passage], query: Query
) -> PassageMatch:
    record, passage = place
    sentence = _sentence(passage, found)
    return PassageMatch(query=query, record=record, passage=sentence, similarity=similarity)


def _sentence(passage: Passage, found: SentenceDrop) -> Passage:
    """The sentence as a passage of the same record, with its own place."""
    return replace(
        passage,
        text=found.text,
        start=passage.start + found.start,
        end=passage.start + found.end,
        line=passage.line + passage.text.count("\n", 0, found.start),
    )
