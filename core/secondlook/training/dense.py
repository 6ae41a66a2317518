"""Learning to see defects from goods alone: a dense head and LoRA, on painted defects.

The network is told for every patch whether something was painted there. What it learns is less
the paint than what the goods look like without it (Schlueter et al. 2022, arXiv 2109.15222).
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from secondlook.models.dense import DenseModel
from secondlook.models.vision import PatchNetwork
from secondlook.training.painting import Painter, Sheet

Progress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class DenseConfig:
    """How a dense head is learned."""

    seconds: float = 480.0
    """It stops after this time, or after `steps`."""
    steps: int = 3000
    batch: int = 8
    head_rate: float = 2e-3
    lora_rate: float = 1e-3
    decay: float = 0.01
    warm_up: int = 50
    rank: int = 16
    alpha: int = 32
    last: int = 4
    """LoRA changes the last so many blocks of those that the head reads; 0 changes none."""
    painted: float = 0.6
    kinds: tuple[str, ...] | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedDense:
    """A dense model and what learning it took."""

    model: DenseModel
    steps: int
    loss: float
    """Mean over the last hundred steps."""
    seconds: float


def learn_dense(
    goods: Sequence[NDArray[np.uint8]],
    *,
    vision: PatchNetwork,
    config: DenseConfig | None = None,
    progress: Progress | None = None,
) -> LearnedDense:
    """Learn from pictures (H, W, 3) of good parts, all of the size that the backbone takes.

    `progress` is called with the share that is done. The same seed and number of steps learn the
    same; with a time limit the number of steps depends on the machine.
    """
    config, started = config or DenseConfig(), time.monotonic()
    model = DenseModel.fresh(
        vision, rank=config.rank, alpha=config.alpha, last=config.last, seed=config.seed
    )
    painter = Painter(goods, seed=config.seed, painted=config.painted, kinds=config.kinds)
    losses: list[float] = []
    with model.training(vision) as matrices:
        optimizer = _optimizer(model, matrices, config)
        for share in _shares(config, started):
            _set_rates(optimizer, config, len(losses), share)
            losses.append(_step(model, vision, painter(config.batch), optimizer))
            if progress is not None:
                progress(share)
    return LearnedDense(
        model=model.settled(vision),
        steps=len(losses),
        loss=float(np.mean(losses[-100:])),
        seconds=time.monotonic() - started,
    )


def _optimizer(
    model: DenseModel, matrices: list[torch.nn.Parameter], config: DenseConfig
) -> torch.optim.Optimizer:
    groups = [
        {"params": list(model.head.parameters()), "peak": config.head_rate},
        {"params": matrices, "peak": config.lora_rate},
    ]
    return torch.optim.AdamW([x for x in groups if x["params"]], weight_decay=config.decay)


def _shares(config: DenseConfig, started: float) -> Iterator[float]:
    """How much of the steps or of the time is used up, whichever is more; ends at 1."""
    step = 0
    while True:
        spent = (time.monotonic() - started) / config.seconds
        share = max(step / config.steps, spent)
        if share >= 1 and step:
            return
        yield min(share, 1.0)
        step += 1


def _set_rates(
    optimizer: torch.optim.Optimizer, config: DenseConfig, step: int, share: float
) -> None:
    """A short warm-up, then half a cosine down to a fiftieth."""
    cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share))
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * cosine * min(1.0, (step + 1) / config.warm_up)


def _step(
    model: DenseModel, vision: PatchNetwork, sheet: Sheet, optimizer: torch.optim.Optimizer
) -> float:
    batch = vision.prepare(list(sheet.pixels))
    with torch.autocast("cpu", torch.bfloat16):
        logits = model.logits(vision, batch)
    loss = dense_loss(logits.float(), torch.from_numpy(sheet.masks))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())


def dense_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of logits (B, h, w) against painted masks (B, H, W).

    A patch is a defect by the share of it that was painted. Painted patches are few and the score
    of a picture is its largest value, so beside the plain mean there are the mean over painted
    patches and the mean over the worst fiftieth of the good patches of each picture.
    """
    cover = functional.adaptive_avg_pool2d(
        masks[:, None].float(), (logits.shape[-2], logits.shape[-1])
    ).squeeze(1)
    each = functional.binary_cross_entropy_with_logits(logits, cover, reduction="none")
    painted, good = cover > 0.25, cover < 0.02
    worst = each.masked_fill(~good, 0).flatten(1).topk(max(1, each[0].numel() // 50)).values
    total = each.mean() + 0.5 * worst.mean()
    return total + 0.5 * each[painted].mean() if painted.any() else total
