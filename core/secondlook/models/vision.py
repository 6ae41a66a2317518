"""Patch features of a frozen vision network, from several of its middle stages.

Roth et al., "Towards Total Recall in Industrial Anomaly Detection" (PatchCore), CVPR 2022,
arXiv 2106.08265: features of two middle stages, each averaged over its 3 x 3 neighbourhood,
brought to the finer grid and concatenated. Middle stages see texture and parts; the last ones
are bent towards the classes of their training. Unlike in the paper each stage is brought to unit
length first, so that the stage with the larger numbers does not drown the other: on synthetic
defects painted on held-out goods that told good from bad better.
"""

import math
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from secondlook.cases import BackboneRef
from secondlook.models.features import ImageFeatures
from secondlook.models.lora.trunk import trunk
from secondlook.models.pictures import Preprocessing
from secondlook.models.towers import ImageTower

if TYPE_CHECKING:
    from secondlook.models.lora.slots import LoraSlots

CONV_SIDE = 256
BATCH = 16
SLOTS = 64
"""Adapters whose LoRA weights are in a network at once."""
LARGEST_RANK = 32


class PatchNetwork:
    """A `VisionBackbone` over a transformers vision model that can return hidden states.

    Attributes:
        ref: which backbone this is.
        image_tower: the network itself, for whoever trains LoRA weights in it.
        prepare: turns pictures into what the tower takes.
        levels: the hidden states that patch features are made of.
    """

    uses = ("patch features", "pooled image vectors")

    def __init__(
        self,
        model: nn.Module,
        ref: BackboneRef,
        prepare: Preprocessing,
        levels: Sequence[int],
    ) -> None:
        """`model` is an ImageTower, or a transformers vision model without a projection."""
        self.ref = ref
        self.image_tower = model if isinstance(model, ImageTower) else ImageTower(model)
        self.prepare = prepare
        self.levels = tuple(levels)
        self._lock = threading.Lock()
        self._slots: LoraSlots | None = None
        self._trunks: dict[int, ImageTower] = {}

    @property
    def slots(self) -> "LoraSlots":
        """The LoRA adapters of this network."""
        from secondlook.models.lora.slots import LoraSlots  # peft takes 2 s to import

        with self._lock:
            if self._slots is None:
                self._slots = LoraSlots(
                    self.image_tower.model,
                    rank=LARGEST_RANK,
                    capacity=SLOTS,
                    fingerprint=self.ref.fingerprint,
                )
            return self._slots

    @cached_property
    def level_sizes(self) -> tuple[int, ...]:
        """Channels of every hidden state, the embedding first."""
        blank = np.zeros((8, 8, 3), dtype=np.uint8)
        return tuple(x.shape[1] for x in self.image_features([blank]).levels)

    def states(self, batch: Tensor, level: int, adapter: str | None = None) -> tuple[Tensor, ...]:
        """Hidden states 0 to `level` as maps (B, D, h, w), with gradients into a bound adapter.

        `batch` is what `prepare` gives. No block behind the last of these states is run.
        """
        if level not in self._trunks:
            self._trunks[level] = ImageTower(trunk(self.image_tower.model, level))
        with self.slots.active(adapter):
            features: ImageFeatures = self._trunks[level](batch)
        return features.levels

    @torch.inference_mode()
    def patches(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features (B, h, w, D) of B pictures (H, W, 3), which may differ in size."""
        parts = [self._patches(x) for x in self._batches(images)]
        if not parts:
            return np.zeros((0, 0, 0, 0), dtype=np.float32)
        features: NDArray[np.float32] = torch.cat(parts).numpy()
        return features

    @torch.inference_mode()
    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors (B, P) of unit length, in the shared space where the backbone has one."""
        parts = [x.pooled.float() for x in self._batches(images)]
        if not parts:
            return np.zeros((0, self.image_tower.pooled_size), dtype=np.float32)
        unit: NDArray[np.float32] = functional.normalize(torch.cat(parts), dim=1).numpy()
        return unit

    @torch.inference_mode()
    def image_features(self, images: Sequence[NDArray[np.uint8]]) -> ImageFeatures:
        """Everything the tower says about one batch of pictures (B >= 1), without gradients."""
        pixels = self.prepare(images).to(next(self.image_tower.parameters()).dtype)
        if self._slots is None:  # no adapter was ever bound
            features: ImageFeatures = self.image_tower(pixels)
            return features
        with self._slots.active(None):
            features = self.image_tower(pixels)
        return features

    def _batches(self, images: Sequence[NDArray[np.uint8]]) -> Iterator[ImageFeatures]:
        for start in range(0, len(images), BATCH):
            yield self.image_features(images[start : start + BATCH])

    def _patches(self, features: ImageFeatures) -> Tensor:
        joined = join_levels([features.levels[i].float() for i in self.levels])
        return joined.permute(0, 2, 3, 1).contiguous()


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


def middle_levels(count: int, convolutional: bool) -> tuple[int, int]:
    """Which two of `count` hidden states are used; state 0 is the embedding.

    Convolutional nets: the two stages before the last (PatchCore's second and third of four).
    ViTs: the blocks at one half and three quarters of the depth.
    """
    if convolutional:
        return max(count - 3, 0), max(count - 2, 0)
    return round((count - 1) * 0.5), round((count - 1) * 0.75)
