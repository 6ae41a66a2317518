"""The card of an adapter that was learned just now, whatever it was learned from."""

from datetime import UTC, datetime

from secondlook.models.adapter_card import (
    AdapterCard,
    AlignmentCard,
    AnswersCard,
    GoodsCard,
    WordsCard,
)
from secondlook.models.adapters import preprocessing_of
from secondlook.models.backbones import VisionBackbone
from secondlook.version import code_version


def new_card(
    *,
    domain: str,
    product: str | None,
    version: int,
    vision: str,
    backbone: VisionBackbone,
    goods: GoodsCard | None = None,
    answers: AnswersCard | None = None,
    alignment: AlignmentCard | None = None,
    words: WordsCard | None = None,
) -> AdapterCard:
    """With at least one of its parts; `vision` is how the backbone is loaded again."""
    return AdapterCard(
        id="/".join([domain, *([product] if product else []), str(version)]),
        domain=domain,
        product=product,
        version=version,
        vision=vision,
        backbone=backbone.ref,
        preprocessing=preprocessing_of(backbone),
        goods=goods,
        answers=answers,
        alignment=alignment,
        words=words,
        created_at=datetime.now(UTC),
        code_version=code_version(),
    )
