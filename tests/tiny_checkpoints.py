"""Checkpoints of every family, tiny and untrained, built on disk as their publishers save them.

A test takes the fixture `tiny` and calls `tiny("clip")`; each is built once a session. Whoever
changes a folder copies it first.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    ConvNextConfig,
    ConvNextModel,
    Dinov2Config,
    Dinov2Model,
    PreTrainedModel,
    ResNetConfig,
    ResNetModel,
    Siglip2Config,
    Siglip2Model,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipModel,
    SwinConfig,
    SwinModel,
    VisionTextDualEncoderModel,
    ViTConfig,
    ViTForImageClassification,
    ViTModel,
)

from secondlook.models.checkpoints import quiet_transformers
from tiny_generative import GENERATIVE
from tiny_parts import BLOCKS, READS, SIDE, VIT, clip_pictures, save, tokenizer
from tiny_refused import REFUSED

__all__ = ["BUILDERS", "SIDE", "Tiny", "checkpoint"]

Tiny = Callable[[str], Path]
CONV: dict[str, Any] = {"hidden_sizes": [4, 8, 12, 16], "depths": [1, 1, 1, 1]}
_built: dict[str, Path] = {}


def checkpoint(factory: pytest.TempPathFactory, kind: str) -> Path:
    """The folder of one kind of checkpoint; see BUILDERS."""
    if kind not in _built:
        folder = factory.mktemp("tiny") / kind
        with torch.random.fork_rng(devices=[]), quiet_transformers():
            torch.manual_seed(len(kind))
            BUILDERS[kind](folder)
        _built[kind] = folder
    return _built[kind]


def clip(folder: Path) -> None:
    config = CLIPConfig(text_config=READS, vision_config=VIT, projection_dim=12)
    save(folder, CLIPModel(config), tokenizer(), clip_pictures())


def siglip(folder: Path) -> None:
    config = SiglipConfig(text_config=READS | {"projection_size": 16}, vision_config=VIT)
    save(folder, SiglipModel(config), tokenizer(model_input_names=["input_ids"]))


def siglip2(folder: Path) -> None:
    sees = BLOCKS | {"num_patches": 16, "patch_size": 8}
    config = Siglip2Config(text_config=READS | {"projection_size": 16}, vision_config=sees)
    # of this family transformers takes no other tokenizer, whatever the folder says
    letters = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *"abcdefghijklmnopqrstuvwxyz")
    reads = Siglip2Tokenizer(
        vocab={x: i for i, x in enumerate(letters)},
        padding_side="right",
        model_input_names=["input_ids"],
    )
    save(folder, Siglip2Model(config), reads)


def _bert() -> BertModel:
    return BertModel(BertConfig(**READS))


def _pair(folder: Path, sees: PreTrainedModel) -> None:
    # transformers reads the width of the vision half here, and conv nets do not state it
    sizes = getattr(sees.config, "hidden_sizes", None)
    if sizes:
        sees.config.hidden_size = sizes[-1]
    save(folder, VisionTextDualEncoderModel(vision_model=sees, text_model=_bert()), tokenizer())


def _resnet() -> ResNetModel:
    return ResNetModel(ResNetConfig(embedding_size=4, layer_type="basic", **CONV))


def _convnext() -> ConvNextModel:
    return ConvNextModel(ConvNextConfig(image_size=SIDE, **CONV))


def _swin() -> SwinModel:
    return SwinModel(
        SwinConfig(
            image_size=SIDE, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[2, 2],
            window_size=4,
        )
    )  # fmt: skip


BUILDERS: dict[str, Callable[[Path], None]] = (
    GENERATIVE
    | REFUSED
    | {
        "clip": clip,
        "siglip": siglip,
        "siglip2": siglip2,
        "vit-bert": lambda folder: _pair(folder, ViTModel(ViTConfig(**VIT))),
        "resnet-bert": lambda folder: _pair(folder, _resnet()),
        "convnext-bert": lambda folder: _pair(folder, _convnext()),
        "vit": lambda folder: save(folder, ViTModel(ViTConfig(**VIT))),
        "vit-classes": lambda folder: save(folder, ViTForImageClassification(ViTConfig(**VIT))),
        "dinov2": lambda folder: save(folder, Dinov2Model(Dinov2Config(**VIT))),
        "resnet": lambda folder: save(folder, _resnet()),
        "convnext": lambda folder: save(folder, _convnext()),
        "swin": lambda folder: save(folder, _swin()),
        "bert": lambda folder: save(folder, _bert(), tokenizer()),
        "clip-text": lambda folder: save(
            folder, CLIPTextModel(CLIPTextConfig(**READS)), tokenizer()
        ),
    }
)
