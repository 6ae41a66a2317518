"""The adapter made of what was learned from goods."""

from secondlook.models.adapter_card import DenseCard, GoodsCard
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
) -> Adapter:
    """The adapter made of these parts; `vision` is how the backbone is loaded again."""
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
            data_sha256=learned.data_sha256,
            seed=learned.seed,
            metrics=learned.metrics,
        ),
    )
    return Adapter(card=card, goods=learned.part)


def _dense_card(part: GoodsPart) -> DenseCard | None:
    if part.dense is None or part.units is None:
        return None
    return DenseCard(levels=part.dense.levels, lora=part.dense.lora is not None, units=part.units)
