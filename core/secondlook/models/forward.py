"""What the models say about one case: a pure function of its inputs, backbones and adapter."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.evidence import SliceShare
from secondlook.intake.passages import note
from secondlook.model_io import (
    Answers,
    ImageInput,
    ImageOutputs,
    ModelInputs,
    ModelOutputs,
    PassageMatch,
)
from secondlook.models.adapters import Adapter
from secondlook.models.alignment import pair_in
from secondlook.models.backbones import TextBackbone, VisionBackbone
from secondlook.models.case_vectors import spread_out
from secondlook.models.goods import network_of
from secondlook.models.retrieval import rank_passages


def forward(
    inputs: ModelInputs,
    *,
    vision: VisionBackbone | None,
    text: TextBackbone | None,
    adapter: Adapter | None,
    reader: TextBackbone | None = None,
) -> ModelOutputs:
    """Score the images, answer with the adapter or say which label the case is most like, and rank
    the passages for the queries.

    A part whose backbone or adapter is None is left empty. `adapter` of the outputs is the given
    one's id, also for a case without images: it is what the case was assessed with.

    Args:
        text: ranks the passages.
        reader: reads them for the adapter's answers.

    Raises AdapterError for another backbone than the adapter was learned with.
    """
    images: tuple[ImageOutputs, ...] = ()
    matches: tuple[PassageMatch, ...] = ()
    resembles: dict[str, float] = {}
    answers, asked = None, _Question(inputs, adapter)
    if adapter is not None and vision is not None and inputs.images:
        adapter.check(vision)
        images = tuple(_score(image, vision, adapter) for image in inputs.images if adapter.goods)
        resembles = {} if adapter.answers else _resembles(inputs, vision, adapter)
    if adapter is not None and asked:
        answers = _answer(asked, vision, reader, adapter, images)
    if text is not None and inputs.records and inputs.queries:
        matches = rank_passages(text, inputs.records, inputs.queries)
    looked = (vision if images or resembles or (answers and asked.images) else None,)
    read = (reader if answers and asked.passages else None, text if matches else None)
    used = [x.ref for x in (*looked, *read) if x is not None]
    return ModelOutputs(
        images=images,
        answers=answers,
        matches=matches,
        resembles=resembles,
        adapter=adapter.id if adapter is not None else None,
        backbones=tuple(dict.fromkeys(used)),
    )


def passages_of(inputs: ModelInputs) -> list[str]:
    """The texts that an adapter reads, in the order of the records."""
    return [x.text for record in inputs.records for x in record.passages]


def look_at(
    adapter: Adapter,
    vision: VisionBackbone,
    reader: TextBackbone | None,
    pixels: NDArray[np.uint8],
    passage: str,
) -> NDArray[np.float64]:
    """Every number that an adapter gives for one picture (H, W, 3) and one passage."""
    inputs = ModelInputs(
        images=(ImageInput(attachment="", pixels=pixels),),
        records=(note(passage, kind="note", name="a note"),),
    )
    outputs = forward(inputs, vision=vision, text=None, reader=reader, adapter=adapter)
    answers = outputs.answers.probabilities.values() if outputs.answers else ()
    aligned = _aligned(adapter, vision, pixels, passage)
    blended = [outputs.answers.blended] if outputs.answers else []
    numbers = [*(x.score for x in outputs.images), *answers, *aligned]
    return np.array([*numbers, *(x for x in blended if x is not None)], dtype=np.float64)


def _aligned(
    adapter: Adapter, vision: VisionBackbone, pixels: NDArray[np.uint8], passage: str
) -> list[float]:
    """The vectors of both in the adapter's space; empty where it has none."""
    part = adapter.alignment
    if part is None:
        return []
    pair = pair_in(vision)
    vectors = part.image(part.read(pair, [pixels])), part.text(pair.embed([passage]))
    return [float(x) for vector in vectors for x in vector.ravel()]


class _Question:
    """What of a case the answers of an adapter are made from; false where that is nothing."""

    def __init__(self, inputs: ModelInputs, adapter: Adapter | None) -> None:
        card = adapter.card.answers if adapter is not None else None
        reads = card.modalities if card is not None else ()
        self.inputs = [x for x in inputs.images if "image" in reads]
        self.images: Sequence[NDArray[np.uint8]] = [x.pixels for x in self.inputs]
        self.passages = passages_of(inputs) if "text" in reads else []

    def __bool__(self) -> bool:
        return bool(self.images or self.passages)


def _answer(
    asked: _Question,
    vision: VisionBackbone | None,
    reader: TextBackbone | None,
    adapter: Adapter,
    scored: Sequence[ImageOutputs],
) -> Answers:
    part, card = adapter.answers, adapter.card.answers
    assert part is not None and card is not None  # there is a question only for these
    bound = card.thresholds
    network = network_of(vision) if vision is not None and asked.images else None
    maps = [x.anomaly_map for x in scored] or None
    answer = part.answer(network, reader, asked.images, asked.passages, maps=maps)
    return Answers(
        probabilities=answer.probabilities,
        possible=answer.possible,
        coverage=card.coverage,
        several=card.several,
        unfamiliar=answer.unfamiliar,
        contributions=answer.contributions,
        blended=answer.blended,
        thresholds={x: y.threshold for x, y in bound.points.items()} if bound else {},
        fingerprint=part.fingerprint,
        thresholds_for=bound.fingerprint if bound else "",
        learned=adapter.card.created_at,
        slices=_slices(spread_out(asked.inputs), answer.weights),
    )


def _slices(read: Sequence[ImageInput], weights: Sequence[float]) -> tuple[SliceShare, ...]:
    """The weights of slices, largest first; none where none were learned."""
    shares = [
        SliceShare(attachment=x.attachment, place=x.place, depth=x.depth, share=weight)
        for x, weight in zip(read, weights, strict=False)
        if x.place is not None
    ]
    return tuple(sorted(shares, key=lambda x: -x.share))


def _resembles(inputs: ModelInputs, vision: VisionBackbone, adapter: Adapter) -> dict[str, float]:
    if adapter.resembling is None:
        return {}
    pixels = [x.pixels for x in inputs.images]
    return adapter.resembling.shares(pair_in(vision), pixels, inputs.queries)


def _score(image: ImageInput, vision: VisionBackbone, adapter: Adapter) -> ImageOutputs:
    # One picture at a time: a score must not depend on what else is in the batch.
    card = adapter.card.goods
    assert adapter.goods is not None and card is not None  # the caller has looked
    scored = adapter.goods.look(vision, image.pixels)
    return ImageOutputs(
        attachment=image.attachment,
        score=scored.score,
        threshold=adapter.threshold,
        anomaly_map=scored.map,
        reject=card.bands.reject if card.bands is not None else None,
        unfamiliar=scored.unfamiliar,
        nearest=scored.nearest,
        pixels=image.pixels,
        condition=scored.condition,
    )
