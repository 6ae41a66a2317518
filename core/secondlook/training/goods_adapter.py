"""The adapter made of what was learned from goods."""

from collections.abc import Mapping

from secondlook.models.adapter_card import DenseCard, GoodsCard, SuspectCard
from secondlook.models.adapters import Adapter
from secondlook.models.backbones import VisionBackbone
from secondlook.models.goods import GoodsPart
from secondlook.training.goods import LearnedGoods
from secondlook.training.new_card import new_card


def goods_adapter(
    learned: LearnedGoods,
    *,
    domain: str,
    product: str | None,
    version: int,
    vision: str,
    backbone: VisionBackbone,
    files: Mapping[str, str] | None = None,
) -> Adapter:
    """The adapter made of these parts.

    Args:
        vision: how the backbone is loaded again.
        files: the file names of the goods by sha256, as far as they are known.
    """
    card = new_card(
        domain=domain,
        product=product,
        version=version,
        vision=vision,
        backbone=backbone,
        goods=GoodsCard(
            threshold=learned.threshold.value,
            false_alarm_rate=learned.threshold.false_alarm_rate,
            false_alarm_bound=learned.threshold.false_alarm_bound,
            goods=learned.goods,
            calibration_goods=learned.threshold.goods,
            bands=learned.bands,
            gate=learned.part.gate.rule if learned.part.gate else None,
            dense=_dense_card(learned.part),
            tiles=learned.part.tiles,
            condition=learned.part.condition,
            suspects=_suspects(learned, files or {}),
            suspects_dropped=learned.dropped,
            data_sha256=learned.data_sha256,
            seed=learned.seed,
            metrics=learned.metrics,
        ),
    )
    return Adapter(card=card, goods=learned.part)


def _suspects(learned: LearnedGoods, files: Mapping[str, str]) -> tuple[SuspectCard, ...]:
    return tuple(
        SuspectCard(sha256=x.sha256, file=files.get(x.sha256), score=x.score, far=x.far)
        for x in learned.suspects
    )


def _dense_card(part: GoodsPart) -> DenseCard | None:
    if part.dense is None or part.units is None:
        return None
    return DenseCard(levels=part.dense.levels, lora=part.dense.lora is not None, units=part.units)
