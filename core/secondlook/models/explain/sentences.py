"""Which sentences a label rests on: each is left out, and what the probability loses is seen.

Occlusion, after Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV
2014, arXiv 1311.2901, with the sentence for the patch. It says what the model does without the
sentence, not what the sentence says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from secondlook.intake.blocks import find_blocks
from secondlook.intake.passages import ABBREVIATION, END
from secondlook.models.answers import AnswersPart
from secondlook.models.backbones import TextBackbone
from secondlook.models.case_vectors import TEXT
from secondlook.models.explain.reading import Reading, read
from secondlook.models.vision import PatchNetwork

MOST_SENTENCES = 64
"""So many are left out at most, from the passages that matter most: about a second of text."""

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class SentenceDrop:
    """One sentence, and what a label loses without it."""

    passage: int
    """The number of its passage in the case."""
    start: int
    """Offset in the passage: `passage[start:end] == text`."""
    end: int
    text: str
    drop: float
    """The calibrated probability with everything, minus that without this sentence."""


@dataclass(frozen=True, kw_only=True)
class SentenceDrops:
    """The sentences that were tried."""

    sentences: tuple[SentenceDrop, ...]
    """The one that counts most comes first."""
    untried: int
    """Sentences beyond the limit; as part of their passages they matter less."""


def sentence_drops(
    part: AnswersPart,
    vision: PatchNetwork | None,
    text: TextBackbone | None,
    images: Sequence[NDArray[np.uint8]],
    passages: Sequence[str],
    label: str,
    *,
    most: int = MOST_SENTENCES,
) -> SentenceDrops:
    """What the sentences of a case are worth to a label; none where the head reads no text.

    Raises UsageError for a label that is not answered, AdapterError as `AnswersPart.answer`.
    """
    return drops_of(read(part, vision, text, images, passages), text, passages, label, most)


def drops_of(
    reading: Reading,
    text: TextBackbone | None,
    passages: Sequence[str],
    label: str,
    most: int = MOST_SENTENCES,
) -> SentenceDrops:
    """As `sentence_drops`, for a case that was read already."""
    place = reading.label(label)
    if text is None or not len(reading.text):
        return SentenceDrops(sentences=(), untried=0)
    spans = [(i, x) for i in _weighty(reading, place) for x in sentences(passages[i])]
    tried = spans[:most]
    drops = _drops(reading, place, _without(reading, text, passages, tried))
    found = [
        SentenceDrop(passage=i, start=start, end=end, text=passages[i][start:end], drop=float(drop))
        for (i, (start, end)), drop in zip(tried, drops, strict=True)
    ]
    found.sort(key=lambda x: (-x.drop, x.passage, x.start))
    return SentenceDrops(sentences=tuple(found), untried=len(spans) - len(tried))


def sentences(text: str) -> list[Span]:
    """Where the sentences of a passage begin and end, without the space around them."""
    cuts = [x for block in find_blocks(text) for x in _sentences(text, block.start, block.end)]
    return [x for x in (_trimmed(text, *cut) for cut in cuts) if x[0] < x[1]]


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    begin = start
    for match in END.finditer(text, start, end):
        if ABBREVIATION.search(text[max(begin, match.start() - 12) : match.start() + 1]):
            continue
        yield begin, match.end()
        begin = match.end()
    yield begin, end


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _weighty(reading: Reading, label: int) -> list[int]:
    """The passages, the one that the label rests on most first; their vectors are there already."""
    rows, count = reading.text, len(reading.text)
    left = (rows.sum(0) - rows) / (count - 1) if count > 1 else torch.full_like(rows, torch.nan)
    order: list[int] = np.argsort(-_drops(reading, label, left), kind="stable").tolist()
    return order


def _without(
    reading: Reading, text: TextBackbone, passages: Sequence[str], spans: Sequence[tuple[int, Span]]
) -> Tensor:
    """(S, T) the vector of all passages, each row without one sentence; NaN where nothing is left.

    A passage with nothing left counts no more.
    """
    rest = [f"{passages[i][:a].rstrip()} {passages[i][b:].lstrip()}".strip() for i, (a, b) in spans]
    vectors = torch.zeros(len(spans), reading.text.shape[1])
    kept = [j for j, x in enumerate(rest) if x]
    if kept:
        vectors[kept] = torch.from_numpy(np.array(text.embed([rest[j] for j in kept]), np.float32))
    old = reading.text[[i for i, _ in spans]]
    count = torch.full((len(spans), 1), float(len(passages)))
    count[[j for j, x in enumerate(rest) if not x]] -= 1
    return (reading.text.sum(0) - old + vectors) / count.where(count > 0, torch.nan)


def _drops(reading: Reading, label: int, texts: Tensor) -> NDArray[np.float64]:
    """(S,) what the probability loses where the text is another one (S, T)."""
    means = reading.means()
    whole = reading.probability(means, label)
    others = {name: x.expand(len(texts), -1) for name, x in means.items()}
    return whole - reading.probability(others | {TEXT: texts}, label)
