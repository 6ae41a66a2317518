"""Small plates, a goods part that knows good ones, and decided plates to learn labels beside it."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lora_towers import tower
from secondlook import NOTHING, BackboneRef
from secondlook.models.adapters import Adapter
from secondlook.models.checkpoints import fingerprint
from secondlook.models.pictures import Preprocessing
from secondlook.models.vision import PatchNetwork
from secondlook.training.goods import GoodsConfig, learn_goods
from secondlook.training.goods_adapter import goods_adapter
from secondlook.training.heads import HeadConfig
from secondlook.training.labelled import LabelledCase, LabelledConfig, LearnedLabelled
from secondlook.training.labelled import learn_labelled as learn
from secondlook.training.labelled_adapter import labelled_adapter

Pixels = NDArray[np.uint8]
KINDS = ("pore", "scratch", NOTHING)
SIDE = 64
HEAD = HeadConfig(hidden=16, epochs=8, batch=32, learning_rate=1e-2)
CONFIG = LabelledConfig(folds=3, views=1, head=HEAD, tune=None)


def network(family: str = "resnet") -> PatchNetwork:
    """A tiny random network that takes pictures of 64 pixels."""
    model = tower(family)
    ref = BackboneRef(name=family, revision="1", fingerprint=fingerprint(model), trained=False)
    return PatchNetwork(model, ref, Preprocessing(SIDE), (1, 2))


def plate(seed: int, kind: str = NOTHING) -> Pixels:
    """A grey plate (64, 64, 3) with grain: as it is, with a dark pore, or with a bright scratch."""
    random = np.random.default_rng([seed, 5])
    grain = random.normal(140, 8, (SIDE, SIDE))
    top, left = random.integers(6, 46, 2)
    if kind == "pore":
        grain[top : top + 10, left : left + 10] = 30
    elif kind == "scratch":
        grain[top : top + 3, 4:60] = 240
    return np.repeat(grain.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def goods(vision: PatchNetwork, seed: int = 0) -> Adapter:
    """An adapter that was learned from 24 good plates."""
    pictures = ((f"{i:064x}", plate(1000 * (seed + 1) + i)) for i in range(24))
    config = GoodsConfig(rows=200, pool=1000, held_back=24, folds=3, seed=seed)
    return goods_adapter(
        learn_goods(pictures, vision=vision, config=config),
        domain="defect-inspector",
        product="plate",
        version=seed + 1,
        vision="tiny",
        backbone=vision,
    )


def decided(count: int = 36, picture: Callable[[int, str], Any] = plate) -> list[LabelledCase]:
    """Plates of the three kinds in turn."""
    return [
        LabelledCase(
            images=(picture(seed, KINDS[seed % 3]),),
            labels=(KINDS[seed % 3],),
            group=f"lot {seed // 3}",
            key=hashlib.sha256(str(seed).encode()).hexdigest(),
        )
        for seed in range(count)
    ]


def learn_beside(
    vision: PatchNetwork,
    known: Adapter | None,
    cases: list[LabelledCase] | None = None,
    **more: Any,
) -> LearnedLabelled:
    """What decided plates teach beside this goods part; None learns the labels alone."""
    finder = known.finder if known is not None else None
    given = {"text": None, "classes": KINDS, "config": CONFIG, "finder": finder} | more
    return learn(cases or decided(), vision=vision, **given)


def joined(learned: LearnedLabelled, vision: PatchNetwork, known: Adapter | None) -> Adapter:
    """The adapter made of both."""
    return labelled_adapter(
        learned,
        domain="defect-inspector",
        product="plate",
        version=7,
        vision="tiny",
        backbone=vision,
        text="none",
        reader=None,
        counts={},
        data_sha256="0" * 64,
        learned_from=(),
        seed=0,
        known=known,
    )
