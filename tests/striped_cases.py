"""Striped pictures with labels, tiny networks that tell them apart, and learning from them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lora_towers import tower
from secondlook import BackboneRef
from secondlook.models.checkpoints import fingerprint
from secondlook.models.pictures import Preprocessing
from secondlook.models.vision import PatchNetwork
from secondlook.training.heads import HeadConfig
from secondlook.training.labelled import (
    LabelledCase,
    LabelledConfig,
    LearnedLabelled,
    TuneConfig,
    learn_labelled,
)

Pixels = NDArray[np.uint8]
CLASSES = ("rows", "columns", "plain")
TUNE = TuneConfig(epochs=2, batch=8, part=8, rank=2, alpha=4, last=2, bf16=False)
HEAD = HeadConfig(hidden=16, epochs=8, batch=32, learning_rate=1e-2)
CONFIG = LabelledConfig(folds=3, views=1, head=HEAD, tune=TUNE)
SIDES = {"resnet": 32, "vit": 16, "clip": 16, "convnext": 64}


WORDS = BackboneRef(name="words", revision="1", fingerprint="e" * 64, trained=False)


@dataclass
class Words:
    """A text backbone: which of a few words a text has."""

    ref: BackboneRef = WORDS

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = [[text.count(x) for x in ("rows", "columns", "plain", "a")] for text in texts]
        rows = np.array(counts, dtype=np.float32) + 0.1
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def network(family: str = "resnet") -> PatchNetwork:
    model = tower(family)
    ref = BackboneRef(name=family, revision="1", fingerprint=fingerprint(model), trained=False)
    return PatchNetwork(model, ref, Preprocessing(SIDES[family]), (1, 2))


def picture(seed: int) -> Pixels:
    """Stripes in rows, in columns, or none, by seed modulo 3, under noise."""
    random = np.random.default_rng(seed)
    wave = 60 * np.sin(np.arange(32) * random.uniform(0.9, 1.1))
    shape = (wave[:, None], wave[None, :], np.zeros((1, 1)))[seed % 3]
    values = 128 + np.broadcast_to(shape, (32, 32)) + random.normal(0, 25, (32, 32))
    return np.repeat(values.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def a_case(seed: int, **changes: Any) -> LabelledCase:
    key = hashlib.sha256(str(seed).encode()).hexdigest()
    case = LabelledCase(
        images=(picture(seed),), labels=(CLASSES[seed % 3],), group=f"lot {seed // 2}", key=key
    )
    return replace(case, **changes)


def some_cases(count: int = 36) -> list[LabelledCase]:
    return [a_case(x) for x in range(count)]


def learn(cases: Sequence[LabelledCase], **changes: Any) -> LearnedLabelled:
    given = {"vision": changes.pop("vision", None) or network(), "text": changes.pop("text", None)}
    config = replace(changes.pop("config", CONFIG), **changes)
    return learn_labelled(cases, classes=CLASSES, config=config, **given)
