"""A head that says for every place of a picture how much it looks like a defect.

It reads several hidden states of the backbone at once: fine ones to see where, coarse ones to see
what. Learned on goods with painted defects, as in Zavrtanik et al., "DRAEM", ICCV 2021.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from secondlook.errors import AdapterError
from secondlook.models.lora.blocks import find_blocks
from secondlook.models.lora.targets import find_targets
from secondlook.models.lora.trunk import trunk
from secondlook.models.lora.weights import LoraWeights
from secondlook.models.vision import PatchNetwork

WIDTH = 64


class DenseHead(nn.Module):
    """Hidden states (B, Di, hi, wi) to logits (B, h, w) on the finest of their grids."""

    def __init__(self, sizes: Sequence[int], width: int = WIDTH) -> None:
        """`sizes` are the channels Di of the states, finest first."""
        super().__init__()
        self.enter = nn.ModuleList(
            nn.Sequential(nn.Conv2d(size, width, 1), nn.GroupNorm(8, width)) for size in sizes
        )
        self.mix = nn.Sequential(
            nn.GELU(), nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(8, width), nn.GELU()
        )
        self.leave = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """Logits (B, h, w): above 0 is more likely a defect than not, on painted pictures."""
        grid = states[0].shape[-2:]
        parts = [
            functional.interpolate(enter(x), grid, mode="bilinear")
            for enter, x in zip(self.enter, states, strict=True)
        ]
        total = torch.stack(parts).sum(dim=0)
        logits: Tensor = self.leave(self.mix(total)).squeeze(1)
        return logits


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
        """One that knows nothing yet; with `last` = 0 the backbone will stay as it is."""
        sizes = vision.level_sizes
        levels = dense_levels(len(sizes), convolutional=len(set(sizes)) > 1)
        tower = vision.image_tower.model
        lora = None
        if last:
            beyond = len(find_blocks(tower).blocks) - len(
                find_blocks(trunk(tower, levels[-1])).blocks
            )
            lora = LoraWeights.fresh(
                tower,
                find_targets(trunk(tower, levels[-1]), last),
                rank=rank,
                alpha=alpha,
                last=last + beyond,
                backbone=vision.ref.fingerprint,
                seed=seed,
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            head = DenseHead([sizes[i] for i in levels])
        return cls(head=head, levels=levels, lora=lora, name=f"dense-{uuid4().hex}")

    def logits(self, vision: PatchNetwork, batch: Tensor) -> Tensor:
        """(B, h, w) for pictures as `vision.prepare` gives them."""
        states = vision.states(batch, self.levels[-1], self._bound(vision))
        logits: Tensor = self.head([states[i].float() for i in self.levels])
        return logits

    @torch.inference_mode()
    def map(self, vision: PatchNetwork, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(h, w) logits of one picture (H, W, 3)."""
        values: NDArray[np.float32] = self.logits(vision, vision.prepare([image]))[0].numpy()
        return values

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

        Raises AdapterError where the files are missing, damaged or of another backbone.
        """
        try:
            weights = load_file(path)
            sizes = [weights[f"enter.{i}.0.weight"].shape[1] for i in range(len(levels))]
            head = DenseHead(sizes, width=weights["leave.weight"].shape[1])
            head.load_state_dict(weights)
        except (OSError, SafetensorError, KeyError, IndexError, RuntimeError) as error:
            raise AdapterError(
                f"{path} is no dense head for {len(levels)} hidden states "
                f"({type(error).__name__}): restore it from a copy or learn again"
            ) from error
        lora = LoraWeights.load(path.parent, fingerprint=backbone) if backbone else None
        return cls(head=head.eval().requires_grad_(False), levels=levels, lora=lora, name=name)

    def _bound(self, vision: PatchNetwork) -> str | None:
        if self.lora is None:
            return None
        lora = self.lora
        vision.slots.bind(self.name, lambda: lora)
        return self.name


def dense_levels(count: int, convolutional: bool) -> tuple[int, ...]:
    """Which of `count` hidden states are read, finest first; state 0 is the embedding.

    Convolutional nets: all stages but the last. ViTs: blocks at a quarter, half and three
    quarters of the depth.
    """
    if convolutional:
        return tuple(range(1, max(count - 1, 2)))
    return tuple(sorted({max(1, round((count - 1) * x)) for x in (0.25, 0.5, 0.75)}))
