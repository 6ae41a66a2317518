"""The bank of an adapter, and how unusual each good looks to a bank that has not seen it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from secondlook.models.bank import PatchBank, Scored, normalise
from secondlook.models.coreset import coreset
from secondlook.training.bank_plan import LEAST_LOOKS, LEAST_ROWS, BankConfig, BankPlan
from secondlook.training.held_back import HeldBack
from secondlook.training.pools import PatchPool

Late = Callable[[], bool]
"""Whether it is time to come to an end."""
Embed = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Looks:
    """What banks that have not seen a good say about it."""

    plain: dict[int, Scored] = field(default_factory=dict)
    """By number of the good."""
    painted: dict[int, list[Scored]] = field(default_factory=dict)
    """About the same goods with a defect painted on them, where some were."""


def choose_bank(
    pool: PatchPool,
    use: NDArray[np.bool_],
    names: list[str],
    config: BankConfig,
    late: Late = lambda: False,
) -> PatchBank:
    """A coreset of those patches of the pool that `use` (N,) marks; when it is late, a small one."""
    rows, origin = normalise(pool.rows[use]), pool.origin[use]
    limit = config.limit(len(rows))
    chosen = coreset(rows, limit, config.seed, lambda count: count >= LEAST_ROWS and late())
    return PatchBank(
        rows=np.ascontiguousarray(rows[chosen]), origin=origin[chosen], references=tuple(names)
    )


def whole_bank(
    pool: PatchPool,
    names: list[str],
    config: BankConfig,
    late: Late = lambda: False,
    dropped: Sequence[int] = (),
) -> PatchBank:
    """The bank of all goods but those that are dropped, by number."""
    return choose_bank(pool, ~np.isin(pool.origin, dropped), names, config, late)


def held_back_looks(
    pool: PatchPool,
    held: HeldBack,
    plan: BankPlan,
    names: list[str],
    step: Callable[[], None],
    painted: Mapping[int, Sequence[NDArray[np.uint8]]],
    embed: Embed,
    late: Late = lambda: False,
    dropped: Sequence[int] = (),
) -> Looks:
    """How a bank of the goods outside its fold sees each good that the plan looks at.

    Args:
        step: called after each good.
        painted: some of these goods with defects painted on them, each on its own picture.
        embed: patches (B, h, w, D) of pictures.
        late: whether it must come to an end; then 20 goods are enough.
        dropped: goods by number that no bank knows, and that the plan looks at no more.
    """
    folds = min(plan.config.folds, len(names))
    order = np.random.default_rng(plan.config.seed).permutation(len(names))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % folds
    looks = Looks()
    for k in range(folds):
        if len(looks.plain) >= LEAST_LOOKS and late():
            break
        use = (fold[pool.origin] != k) & ~np.isin(pool.origin, dropped)
        bank = choose_bank(pool, use, names, plan.config, late)
        for index in (x for x in plan.numbers if fold[x] == k):
            if len(looks.plain) >= LEAST_LOOKS and late():
                break
            looks.plain[index] = bank.score(held.patches(index))
            looks.painted[index] = [bank.score(embed([x])[0]) for x in painted.get(index, ())]
            step()
    return looks
