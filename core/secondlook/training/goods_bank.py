"""The bank of an adapter, and how unusual each good looks to a bank that has not seen it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.models.bank import PatchBank, Scored, normalise
from secondlook.models.coreset import coreset
from secondlook.training.pools import HeldBack, PatchPool


@dataclass(frozen=True, kw_only=True)
class BankConfig:
    """How rows are chosen from the patches that were drawn."""

    rows: int
    share: float
    least_rows: int
    folds: int
    seed: int


def choose_bank(
    pool: PatchPool, use: NDArray[np.bool_], names: list[str], config: BankConfig
) -> PatchBank:
    """A coreset of those patches of the pool that `use` (N,) marks."""
    rows, origin = normalise(pool.rows[use]), pool.origin[use]
    limit = min(config.rows, max(config.least_rows, round(config.share * len(rows))))
    chosen = coreset(rows, limit, config.seed)
    return PatchBank(
        rows=np.ascontiguousarray(rows[chosen]), origin=origin[chosen], references=tuple(names)
    )


def whole_bank(pool: PatchPool, names: list[str], config: BankConfig) -> PatchBank:
    """The bank of all goods."""
    return choose_bank(pool, np.ones(len(pool.origin), dtype=bool), names, config)


def held_back_looks(
    pool: PatchPool,
    held: HeldBack,
    names: list[str],
    config: BankConfig,
    step: Callable[[], None],
) -> dict[int, Scored]:
    """Each held-back good, by number, as a bank of the goods outside its fold sees it."""
    folds = min(config.folds, len(names))
    order = np.random.default_rng(config.seed).permutation(len(names))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % folds
    looks: dict[int, Scored] = {}
    for k in range(folds):
        bank = choose_bank(pool, fold[pool.origin] != k, names, config)
        for index, patches in held:
            if fold[index] == k:
                looks[index] = bank.score(patches)
                step()
    return looks
