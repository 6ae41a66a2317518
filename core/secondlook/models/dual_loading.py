"""Pairs from checkpoint folders: CLIP, SigLIP, SigLIP2 and VisionTextDualEncoder."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from secondlook.assessments import BackboneRef
from secondlook.errors import BackboneError
from secondlook.models.checkpoints import fingerprint, load_model
from secondlook.models.dual import DualBackbone
from secondlook.models.folders import locate
from secondlook.models.text import SentenceEncoder
from secondlook.models.tokens import Tokens, load_tokenizer
from secondlook.models.towers import TextTower
from secondlook.models.vision_loading import patch_network

FAMILIES = ("clip", "siglip", "siglip2", "vision-text-dual-encoder")
"""`model_type` of the checkpoints that hold both towers and a shared space."""


def dual_from_folder(path: Path) -> DualBackbone:
    """A CLIP, SigLIP, SigLIP2 or VisionTextDualEncoder checkpoint with its tokenizer.

    Raises BackboneError where the folder is missing, unsafe, damaged or no such pair, and where
    a layer that leads into the shared space has no weights.
    """
    at = locate(path)
    tokenizer = load_tokenizer(at.folder)
    model, missing = load_model(at.folder)
    _check_pair(model, missing, at.folder)
    ref = BackboneRef(
        name=at.name, revision=at.revision, fingerprint=fingerprint(model), trained=True
    )
    image = patch_network(model, ref, at.folder)
    text = SentenceEncoder(_text_tower(model), _tokens(tokenizer, model), ref)
    backbone = DualBackbone(
        image,
        text,
        ref,
        aligned=True,
        logit_scale=_number(model, "logit_scale").exp().item(),
        logit_bias=_number(model, "logit_bias").item(),
    )
    _probe(backbone, at.folder)
    return backbone


def _check_pair(model: nn.Module, missing: Collection[str], folder: Path) -> None:
    config: Any = model.config
    if config.model_type not in FAMILIES:
        raise BackboneError(
            f"{folder} is a {type(model).__name__}, not an image and text pair: "
            f"give one of {', '.join(FAMILIES)}"
        )
    if missing:
        raise BackboneError(
            f"the weights in {folder} lack {min(missing)}, which the shared space needs: "
            "save the pair whole with model.save_pretrained(folder)"
        )


def _text_tower(model: Any) -> TextTower:
    return TextTower(
        model.text_model,
        getattr(model, "text_projection", None),
        pooling="own",
        reads_padding=_is_siglip(model),
    )


def _tokens(tokenizer: Any, model: Any) -> Tokens:
    return Tokens(tokenizer, model.config.text_config, full_length=_is_siglip(model))


def _is_siglip(model: Any) -> bool:
    return str(model.config.model_type).startswith("siglip")


def _number(model: nn.Module, name: str) -> Tensor:
    value: Tensor = getattr(model, name, torch.zeros(()))
    return value.detach()


def _probe(backbone: DualBackbone, folder: Path) -> None:
    blank = np.zeros((8, 8, 3), dtype=np.uint8)
    try:
        pictures, texts = backbone.embed_images([blank]), backbone.embed(["probe"])
        backbone.similarity(pictures, texts)
    except Exception as error:  # a text half without a vector of its own, a foreign tokenizer
        raise BackboneError(
            f"{folder}: its towers do not meet in one space ({type(error).__name__}): "
            "check that tokenizer and weights belong together"
        ) from error
