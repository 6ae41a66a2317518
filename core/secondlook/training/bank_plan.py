"""How large a bank is, how many folds calibrate it and on how many goods, in the time there is."""

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from secondlook.models.bank import nearest, normalise
from secondlook.models.coreset import coreset
from secondlook.training.held_back import HeldBack
from secondlook.training.pools import PatchPool

LEAST_LOOKS = 20
LEAST_ROWS = 500
TRIAL = (64, 192)
"""Rows of two trial banks: the difference of their times is the price of a row."""


@dataclass(frozen=True, kw_only=True)
class BankConfig:
    """How rows are chosen from the patches that were drawn."""

    rows: int
    share: float
    least_rows: int
    folds: int
    seed: int

    def limit(self, patches: int) -> int:
        """How many rows are chosen from so many patches."""
        return min(self.rows, max(self.least_rows, round(self.share * patches)))


@dataclass(frozen=True, kw_only=True)
class BankPlan:
    """What there is time for."""

    config: BankConfig
    numbers: tuple[int, ...]
    """The held-back goods that are looked at, in random order."""
    note: str | None = None
    """A sentence on what was left out."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What banks cost here, in seconds."""

    bank: float
    """Beginning one."""
    row: float
    """Each of its rows."""
    look: float
    """Comparing one picture with one row."""

    def cost(self, rows: int, folds: int, looks: int) -> float:
        """The whole bank, one for each fold, and the looks."""
        return (folds + 1) * (self.bank + rows * self.row) + looks * rows * self.look


def plan_bank(pool: PatchPool, held: HeldBack, config: BankConfig, seconds: float) -> BankPlan:
    """What fits in this time; without a limit everything, and no clock is looked at."""
    order = np.random.default_rng([config.seed, 7]).permutation(held.numbers)
    whole = BankPlan(config=config, numbers=tuple(int(x) for x in order))
    return whole if math.isinf(seconds) else fitted(whole, _pace(pool, held), pool, seconds)


def fitted(whole: BankPlan, pace: Pace, patches: int | PatchPool, seconds: float) -> BankPlan:
    """As much of the plan as fits: first fewer folds, then fewer looks, then fewer rows."""
    count = patches if isinstance(patches, int) else len(patches.origin)
    rows, folds, looks = whole.config.limit(count), whole.config.folds, len(whole.numbers)
    while folds > 2 and pace.cost(rows, folds, looks) > seconds:
        folds -= 1
    spare = seconds - pace.cost(rows, folds, 0)
    looks = min(looks, max(LEAST_LOOKS, int(spare / max(rows * pace.look, 1e-9))))
    over = pace.cost(rows, folds, looks) / max(seconds, 1e-9)
    rows = rows if over <= 1 else min(rows, max(LEAST_ROWS, int(rows / over)))
    return _said(whole, count, rows, folds, looks)


def _said(whole: BankPlan, patches: int, rows: int, folds: int, looks: int) -> BankPlan:
    before = whole.config.folds, len(whole.numbers), whole.config.limit(patches)
    if (folds, looks, rows) == before:
        return whole
    said = ", ".join(
        f"{new} {what} instead of {old}"
        for new, old, what in zip(
            (folds, looks, rows), before, ("folds", "held-back goods", "bank rows"), strict=True
        )
        if new != old
    )
    return replace(
        whole,
        config=replace(whole.config, folds=folds, rows=min(whole.config.rows, rows)),
        numbers=whole.numbers[:looks],
        note=f"Time was short for the bank: {said}. Give more minutes for all of it.",
    )


def _pace(pool: PatchPool, held: HeldBack) -> Pace:
    times = [_seconds(pool, x) for x in TRIAL]
    some = normalise(pool.rows[: 8 * TRIAL[1]])
    patches = held.patches(held.numbers[0])
    started = time.monotonic()
    nearest(normalise(patches.reshape(-1, patches.shape[-1])), some)
    return Pace(
        bank=times[0],
        row=max(0.0, times[1] - times[0]) / (TRIAL[1] - TRIAL[0]),
        look=(time.monotonic() - started) / len(some),
    )


def _seconds(pool: PatchPool, rows: int) -> float:
    started = time.monotonic()
    coreset(normalise(pool.rows), rows, 0)
    return time.monotonic() - started
