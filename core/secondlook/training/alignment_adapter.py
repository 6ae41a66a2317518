"""The adapter made of what was learned from pictures with texts."""

from collections.abc import Mapping
from dataclasses import asdict

from secondlook.errors import ModelError
from secondlook.models.adapter_card import AlignmentCard
from secondlook.models.adapters import Adapter
from secondlook.models.dual import DualBackbone
from secondlook.training.alignment import LearnedAlignment, Retrieval
from secondlook.training.alignment.ranks import Direction
from secondlook.training.new_card import new_card


def alignment_adapter(
    learned: LearnedAlignment,
    *,
    domain: str,
    product: str | None,
    version: int,
    vision: str,
    backbone: DualBackbone,
    prompt: str | None,
    counts: Mapping[str, int],
    data_sha256: str,
    seed: int,
) -> Adapter:
    """The adapter made of this alignment.

    Args:
        vision: how the pair is loaded again.
        prompt: the form of the texts, with {label} in it; None where they were free.
        counts: cases of each label that was put into that form.
        data_sha256: digest over the cases and their texts.

    Raises ModelError, saying why, where the frozen backbone was kept.
    """
    if learned.part is None:
        raise ModelError(
            f"no alignment was stored: {learned.reason}. It was learned from {learned.pairs} pairs "
            f"of {learned.groups} groups: add more of them, or texts that say what is on each "
            "picture; the backbone is used as it is"
        )
    alignment = AlignmentCard(
        text_backbone=backbone.text.ref,
        prompt=prompt,
        counts=dict(counts),
        pairs=learned.pairs,
        groups=learned.groups,
        reason=learned.reason,
        frozen=_plain(learned.frozen),
        learned=_plain(learned.learned),
        data_sha256=data_sha256,
        seed=seed,
    )
    card = new_card(
        domain=domain,
        product=product,
        version=version,
        vision=vision,
        backbone=backbone,
        alignment=alignment,
    )
    return Adapter(card=card, alignment=learned.part)


def _plain(figures: Mapping[Direction, Retrieval]) -> dict[str, dict[str, float]]:
    return {str(way): asdict(found) for way, found in figures.items()}
