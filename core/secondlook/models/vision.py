"""Patch features of a frozen vision network, from several of its middle stages.

Roth et al., "Towards Total Recall in Industrial Anomaly Detection" (PatchCore), CVPR 2022,
arXiv 2106.08265: features of two middle stages, each averaged over its 3 x 3 neighbourhood,
brought to the finer grid and concatenated. Middle stages see texture and parts; the last ones
are bent towards the classes of their training. Unlike in the paper each stage is brought to unit
length first, so that the stage with the larger numbers does not drown the other: on synthetic
defects painted on held-out goods that told good from bad better.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from secondlook.cases import BackboneRef
from secondlook.errors import BackboneError
from secondlook.models.checkpoints import fingerprint, load_model
from secondlook.models.pictures import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

CONV_SIDE = 256
BATCH = 16


class PatchNetwork:
    """A `VisionBackbone` over a transformers vision model that can return hidden states."""

    def __init__(
        self, model: nn.Module, ref: BackboneRef, prepare: Preprocessing, levels: Sequence[int]
    ) -> None:
        self.ref = ref
        self.levels = tuple(levels)
        self._model = model
        self._prepare = prepare

    @torch.inference_mode()
    def patches(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features (B, h, w, D) of B pictures (H, W, 3), which may differ in size."""
        parts = [
            self._features(self._prepare(images[i : i + BATCH]))
            for i in range(0, len(images), BATCH)
        ]
        if not parts:
            return np.zeros((0, 0, 0, 0), dtype=np.float32)
        features: NDArray[np.float32] = torch.cat(parts).numpy()
        return features

    def _features(self, batch: Tensor) -> Tensor:
        maps = hidden_maps(self._model, batch)
        return join_levels([maps[i] for i in self.levels]).permute(0, 2, 3, 1).contiguous()


def join_levels(maps: Sequence[Tensor]) -> Tensor:
    """Maps (B, Di, hi, wi) as one (B, sum of Di, h, w) on the finest grid.

    Each is averaged over 3 x 3 places and brought to unit length at every place.
    """
    smooth = [functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False) for x in maps]
    grid = max((x.shape[-2:] for x in smooth), key=math.prod)
    same = [
        x if x.shape[-2:] == grid else functional.interpolate(x, grid, mode="bilinear")
        for x in smooth
    ]
    return torch.cat([functional.normalize(x, dim=1) for x in same], dim=1)


def hidden_maps(model: nn.Module, batch: Tensor) -> list[Tensor]:
    """All hidden states as maps (B, D, h, w), first to last, for convolutional nets and ViTs."""
    output: Any = model(pixel_values=batch, output_hidden_states=True)
    states = getattr(output, "reshaped_hidden_states", None) or output.hidden_states
    return [_as_map(x, batch) for x in states]


def _as_map(state: Tensor, batch: Tensor) -> Tensor:
    """Tokens (B, N, D) without their prefix (class, registers) as a map; maps stay as they are."""
    if state.ndim == 4:
        return state
    tokens, ratio = state.shape[1], batch.shape[-2] / batch.shape[-1]
    height = math.isqrt(int(tokens * ratio))
    width = round(height / ratio)
    grid = state[:, tokens - height * width :]
    return grid.transpose(1, 2).reshape(len(state), -1, height, width)


def middle_levels(count: int, convolutional: bool) -> tuple[int, int]:
    """Which two of `count` hidden states are used; state 0 is the embedding.

    Convolutional nets: the two stages before the last (PatchCore's second and third of four).
    ViTs: the blocks at one half and three quarters of the depth.
    """
    if convolutional:
        return max(count - 3, 0), max(count - 2, 0)
    return round((count - 1) * 0.5), round((count - 1) * 0.75)


def vision_from_folder(path: Path) -> PatchNetwork:
    """A checkpoint folder as a backbone; see `secondlook.models.backbones.load_vision`."""
    whole, missing = load_model(path)
    model = _vision_tower(whole, path)
    prepare = _preprocessing(model, path)
    try:
        with torch.inference_mode():
            probe = hidden_maps(model, torch.zeros(1, 3, prepare.side, prepare.side))
    except Exception as error:  # a text model, a tower with other inputs
        raise BackboneError(
            f"{path} is a {type(whole).__name__}, which gives no patch features: "
            "give a ResNet, ConvNeXt, Swin, ViT, DINOv2, CLIP or SigLIP checkpoint"
        ) from error
    convolutional = len({x.shape[-1] for x in probe}) > 1
    ref = BackboneRef(
        name=path.resolve().name,
        revision="local",
        fingerprint=fingerprint(whole, without=missing),
        trained=True,
    )
    return PatchNetwork(model, ref, prepare, middle_levels(len(probe), convolutional))


def _vision_tower(model: nn.Module, path: Path) -> nn.Module:
    tower = getattr(model, "vision_model", model)
    if not isinstance(tower, nn.Module):
        raise BackboneError(f"{path}: {type(model).__name__} has no vision tower")
    return tower


def _preprocessing(model: nn.Module, path: Path) -> Preprocessing:
    """Size from the model's config, colours from preprocessor_config.json where there is one."""
    config: Any = model.config
    side = getattr(config, "image_size", None) or CONV_SIDE
    side = int(side[0] if isinstance(side, list | tuple) else side)
    file = path / "preprocessor_config.json"
    stated = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    mean = stated.get("image_mean", IMAGENET_MEAN)
    std = stated.get("image_std", IMAGENET_STD)
    return Preprocessing(side, tuple(mean), tuple(std))
