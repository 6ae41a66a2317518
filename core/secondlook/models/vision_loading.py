"""Vision encoders from checkpoint folders."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from torch import nn

from secondlook.assessments import BackboneRef
from secondlook.errors import BackboneError
from secondlook.models.checkpoints import fingerprint, load_model
from secondlook.models.features import ImageFeatures
from secondlook.models.folders import locate
from secondlook.models.int8.card import is_quantized
from secondlook.models.int8.files import load_quantized
from secondlook.models.levels import middle_levels
from secondlook.models.pictures import stated_preprocessing
from secondlook.models.towers import image_tower
from secondlook.models.vision import CONV_SIDE, PatchNetwork


def vision_from_folder(path: Path) -> PatchNetwork:
    """A checkpoint folder as a backbone; see `secondlook.models.backbones.load_vision`."""
    at = locate(path)
    if is_quantized(at.folder):
        return load_quantized(at)
    whole, missing = load_model(at.folder)
    ref = BackboneRef(
        name=at.name,
        revision=at.revision,
        fingerprint=fingerprint(whole, without=missing),
        trained=True,
    )
    return patch_network(whole, ref, at.folder, missing)


def patch_network(
    whole: nn.Module, ref: BackboneRef, folder: Path, missing: Collection[str] = ()
) -> PatchNetwork:
    """The vision half of a loaded model. Raises BackboneError where it gives no patch features.

    `missing` names the weights that were filled at random.
    """
    tower = image_tower(whole, missing)
    prepare = stated_preprocessing(folder, _input_size(tower.model), CONV_SIDE)
    try:
        with torch.inference_mode():
            blank = torch.zeros(1, 3, *prepare.size, dtype=next(tower.parameters()).dtype)
            probe: ImageFeatures = tower(blank)
    except Exception as error:  # a text model, a tower with other inputs
        raise BackboneError(
            f"{folder} is a {type(whole).__name__}, which gives no patch features: "
            "give a ResNet, ConvNeXt, Swin, ViT, DINOv2, CLIP or SigLIP checkpoint"
        ) from error
    convolutional = len({x.shape[-1] for x in probe.levels}) > 1
    return PatchNetwork(tower, ref, prepare, middle_levels(len(probe.levels), convolutional))


def _input_size(model: nn.Module) -> tuple[int, int] | None:
    """Height and width that a vision model was made for, from its config; None: any."""
    config: Any = model.config
    side = getattr(config, "image_size", None)
    if isinstance(side, list | tuple):
        return int(side[0]), int(side[-1])
    if side is None and hasattr(config, "num_patches"):  # SigLIP2 NaFlex
        side = math.isqrt(config.num_patches) * config.patch_size
    return (int(side), int(side)) if side else None
