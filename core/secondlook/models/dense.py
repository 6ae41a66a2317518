"""A head that says for every place of a picture how much it looks like a defect.

It reads several hidden states of the backbone at once: fine ones to see where, coarse ones to see
what. Learned on goods with painted defects, as in Zavrtanik et al., "DRAEM", ICCV 2021.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from secondlook.errors import AdapterError
from secondlook.models.dense_head import DenseHead, dense_levels
from secondlook.models.lora.blocks import find_blocks
from secondlook.models.lora.targets import find_targets
from secondlook.models.lora.trunk import trunk
from secondlook.models.lora.weights import LoraWeights
from secondlook.models.vision import PatchNetwork

__all__ = ["DenseHead", "DenseModel", "dense_levels"]


@dataclass(frozen=True, kw_only=True, eq=False)
class DenseModel:
    """A dense head, the hidden states it reads, and the LoRA weights it was learned with."""

    head: DenseHead
    levels: tuple[int, ...]
    lora: LoraWeights | None
    name: str
    """What the LoRA weights are called in the backbone's slots."""

    @classmethod
    def fresh(
        cls, vision: PatchNetwork, *, rank: int, alpha: int, last: int, seed: int
    ) -> "DenseModel":
        """One that knows nothing yet; with `last` = 0 the backbone will stay as it is.

        LoRA changes the last `last` blocks that the head needs, or all where they are fewer.

        Raises BackboneError or AdapterError where this backbone cannot be adapted.
        """
        sizes = vision.level_sizes
        levels = dense_levels(len(sizes), convolutional=len(set(sizes)) > 1)
        tower = vision.image_tower.model
        lora = None
        if last:
            needed = trunk(tower, levels[-1])
            count = len(find_blocks(needed).blocks)
            lora = LoraWeights.fresh(
                tower,
                find_targets(needed, min(last, count)),
                rank=rank,
                alpha=alpha,
                last=min(last, count) + len(find_blocks(tower).blocks) - count,
                backbone=vision.ref.fingerprint,
                seed=seed,
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            head = DenseHead([sizes[i] for i in levels])
        return cls(head=head, levels=levels, lora=lora, name=f"dense-{uuid4().hex}")

    def logits(self, vision: PatchNetwork, batch: Tensor) -> Tensor:
        """(B, h, w) for pictures as `vision.prepare` gives them."""
        return self._run(vision, batch, self._bound(vision))

    def map(self, vision: PatchNetwork, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(h, w) logits of one picture (H, W, 3)."""
        name = self._bound(vision)  # in inference mode its matrices could never be learned again
        with torch.inference_mode():
            values: NDArray[np.float32] = self._run(vision, vision.prepare([image]), name)[
                0
            ].numpy()
        return values

    def forget(self, vision: PatchNetwork) -> None:
        """Take the LoRA weights out of the backbone; they come back with the next look."""
        if self.lora is not None:
            vision.slots.forget(self.name)

    @contextmanager
    def training(self, vision: PatchNetwork) -> Iterator[list[nn.Parameter]]:
        """Inside, gradients flow into the LoRA matrices, which are given; none without LoRA."""
        name = self._bound(vision)
        if name is None:
            yield []
            return
        with vision.slots.training(name) as matrices:
            yield matrices

    def settled(self, vision: PatchNetwork) -> "DenseModel":
        """A copy with the LoRA weights as they are in the backbone now."""
        self.head.eval().requires_grad_(False)
        if self.lora is None:
            return self
        return replace(self, lora=vision.slots.weights(self.name))

    def save(self, path: Path) -> None:
        """Write the head to a safetensors file and the LoRA weights beside it."""
        save_file({k: v.contiguous() for k, v in self.head.state_dict().items()}, path)
        if self.lora is not None:
            self.lora.save(path.parent)

    @classmethod
    def load(
        cls, path: Path, *, levels: tuple[int, ...], backbone: str | None, name: str
    ) -> "DenseModel":
        """Read what `save` wrote; `backbone` is its fingerprint, None where there is no LoRA.

        Raises AdapterError where the files are missing, damaged or of another backbone, or for
        levels that no head reads.
        """
        try:
            if not levels or levels[0] < 0 or any(x >= y for x, y in pairwise(levels)):
                raise ValueError(f"levels {levels}")
            weights = load_file(path)
            sizes = [weights[f"enter.{i}.0.weight"].shape[1] for i in range(len(levels))]
            head = DenseHead(sizes, width=weights["leave.weight"].shape[1])
            head.load_state_dict(weights)
        except (OSError, SafetensorError, LookupError, ValueError, RuntimeError) as error:
            raise AdapterError(
                f"{path} is no dense head for the hidden states {levels} "
                f"({type(error).__name__}): restore it from a copy or learn again"
            ) from error
        lora = LoraWeights.load(path.parent, fingerprint=backbone) if backbone else None
        return cls(head=head.eval().requires_grad_(False), levels=levels, lora=lora, name=name)

    def _run(self, vision: PatchNetwork, batch: Tensor, name: str | None) -> Tensor:
        states = vision.states(batch, self.levels[-1], name)
        logits: Tensor = self.head([states[i].float() for i in self.levels])
        return logits

    def _bound(self, vision: PatchNetwork) -> str | None:
        if self.lora is None:
            return None
        lora = self.lora
        vision.slots.bind(self.name, lambda: lora)
        return self.name
