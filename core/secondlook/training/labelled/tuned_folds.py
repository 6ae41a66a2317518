"""LoRA on the folds on which the head was judged, and the choice between the two."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.calibration.answers import Unseen
from secondlook.models.fusion.inputs import Batch, take
from secondlook.training.checkpoint import Arrays, Checkpoint
from secondlook.training.crossval import LearnedHead
from secondlook.training.crossval_figures import answer_figures, losses_of
from secondlook.training.crossval_folds import STOPPING_FOLDS, Change, Folds, lacking, only
from secondlook.training.folds import grouped_folds
from secondlook.training.labelled.tuning import Tell, Tuned, Tuner
from secondlook.training.log import Log


@dataclass(frozen=True, kw_only=True, eq=False)
class TunedFolds:
    """What tuned heads say about the cases that they had not seen."""

    unseen: Unseen
    simulated: Unseen | None
    """The same cases given one modality alone, where they have several."""
    epochs: int
    """How many, over all cases, would see as many cases as was best in the folds."""


class FoldTuning:
    """Tunes one fold after the other and shares the time among those still to come."""

    def __init__(
        self,
        tuner: Tuner,
        features: Batch,
        learned: LearnedHead,
        checkpoint: Checkpoint,
        log: Log,
        *,
        seed: int,
        until: float,
    ) -> None:
        """`features` are those that `learned` was learned from."""
        self._tuner, self._features, self._learned = tuner, features, learned
        self._checkpoint, self._log, self._seed, self._until = checkpoint, log, seed, until

    def run(self, progress: Callable[[float], None]) -> TunedFolds:
        """All folds; those done before a kill are not done again."""
        folds, kept = self._learned.folds, []
        for k in range(len(folds.parts)):
            kept.append(self._checkpoint.step(f"fold-{k}", partial(self._fold, k)))
            progress((k + 1) / len(folds.parts))
        seen = np.median([float(x["epochs"][0] * x["cases"][0]) for x in kept])
        natural = self._unseen(kept, "all", None)
        parts = []
        for name in self._features if len(self._features) > 1 else ():
            shown = self._unseen(kept, f"only_{name}", only(name))
            parts.append(shown.where(lacking(self._features, name, natural, shown)))
        return TunedFolds(
            unseen=natural,
            simulated=Unseen.join(parts) if parts else None,
            epochs=round(float(seen) / len(folds.labels)),
        )

    def _fold(self, k: int) -> Arrays:
        folds, now = self._learned.folds, time.monotonic()
        head = self._learned.heads[k]
        rows = np.setdiff1d(np.arange(len(folds.labels)), folds.parts[k])
        stop = stopping_rows(folds, rows, self._learned.config.seed)
        tuned = self._tuner.tune(
            head,
            np.setdiff1d(rows, stop).tolist(),
            stop.tolist(),
            seed=self._seed + k,
            until=now + (self._until - now) / (len(folds.parts) - k + 1),
            epochs=None if len(stop) else max(1, self._tuner.config.epochs // 2),
            tell=teller(self._log, f"fold-{k}"),
        )
        changes = {f"only_{x}": only(x) for x in self._features if len(self._features) > 1}
        return {
            "all": self._logits(tuned, k, None),
            **{x: self._logits(tuned, k, y) for x, y in changes.items()},
            "epochs": np.array([tuned.epochs]),
            "cases": np.array([tuned.cases]),
        }

    @torch.no_grad()
    def _logits(self, tuned: Tuned, k: int, change: Change | None) -> NDArray[np.float32]:
        batches = self._tuner.batches(tuned, self._learned.folds.parts[k].tolist())
        parts = [tuned.head(x if change is None else change(x)).logits for x in batches]
        logits: NDArray[np.float32] = torch.cat(parts).numpy()
        return logits

    def _unseen(self, kept: list[Arrays], name: str, change: Change | None) -> Unseen:
        folds = self._learned.folds
        logits = np.zeros((len(folds.labels), len(folds.classes)), dtype=np.float32)
        names = np.empty(len(folds.labels), dtype=object)
        shown = self._features if change is None else change(self._features)
        for rows, arrays, head in zip(folds.parts, kept, self._learned.heads, strict=True):
            logits[rows] = arrays[name]
            names[rows] = head.patterns(take(shown, rows))
        return Unseen(logits=logits, labels=folds.labels, patterns=list(names), groups=folds.groups)


def stopping_rows(folds: Folds, rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Those of the rows that tell when to stop; none where a label is too rare for that."""
    try:
        parts = grouped_folds(
            folds.labels[rows], folds.classes, folds.groups[rows], folds=STOPPING_FOLDS, seed=seed
        )
    except ModelError:
        return rows[:0]
    return rows[parts[0]]


def choose_tuned(head: Unseen, tuned: Unseen, folds: Folds, alpha: float) -> tuple[bool, str]:
    """Whether the tuned heads are better, and the figures that say so.

    They are where their loss on unseen cases is less by more than one standard error of the
    paired difference over groups, and no fewer answers are right.
    """
    gain = losses_of(head, folds) - losses_of(tuned, folds)
    sums = np.bincount(folds.groups, weights=gain - gain.mean())
    error = float(np.sqrt((sums**2).sum())) / len(gain)
    right = [answer_figures(x, folds, alpha)["accuracy"] or 0.0 for x in (head, tuned)]
    better = bool(gain.mean() > error and right[1] >= right[0])
    said = (
        f"LoRA against the head alone on the same folds: accuracy {right[1]:.3f} against "
        f"{right[0]:.3f}, loss less by {gain.mean():.3f} (standard error {error:.3f})"
    )
    return better, f"{said}: {'LoRA is better' if better else 'the head alone is kept'}"


def teller(log: Log, name: str) -> Tell:
    """Writes what tuning tells into the log."""

    def tell(epoch: int, loss: float, held: float) -> None:
        figures = {"loss": loss} | ({"held_out_loss": held} if np.isfinite(held) else {})
        log.add(name, epoch, **figures)

    return tell
