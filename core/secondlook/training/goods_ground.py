"""From goods to what a dense model is learned on: by reading and banks, or taken up again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.bank import Scored
from secondlook.models.calibration import calibrate
from secondlook.models.gate import Gate, signature
from secondlook.training.aside import Aside
from secondlook.training.bank_plan import LEAST_LOOKS, BankPlan, plan_bank
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.clock import Clock
from secondlook.training.goods_bank import Looks, held_back_looks, whole_bank
from secondlook.training.goods_config import GoodsConfig
from secondlook.training.goods_embed import Read, Reading, Stream, resized
from secondlook.training.goods_known import STEP, Known
from secondlook.training.judging import PAINTED, Painted, painted_on
from secondlook.training.pools import Pictures
from secondlook.training.progress import Steps

BANK, BANK_ALONE = 0.5, 0.9
"""Share of the time left after reading that the bank may take: before a dense model, or alone."""
SLOWED = (
    "The bank took longer than expected, so it is smaller or calibrated on fewer goods than "
    "planned: give more minutes, or learn again when the machine has less to do."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What a dense model is learned on, judged and calibrated on."""

    known: Known
    aside: Aside
    """Those that a bank has looked at; empty where no dense model follows."""
    apart: Pictures
    """The goods that are set aside, by number."""
    painted: Painted
    """The judges with defects on them."""
    goods: Sequence[NDArray[np.uint8]]
    """Those to paint on; none is set aside."""


def ground_of(
    read: Read,
    reading: Reading,
    vision: VisionBackbone,
    config: GoodsConfig,
    clock: Clock,
    steps: Steps,
) -> Ground:
    """The bank, the gate and what banks say of held-back goods, in a share of the time left.

    Raises ModelError where the goods all look the same.
    """
    dense = read.shelf is not None
    spare = clock.left - PAINTED * reading.pace if dense else clock.left
    share = BANK if dense else BANK_ALONE
    plan = plan_bank(read.pool, read.held, config.bank, spare * share)
    steps.settle(len(read.names) + len(plan.numbers))
    aside = Aside.of(plan.numbers, len(read.names), config.set_aside) if dense else Aside()
    apart = read.held.pictures(aside.all)
    painted = painted_on({i: apart[i] for i in aside.judges}, config.seed)
    half, end = (clock.spent + x * spare * share for x in (0.5, 1))
    bank = whole_bank(read.pool, read.names, plan.config, lambda: clock.spent > half)
    slow = clock.spent > half
    looks = held_back_looks(
        read.pool,
        read.held,
        plan,
        read.names,
        steps.one,
        painted,
        vision.patches,
        lambda: clock.spent > end,
    )
    read.pool.clear()
    _check_spread(looks.plain)
    slow |= len(looks.plain) < len(plan.numbers)
    shelf = read.shelf.without(aside.all) if read.shelf is not None else {}
    known = Known(
        bank=bank,
        gate=_gate(read, plan),
        looks=looks,
        reading=reading,
        numbers=plan.numbers,
        shelf=tuple(shelf),
        folds=min(plan.config.folds, len(looks.plain)),
        notes=tuple(x for x in (plan.note, SLOWED if slow else None) if x),
    )
    return Ground(
        known=known,
        aside=_looked_at(aside, looks),
        apart=apart,
        painted=painted,
        goods=list(shelf.values()),
    )


def ground_again(
    known: Known,
    stream: Stream,
    vision: VisionBackbone,
    config: GoodsConfig,
    step: Callable[[], None],
    checkpoint: Checkpoint,
) -> Ground:
    """The same from what was known before; its pictures are read again, but not embedded.

    Raises ModelError where `stream` gives other pictures than before; then it is forgotten.
    """
    aside = Aside.of(known.numbers, len(known.names), config.set_aside)
    wanted = {*aside.all, *known.shelf}
    pictures: Pictures = {}
    for number, pixels in enumerate(resized(stream, vision)):
        if number in wanted:
            pictures[number] = pixels
        step()
    if tuple(stream.names) != known.names:
        checkpoint.drop(STEP)
        raise ModelError(
            f"the goods changed since learning was cut off: {len(known.names)} pictures were read "
            f"then, and now {len(stream.names)} others; learn again"
        )
    apart = {i: pictures[i] for i in aside.all}
    return Ground(
        known=known,
        aside=_looked_at(aside, known.looks),
        apart=apart,
        painted=painted_on({i: apart[i] for i in aside.judges}, config.seed),
        goods=[pictures[i] for i in known.shelf],
    )


def _looked_at(aside: Aside, looks: Looks) -> Aside:
    """Those that banks have looked at; none where too few to calibrate or judge anything."""
    found = aside.within(looks.plain)
    least = min(LEAST_LOOKS, len(aside.calibrating))
    return found if found.judges and len(found.calibrating) >= least else Aside()


def _gate(read: Read, plan: BankPlan) -> Gate:
    return Gate.fit(np.stack([signature(read.held.patches(i)) for i in plan.numbers]))


def _check_spread(looks: Mapping[int, Scored]) -> None:
    usual = calibrate([x.score for x in looks.values()]).value
    if usual < 1e-3:
        raise ModelError(
            f"the goods all look the same to the backbone (threshold {usual:.2g}), so "
            "nothing can be told apart: give pictures of different good parts"
        )
