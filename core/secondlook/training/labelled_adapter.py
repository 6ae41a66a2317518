"""The adapter made of what was learned from labelled cases."""

from collections.abc import Mapping, Sequence

import numpy as np

from secondlook.eligibility import Eligibility
from secondlook.models.adapter_card import AnswersCard, ThresholdsCard
from secondlook.models.adapters import Adapter
from secondlook.models.backbones import TextBackbone, VisionBackbone
from secondlook.models.case_vectors import TEXT
from secondlook.training.labelled import LearnedLabelled
from secondlook.training.new_card import new_card


def labelled_adapter(
    learned: LearnedLabelled,
    *,
    domain: str,
    product: str | None,
    version: int,
    vision: str,
    backbone: VisionBackbone,
    text: str,
    reader: TextBackbone | None,
    counts: Mapping[str, int],
    data_sha256: str,
    learned_from: Sequence[str],
    seed: int,
    known: Adapter | None = None,
    eligibility: Eligibility | None = None,
) -> Adapter:
    """The adapter made of these answers.

    Args:
        vision: how the backbone is loaded again; `text` is the same of `reader`.
        counts: cases of each label.
        data_sha256: digest over the cases and their labels.
        learned_from: what each case is known again by.
        known: the adapter whose goods part is kept as it is, the one that the labels were learned
            beside.
        eligibility: what it may look at; None binds it to nothing.

    Raises AdapterError where they were learned beside another one.
    """
    part = learned.part
    reads = reader is not None and TEXT in part.backbones
    answers = AnswersCard(
        labels=part.classes,
        several=part.calibration.temperature.multilabel,
        way=learned.way,
        reason=learned.reason,
        modalities=tuple(part.backbones),
        text=text if reads else None,
        text_backbone=reader.ref if reader is not None and reads else None,
        coverage=1 - learned.alpha,
        cases=learned.cases,
        groups=len(np.unique(learned.unseen.groups)),
        counts=dict(counts),
        data_sha256=data_sha256,
        goods=known.id if known is not None else None,
        learned_from=tuple(learned_from),
        seed=seed,
        metrics=learned.metrics,
        comparison={str(way): figures for way, figures in learned.comparison.items()},
        ablations=learned.ablations,
        thresholds=_thresholds(learned),
        eligibility=eligibility,
        unused=part.head.config.unused or None,
    )
    card = new_card(
        domain=domain,
        product=product,
        version=version,
        vision=vision,
        backbone=backbone,
        goods=known.card.goods if known is not None else None,
        answers=answers,
    )
    if known is None:
        return Adapter(card=card, answers=part)
    card = card.model_copy(update={"carried": known.id})
    return Adapter(card=card, goods=known.goods, answers=part)


def _thresholds(learned: LearnedLabelled) -> ThresholdsCard | None:
    if learned.sensitivity is None:
        return None
    return ThresholdsCard(
        fingerprint=learned.part.fingerprint,
        sensitivity=learned.sensitivity,
        points=learned.points,
    )
