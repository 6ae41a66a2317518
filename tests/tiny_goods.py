"""Goods learned in a second: dense models of two steps."""

from dataclasses import replace

from secondlook.training.dense_plan import DenseConfig
from secondlook.training.goods import GoodsConfig


def with_dense(config: GoodsConfig) -> GoodsConfig:
    """The same with a dense model that is kept whatever it gains."""
    return replace(
        config,
        seconds=60,
        least_painted=32,
        least_gain=-1,
        dense=DenseConfig(steps=2, batch=2, rank=2, alpha=4, last=2, warm_up=2),
    )
