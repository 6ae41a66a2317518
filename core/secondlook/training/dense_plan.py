"""How long a dense head is learned, and at which rates."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.models.dense import DenseModel

PACE = 20
"""Steps by which the pace is measured; the rates fall only after them."""
MOST_STEPS = 6000
MARGIN = 0.95
"""Share of the time that is planned for: steps differ, and the last must still be taken."""


@dataclass(frozen=True, kw_only=True)
class DenseConfig:
    """How a dense head is learned.

    Small batches and these rates told textures of real steel, put onto held-out goods, better than
    twice the batch at half the rates in the same time.
    """

    seconds: float = 480.0
    """Where `steps` is None: as many as fit in this time, by the pace of the first ones."""
    steps: int | None = None
    """Exactly so many, however long they take: the same seed then learns the same to the bit."""
    least_steps: int = 1
    """Fewer are not begun: a head that hardly learned says nothing."""
    batch: int = 4
    head_rate: float = 4e-3
    lora_rate: float = 2e-3
    decay: float = 0.01
    warm_up: int = 100
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
    planned: int
    """More than `steps` where the machine slowed down, so that the time was up before."""
    loss: float
    """Mean over the last hundred steps."""
    seconds: float


class Plan:
    """How many steps are taken, and at which rates.

    Attributes:
        steps: at most so many.
        settled: whether their number is known; before, `steps` is but a bound.
    """

    def __init__(self, config: DenseConfig) -> None:
        self._config = config
        self._started = time.monotonic()
        self.settled = config.steps is not None
        self.steps = MOST_STEPS if config.steps is None else config.steps

    def goes_on(self, done: int) -> bool:
        """Whether another step follows after `done`; after the first ones their number is set."""
        spent = time.monotonic() - self._started
        if not self.settled and done == PACE:
            self.steps = min(MOST_STEPS, int(MARGIN * self._config.seconds * PACE / spent))
            self.settled = True
        late = self._config.steps is None and spent > self._config.seconds
        return self._enough and done < self.steps and not late

    def take_up(self, steps: int) -> None:
        """Keep to a number of steps that was set before."""
        self.steps, self.settled = steps, True

    def factor(self, step: int) -> float:
        """What the peak rates are multiplied by: a short warm-up, then half a cosine."""
        share = max(0, step - PACE) / max(1, self.steps - PACE)
        cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share))
        return cosine * min(1.0, (step + 1) / self._config.warm_up)

    def learned(self, model: DenseModel, losses: Sequence[float]) -> LearnedDense | None:
        """What came of it; None where too few steps were taken."""
        if len(losses) < max(1, self._config.least_steps):
            return None
        return LearnedDense(
            model=model,
            steps=len(losses),
            planned=self.steps,
            loss=float(np.mean(losses[-100:])),
            seconds=time.monotonic() - self._started,
        )

    @property
    def _enough(self) -> bool:
        return self.steps >= self._config.least_steps
