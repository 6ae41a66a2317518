"""Patch features of a frozen vision network, from several of its middle stages.

Roth et al., "Towards Total Recall in Industrial Anomaly Detection" (PatchCore), CVPR 2022,
arXiv 2106.08265: features of two middle stages, each averaged over its 3 x 3 neighbourhood,
brought to the finer grid and concatenated. Middle stages see texture and parts; the last ones
are bent towards the classes of their training. Unlike in the paper each stage is brought to unit
length first, so that the stage with the larger numbers does not drown the other: on synthetic
defects painted on held-out goods that told good from bad better.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from secondlook.assessments import BackboneRef
from secondlook.errors import BackboneError
from secondlook.models.adaptable import AdaptableNetwork
from secondlook.models.features import ImageFeatures
from secondlook.models.levels import join_levels
from secondlook.models.lora.trunk import trunk
from secondlook.models.pictures import Preprocessing
from secondlook.models.precision import laid_out
from secondlook.models.towers import ImageTower

CONV_SIDE = 256
BATCH = 16
BLANK = np.zeros((8, 8, 3), dtype=np.uint8)
"""To see what a network does with a picture."""


class PatchNetwork(AdaptableNetwork):
    """A `VisionBackbone` over a transformers vision model that can return hidden states.

    Attributes:
        prepare: turns pictures into what the tower takes.
        levels: the hidden states that patch features are made of.
        differentiable: whether gradients flow back to the pictures.
    """

    differentiable = True
    uses = ("patch features", "pooled image vectors")

    def __init__(
        self,
        model: nn.Module,
        ref: BackboneRef,
        prepare: Preprocessing,
        levels: Sequence[int],
        *,
        precision: str = "float32",
    ) -> None:
        """`model` is an ImageTower, or a transformers vision model without a projection."""
        super().__init__(model, ref, precision)
        self.prepare = prepare
        self.levels = tuple(levels)
        self._trunks: dict[int, ImageTower] = {}

    @property
    def preprocessing(self) -> str:
        """How pictures are made ready and in what precision they are seen, in words."""
        return f"{self.prepare.words}, {self.precision}"

    @cached_property
    def level_sizes(self) -> tuple[int, ...]:
        """Channels of every hidden state, the embedding first."""
        return tuple(x.shape[1] for x in self.image_features([BLANK]).levels)

    def states(self, batch: Tensor, level: int, adapter: str | None = None) -> tuple[Tensor, ...]:
        """Hidden states 0 to `level` as maps (B, D, h, w), with gradients into a bound adapter.

        `batch` is what `prepare` gives. No block behind the last of these states is run.

        Raises BackboneError where the network cannot be cut there.
        """
        with self.running(adapter):
            if level not in self._trunks:
                self._trunks[level] = self._cut(level)
            features: ImageFeatures = self._trunks[level](laid_out(batch, self.precision))
        return tuple(x.float() for x in features.levels)

    def _cut(self, level: int) -> ImageTower:
        tower = ImageTower(trunk(self.image_tower.model, level))
        try:
            with torch.no_grad():
                found = tower(self.prepare([BLANK]).to(self._dtype)).levels
            found[level]
        except Exception as error:  # a network that was cut in two fails in its own way
            raise BackboneError(
                f"the network of {self.ref.name} cannot be cut after hidden state {level} "
                f"({type(error).__name__}): use a ViT, CLIP, DINOv2, ConvNeXt or ResNet"
            ) from error
        return tower

    @torch.inference_mode()
    def patches(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features (B, h, w, D) of B pictures (H, W, 3), which may differ in size."""
        parts = [self.patches_of(self.prepare(x)) for x in _batches(images)]
        if not parts:
            return np.zeros((0, 0, 0, 0), dtype=np.float32)
        features: NDArray[np.float32] = torch.cat(parts).numpy()
        return features

    @torch.inference_mode()
    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors (B, P) of unit length, in the shared space where the backbone has one."""
        parts = [self.image_features(x).pooled for x in _batches(images)]
        if not parts:
            return np.zeros((0, self.image_tower.pooled_size), dtype=np.float32)
        unit: NDArray[np.float32] = functional.normalize(torch.cat(parts), dim=1).numpy()
        return unit

    @torch.inference_mode()
    def image_features(
        self, images: Sequence[NDArray[np.uint8]], adapter: str | None = None
    ) -> ImageFeatures:
        """Everything the tower says about one batch of pictures (B >= 1), without gradients.

        Args:
            adapter: bound LoRA weights to read with; None reads with the frozen backbone.
        """
        return self.look(self.prepare(images), adapter)

    @torch.inference_mode()
    def look(self, pixels: Tensor, adapter: str | None = None) -> ImageFeatures:
        """The same, in float32, of a batch (B, 3, H, W) that `prepare` made."""
        pixels = laid_out(pixels.to(self._dtype), self.precision)
        with self.running(adapter):
            features: ImageFeatures = self.image_tower(pixels)
        return _exact(features)

    @torch.inference_mode()
    def patches_of(self, pixels: Tensor) -> Tensor:
        """Features (B, h, w, D) of a batch (B, 3, H, W) that `prepare` made.

        Blocks behind the last state that they are made of are not run, where that says the same.
        """
        if self._short:
            states = self.states(pixels.to(self._dtype), max(self.levels))
        else:
            states = self.look(pixels).levels
        return self.joined(states)

    def joined(self, states: Sequence[Tensor]) -> Tensor:
        """Patch features (B, h, w, D) made of hidden states (B, Di, hi, wi), the embedding first."""
        joined = join_levels([states[i] for i in self.levels])
        return joined.permute(0, 2, 3, 1).contiguous()

    @cached_property
    def _short(self) -> bool:
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        pixels = self.prepare([noise])
        try:
            cut = self.states(pixels.to(self._dtype), max(self.levels))
        except BackboneError:
            return False
        whole = self.look(pixels).levels
        return all(torch.equal(cut[i], whole[i]) for i in self.levels)

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.image_tower.parameters()).dtype


def _batches(images: Sequence[NDArray[np.uint8]]) -> Iterator[Sequence[NDArray[np.uint8]]]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _exact(features: ImageFeatures) -> ImageFeatures:
    return ImageFeatures(
        levels=tuple(x.float() for x in features.levels),
        tokens=features.tokens.float(),
        pooled=features.pooled.float(),
    )
