"""Learning to see defects from goods alone: a dense head and LoRA, on painted defects.

The network is told for every patch whether something was painted there. What it learns is less
the paint than what the goods look like without it (Schlueter et al. 2022, arXiv 2109.15222).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from secondlook.models.dense import DenseModel
from secondlook.models.vision import PatchNetwork
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.dense_plan import DenseConfig, LearnedDense, Plan
from secondlook.training.dense_state import Course, DenseState
from secondlook.training.painting import Painter, Sheet

__all__ = ["DenseConfig", "LearnedDense", "dense_loss", "fresh_dense", "learn_dense"]

Progress = Callable[[float], None]


def learn_dense(
    goods: Sequence[NDArray[np.uint8]],
    *,
    vision: PatchNetwork,
    config: DenseConfig | None = None,
    progress: Progress | None = None,
    fresh: DenseModel | None = None,
    state: DenseState | None = None,
) -> LearnedDense | None:
    """Learn from pictures (H, W, 3) of good parts, all of the size that the backbone takes.

    The rates follow the number of steps, never the clock: the same seed and number of steps learn
    the same, whether that number was given or followed from the time. None where fewer than
    `least_steps` would fit. The LoRA weights are in the backbone only while it learns.

    Args:
        progress: called with the share that is done.
        fresh: what to begin with; None makes it.
        state: keeps how far learning is, and takes up what was cut off. The steps that were
            planned then stay planned, as far as the time allows.
    """
    config = config or DenseConfig()
    model = fresh or fresh_dense(vision, config)
    painter = Painter(goods, seed=config.seed, painted=config.painted, kinds=config.kinds)
    try:
        with model.training(vision) as matrices:
            course = Course(
                head=model.head,
                matrices=matrices,
                optimizer=_optimizer(model, matrices, config),
                painter=painter,
                plan=Plan(config),
            )
            state = state or DenseState(Checkpoint(None, {}))
            state.restore(course)
            for loss in _losses(course, model, vision, config.batch):
                course.losses.append(loss)
                state.keep(course)
                if progress is not None:
                    progress(len(course.losses) / course.plan.steps)
        learned = model.settled(vision)
    finally:
        model.forget(vision)
    return course.plan.learned(learned, course.losses)


def _losses(course: Course, model: DenseModel, vision: PatchNetwork, batch: int) -> Iterator[float]:
    """Of one step after the other, until the plan ends."""
    while course.plan.goes_on(len(course.losses)):
        _set_rates(course.optimizer, course.plan.factor(len(course.losses)))
        yield _step(model, vision, course.painter(batch), course.optimizer)


def fresh_dense(vision: PatchNetwork, config: DenseConfig) -> DenseModel:
    """What learning begins with. Raises BackboneError or AdapterError as `DenseModel.fresh`."""
    return DenseModel.fresh(
        vision, rank=config.rank, alpha=config.alpha, last=config.last, seed=config.seed
    )


def _optimizer(
    model: DenseModel, matrices: list[torch.nn.Parameter], config: DenseConfig
) -> torch.optim.Optimizer:
    groups = [
        {"params": list(model.head.parameters()), "peak": config.head_rate},
        {"params": matrices, "peak": config.lora_rate},
    ]
    return torch.optim.AdamW([x for x in groups if x["params"]], weight_decay=config.decay)


def _set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


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
