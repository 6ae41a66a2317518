"""Training a fusion head on features that are already there."""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from secondlook.errors import ModelError
from secondlook.models.fusion.dropout import drop_modalities
from secondlook.models.fusion.head import FusionConfig, FusionHead, FusionName
from secondlook.models.fusion.inputs import (
    Batch,
    ModalitySpec,
    presence,
    rows_of,
    take,
    with_presence,
)
from secondlook.models.fusion.losses import (
    auxiliary_loss,
    class_weights,
    distillation,
    task_loss,
)
from secondlook.training.folds import Labels
from secondlook.training.linear import fit_linear

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """How a head is trained. The defaults suit a few hundred cases on one CPU core."""

    fusion: FusionName = "gated"
    strength: float = 0.01
    """Of a linear head: how little its weights are held small."""
    damped: tuple[str, float] | None = None
    """Of a linear head: a modality whose numbers count less by this factor; by 0 they count not."""
    unused: tuple[str, ...] = ()
    """Modalities that count only where nothing else is there."""
    hidden: int = 256
    epochs: int = 60
    patience: int = 12
    """Epochs without a better held-out loss before training stops."""
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    dropout: float = 0.2
    modality_dropout: float = 0.25
    auxiliary: float = 0.3
    """Weight of the heads of single modalities in the loss."""
    attention: tuple[str, ...] = ()
    """Modalities whose tokens are weighted by what is learned, instead of alike."""
    distill: float = 0.3
    """Weight of the agreement between the full answer and the one with modalities dropped."""
    balanced: bool = True
    """Whether rare labels count as much as frequent ones in the loss."""
    seconds: float = 600
    """Time that training may take at most; one epoch is always done."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedHead:
    """A head and what training it took."""

    head: FusionHead
    epochs: int
    """Epochs behind the weights that were kept."""
    cases: int
    """How many cases each epoch saw."""
    loss: float
    """Mean loss on the cases held out, or else in the last epoch."""
    seconds: float


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """Cases that are not learned from and tell when to stop."""

    features: Batch
    labels: Labels


def train_head(
    features: Batch,
    labels: Labels,
    *,
    classes: Sequence[str],
    config: HeadConfig | None = None,
    held_out: HeldOut | None = None,
    epochs: int | None = None,
    progress: Progress | None = None,
) -> TrainedHead:
    """Train a head on the features of N cases that passed `check_features`, or on a part of them.

    AdamW with a cosine schedule over `config.epochs`. The same seed gives the same weights bit for
    bit on one thread, unless time runs out. A part may be the same for every case, as the manual
    that all parts of a product share: from it a head learns how frequent each label is.

    Args:
        labels: (N,) int64, one label a case, or (N, C) float32, several.
        held_out: the weights that serve these cases best are kept.
        epochs: stop after so many of the `config.epochs`.
        progress: called with (epochs done, epochs at most).
    """
    config = config or HeadConfig()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        head = FusionHead(_fusion_config(features, labels, classes, config))
        head.standardise(features)
        if config.fusion == "linear":
            return _linear(head, features, labels, config)
        return _Training(head, features, _tensor(labels), config).run(held_out, epochs, progress)


def _linear(head: FusionHead, features: Batch, labels: Labels, config: HeadConfig) -> TrainedHead:
    """Fitted in one go: no case need tell when to stop."""
    started = time.monotonic()
    head.prior.copy_(_prior(_tensor(labels), len(head.config.classes)))
    loss = fit_linear(
        head,
        features,
        labels,
        strength=config.strength,
        balanced=config.balanced,
        damped=dict([config.damped] if config.damped else []),
    )
    spent = time.monotonic() - started
    return TrainedHead(head=head.eval(), epochs=1, cases=len(labels), loss=loss, seconds=spent)


def check_features(features: Batch, labels: Labels) -> None:
    """Raises ModelError where nothing can be learned.

    Features that do not fit the labels, hold numbers that are not finite, or are the same for
    every case.
    """
    if rows_of(features) != len(labels):
        raise ModelError(f"{len(labels)} labels do not fit {rows_of(features)} cases of features")
    vectors = {name: x.vectors()[x.present] for name, x in features.items() if x.present.any()}
    for name, x in vectors.items():
        if not torch.isfinite(x).all():
            raise ModelError(
                f"some features of {name} are not finite: the backbone gives no usable values; "
                "check it with `secondlook backbones check`, or use another"
            )
    if all(torch.equal(x, x[:1].expand_as(x)) for x in vectors.values()):
        raise ModelError(
            f"all {len(labels)} cases look the same to the backbone in {sorted(features)}, so "
            "nothing can be told apart: give different pictures or records, or another backbone"
        )


@torch.no_grad()
def logits_of(head: FusionHead, features: Batch) -> NDArray[np.float32]:
    """Logits (N, C) of the answers to N cases."""
    logits: NDArray[np.float32] = head.eval()(features).logits.numpy()
    return logits


class _Training:
    """One head, its data and its optimiser."""

    def __init__(
        self, head: FusionHead, features: Batch, labels: Tensor, config: HeadConfig
    ) -> None:
        self.head, self.features, self.labels, self.config = head, features, labels, config
        classes = len(head.config.classes)
        self.weights = class_weights(labels, classes) if config.balanced else None
        head.prior.copy_(_prior(labels, classes))
        self.optimiser = torch.optim.AdamW(
            head.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, config.epochs)
        self.generator = torch.Generator().manual_seed(config.seed)

    def run(
        self, held_out: HeldOut | None, epochs: int | None, progress: Progress | None
    ) -> TrainedHead:
        started = time.monotonic()
        best, kept, state = float("inf"), 0, None
        most = min(self.config.epochs, epochs or self.config.epochs)
        for epoch in range(1, most + 1):
            loss = self._epoch()
            if held_out is not None:
                loss = self._loss(held_out)
            if held_out is None or loss < best:
                best, kept = loss, epoch
                state = deepcopy(self.head.state_dict()) if held_out is not None else None
            if progress is not None:
                progress(epoch, most)
            late = time.monotonic() - started > self.config.seconds
            if late or epoch - kept >= self.config.patience:
                break
        if state is not None:
            self.head.load_state_dict(state)
        return TrainedHead(
            head=self.head.eval(),
            epochs=kept,
            cases=len(self.labels),
            loss=best,
            seconds=time.monotonic() - started,
        )

    def _epoch(self) -> float:
        self.head.train()
        order = torch.randperm(len(self.labels), generator=self.generator)
        total = 0.0
        for rows in torch.split(order, self.config.batch):
            loss = self._step(take(self.features, rows), self.labels[rows])
            total += loss * len(rows)
        self.schedule.step()
        return total / len(order)

    def _step(self, batch: Batch, labels: Tensor) -> float:
        present = presence(batch)
        output = self.head(batch)
        loss = task_loss(output.logits, labels, self.weights).mean()
        loss = loss + self.config.auxiliary * auxiliary_loss(output, labels, present, self.weights)
        if self.config.modality_dropout and present.shape[1] > 1:
            kept = drop_modalities(present, self.config.modality_dropout, self.generator)
            dropped = self.head(with_presence(batch, kept)).logits
            loss = loss + task_loss(dropped, labels, self.weights).mean()
            multilabel = self.head.config.multilabel
            loss = loss + self.config.distill * distillation(
                output.logits, dropped, multilabel=multilabel
            )
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.head.parameters(), 1.0)
        self.optimiser.step()
        return float(loss.detach())

    @torch.no_grad()
    def _loss(self, held_out: HeldOut) -> float:
        output = self.head.eval()(held_out.features)
        labels = _tensor(held_out.labels)
        loss = task_loss(output.logits, labels, self.weights).mean()
        present = presence(held_out.features)
        extra = auxiliary_loss(output, labels, present, self.weights)
        return float(loss + self.config.auxiliary * extra)


def _fusion_config(
    features: Batch, labels: Labels, classes: Sequence[str], config: HeadConfig
) -> FusionConfig:
    return FusionConfig(
        modalities=tuple(ModalitySpec(name, x.size) for name, x in features.items()),
        classes=tuple(classes),
        multilabel=labels.ndim == 2,
        fusion=config.fusion,
        hidden=config.hidden,
        dropout=config.dropout,
        unused=config.unused,
        attention=tuple(x for x in config.attention if x in features and config.fusion != "linear"),
    )


def _prior(labels: Tensor, classes: int) -> Tensor:
    """(C,) logits of the frequencies of the labels, each counted once more than it occurs."""
    if labels.ndim == 2:
        rate = (labels.sum(0) + 1) / (len(labels) + 2)
        return rate.logit()
    counts = torch.bincount(labels, minlength=classes) + 1
    return (counts / counts.sum()).log()


def _tensor(labels: Labels) -> Tensor:
    return torch.from_numpy(np.array(labels, dtype=np.int64 if labels.ndim == 1 else np.float32))
