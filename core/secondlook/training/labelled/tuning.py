"""LoRA in the last blocks of the tower that reads pictures, and the head above, learned together.

Hu et al., "LoRA", ICLR 2022, arXiv 2106.09685. Learning starts from a head that was learned on the
frozen features, so that the first answers are that head's, and ends with the weights that served
the cases held out best; these may be the first ones. Vectors are mixed rather than pictures
(Verma et al., "Manifold Mixup", ICML 2019, arXiv 1806.05236), because the frozen part runs once.
"""

import math
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from uuid import uuid4

import numpy as np
import torch
from torch import Tensor, nn

from secondlook.errors import ModelError
from secondlook.models.fusion.dropout import drop_modalities
from secondlook.models.fusion.head import FusionHead
from secondlook.models.fusion.inputs import Batch, ModalityBatch, presence, with_presence
from secondlook.models.fusion.losses import class_weights, task_loss
from secondlook.models.lora.weights import LoraWeights
from secondlook.models.vision import PatchNetwork
from secondlook.training.labelled.config import TuneConfig
from secondlook.training.labelled.material import Material
from secondlook.training.labelled.states import PictureStates

HALVINGS = 2
Tell = Callable[[int, float, float], None]
"""Called with the epoch, its loss and the loss on cases held out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned:
    """A head and the LoRA weights below it."""

    head: FusionHead
    lora: LoraWeights
    epochs: int
    """Epochs behind the weights that were kept; 0 where none was better than the start."""
    cases: int
    """How many cases each epoch saw."""
    part: int
    """Cases that fitted into memory at once."""


class Tuner:
    """Tunes copies of heads on rows of the same material."""

    def __init__(
        self, vision: PatchNetwork, states: PictureStates, material: Material, config: TuneConfig
    ) -> None:
        self.vision, self.states, self.material, self.config = vision, states, material, config
        self.views = material.views

    def tune(
        self,
        head: FusionHead,
        rows: Sequence[int],
        stop: Sequence[int],
        *,
        seed: int,
        until: float,
        epochs: int | None = None,
        tell: Tell | None = None,
    ) -> Tuned:
        """Learn from the cases `rows`; those in `stop` tell when to end.

        Args:
            until: when, by `time.monotonic`, it ends at the latest.
            epochs: stop after so many of the `config.epochs`.

        Raises ModelError where a few cases at once are too many for the memory.
        """
        name = f"tuning-{uuid4().hex}"
        fresh = fresh_weights(self.vision, self.states, self.config, seed)
        slots = self.vision.slots
        slots.bind(name, lambda: fresh)
        try:
            with torch.random.fork_rng(devices=[]), slots.training(name) as matrices:
                torch.manual_seed(seed)
                work = _Work(self, deepcopy(head), matrices, name, list(rows), seed)
                kept = work.run(list(stop), until, epochs or self.config.epochs, tell)
            return Tuned(
                head=work.head.eval().requires_grad_(False),
                lora=slots.weights(name),
                epochs=kept,
                cases=len(rows),
                part=work.part,
            )
        finally:
            slots.forget(name)

    @torch.no_grad()
    def batches(self, tuned: Tuned, rows: Sequence[int]) -> list[Batch]:
        """What the tuned head reads of these cases, in float32, a few at a time."""
        name = f"tuned-{uuid4().hex}"
        slots = self.vision.slots
        slots.bind(name, lambda: tuned.lora)
        try:
            return [self._batch(name, x) for x in _parts(rows, tuned.part)]
        finally:
            slots.forget(name)

    def _batch(self, name: str, rows: Sequence[int]) -> Batch:
        with self.vision.running(name):
            return self.material.batch(self.states, rows, [0] * len(rows))


class _Work:
    """One head, one set of LoRA matrices and their optimiser."""

    def __init__(
        self,
        tuner: Tuner,
        head: FusionHead,
        matrices: list[nn.Parameter],
        name: str,
        rows: list[int],
        seed: int,
    ) -> None:
        self.tuner, self.config, self.material = tuner, tuner.config, tuner.material
        self.head, self.matrices, self.name, self.rows = head, matrices, name, rows
        self.part = tuner.config.part
        self.generator = torch.Generator().manual_seed(seed)
        self.random = np.random.default_rng([seed, 11])
        labels, classes = self.material.labels[rows], len(head.config.classes)
        self.weights = class_weights(labels, classes)
        self.trained = [*head.requires_grad_(True).parameters(), *matrices]
        self.bf16 = self.config.bf16 and has_bf16()
        self.optimiser = torch.optim.AdamW(
            [
                {"params": list(head.parameters()), "lr": self.config.head_rate},
                {"params": matrices, "lr": self.config.lora_rate},
            ],
            weight_decay=self.config.decay,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda x: 0.5 * (1 + math.cos(math.pi * x / self.config.epochs)) + 1e-3
        )

    def run(self, stop: list[int], until: float, epochs: int, tell: Tell | None) -> int:
        """Learn, go back to the best weights, and say after how many epochs they were there."""
        best, kept, state = self._held_out(stop), 0, self._state()
        for epoch in range(1, min(epochs, self.config.epochs) + 1):
            loss = self._epoch(until)
            late = time.monotonic() > until
            if not math.isfinite(loss) or late and not stop:
                break  # half an epoch that nothing has checked is not kept
            held = self._held_out(stop)
            if tell is not None:
                tell(epoch, loss, held)
            if not stop or held < best:
                best, kept, state = held, epoch, self._state()
            if late or epoch - kept >= self.config.patience:
                break
        self._restore(state)
        return kept

    def _epoch(self, until: float) -> float:
        self.head.train()
        order = torch.randperm(len(self.rows), generator=self.generator).tolist()
        total = 0.0
        for batch in _parts([self.rows[i] for i in order], self.config.batch):
            total += self._step(batch) * len(batch)
            if time.monotonic() > until:
                break
        self.schedule.step()
        return total / len(order)

    def _step(self, rows: Sequence[int]) -> float:
        """One step of the optimiser. Where the memory ends, fewer cases at once are tried."""
        for halving in range(HALVINGS + 1):
            self.optimiser.zero_grad()
            try:
                loss = sum(self._gradients(x, len(rows)) for x in _parts(rows, self.part))
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if halving == HALVINGS or self.part == 1:
                    raise ModelError(
                        f"no memory for {self.part} cases at once: close other programs, use a "
                        "smaller backbone, or learn the head alone"
                    ) from error
                self.part = max(1, self.part // 2)
                continue
            torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
            self.optimiser.step()
            return loss
        raise AssertionError("the last try either gives or raises")

    def _gradients(self, rows: Sequence[int], whole: int) -> float:
        views = self._views(len(rows))
        with (
            self.tuner.vision.running(self.name),
            torch.autocast("cpu", torch.bfloat16, enabled=self.bf16),
        ):
            batch = self.material.batch(self.tuner.states, rows, views)
            # The head is small, and sums of many small numbers are not for bfloat16.
            with torch.autocast("cpu", enabled=False):
                loss = self._loss(batch, self.material.labels[rows]) * (len(rows) / whole)
            loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _views(self, count: int) -> list[int]:
        views: list[int] = self.random.integers(self.tuner.views, size=count).tolist()
        return views

    def _loss(self, batch: Batch, labels: Tensor) -> Tensor:
        mixed, order, share = self._mixed(batch)
        present = presence(mixed)
        loss = self._task(mixed, labels, order, share)
        if self.config.modality_dropout and present.shape[1] > 1:
            kept = drop_modalities(present, self.config.modality_dropout, self.generator)
            loss = loss + self._task(with_presence(mixed, kept), labels, order, share)
        return loss

    def _task(self, batch: Batch, labels: Tensor, order: Tensor, share: Tensor) -> Tensor:
        logits = self.head(batch).logits
        mine = task_loss(logits, labels, self.weights)
        its = task_loss(logits, labels[order], self.weights)
        return (share * mine + (1 - share) * its).mean()

    def _mixed(self, batch: Batch) -> tuple[Batch, Tensor, Tensor]:
        """Cases mixed with others (B,) that have the same modalities, by shares (B,)."""
        present = presence(batch)
        count = len(present)
        order = torch.randperm(count, generator=self.generator)
        share = torch.ones(count)
        if self.config.mixup:
            drawn = self.random.beta(self.config.mixup, self.config.mixup, count)
            larger = torch.from_numpy(np.maximum(drawn, 1 - drawn)).float()
            share = torch.where((present == present[order]).all(1), larger, share)
        mixed = {x: _mix(y, order, share) for x, y in batch.items()}
        return mixed, order, share

    @torch.no_grad()
    def _held_out(self, rows: list[int]) -> float:
        if not rows:
            return math.inf
        self.head.eval()
        losses = []
        for part in _parts(rows, self.part):
            with self.tuner.vision.running(self.name):
                batch = self.material.batch(self.tuner.states, part, [0] * len(part))
            losses.append(
                task_loss(self.head(batch).logits, self.material.labels[part], self.weights)
            )
        return float(torch.cat(losses).mean())

    def _state(self) -> tuple[dict[str, Tensor], list[Tensor]]:
        return deepcopy(self.head.state_dict()), [x.detach().clone() for x in self.matrices]

    def _restore(self, state: tuple[dict[str, Tensor], list[Tensor]]) -> None:
        self.head.load_state_dict(state[0])
        with torch.no_grad():
            for mine, its in zip(self.matrices, state[1], strict=True):
                mine.copy_(its)


def fresh_weights(
    vision: PatchNetwork, states: PictureStates, config: TuneConfig, seed: int
) -> LoraWeights:
    """LoRA weights that change nothing yet, in the last blocks of those that are read."""
    return LoraWeights.fresh(
        vision.image_tower.model,
        states.targets,
        rank=config.rank,
        alpha=config.alpha,
        last=states.last,
        backbone=vision.ref.fingerprint,
        seed=seed,
    )


def has_bf16() -> bool:
    """Whether the processor computes in bfloat16 itself; where it does not, that is slower."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or the system had no memory left; on processors torch has no class for it."""
    words = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        "not enough memory" in words or "out of memory" in words or "can't allocate" in words
    )


def _mix(modality: ModalityBatch, order: Tensor, share: Tensor) -> ModalityBatch:
    mine, its = modality.vectors(), modality.vectors()[order]
    return replace(modality, pooled=share[:, None] * mine + (1 - share[:, None]) * its)


def _parts(rows: Sequence[int], size: int) -> list[list[int]]:
    return [list(rows[i : i + size]) for i in range(0, len(rows), size)]
