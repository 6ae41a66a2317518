"""From goods to what a dense model is learned on: by reading and banks, or taken up again."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.bank import PatchBank, Scored
from secondlook.models.gate import Gate, signature
from secondlook.models.goods_condition import Condition, Measures
from secondlook.training.aside import Aside
from secondlook.training.bank_plan import LEAST_LOOKS, BankPlan, plan_bank
from secondlook.training.goods_bank import Looks, held_back_looks, whole_bank
from secondlook.training.goods_embed import Read, Reading, Stream, resized
from secondlook.training.goods_few import threshold_of
from secondlook.training.goods_known import STEP, Known
from secondlook.training.goods_run import GoodsRun
from secondlook.training.goods_suspects import find_suspects
from secondlook.training.goods_tiles import to_paint_on
from secondlook.training.judging import PAINTED, Painted, painted_on
from secondlook.training.pools import Pictures

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
    """Those to paint on, or their tiles; none is set aside."""
    condition: Condition
    """How the goods were taken."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Round:
    """Banks and what they say of held-back goods."""

    plan: BankPlan
    aside: Aside
    apart: Pictures
    painted: Painted
    bank: PatchBank
    looks: Looks
    slowed: str | None


def ground_of(read: Read, reading: Reading, run: GoodsRun) -> Ground:
    """The bank, the gate and what banks say of held-back goods, in a share of the time left.

    Raises ModelError where the goods all look the same.
    """
    rounds = 2 if run.config.drop_suspects else 1
    seconds = _bank_seconds(read, reading, run) / rounds
    plan = plan_bank(read.pool, read.held, run.config.bank, seconds)
    run.steps.settle(len(read.names) + rounds * len(plan.numbers))
    done = _round(read, plan, (), seconds, run)
    checked, suspects = len(done.looks.plain), find_suspects(done.looks.plain)
    dropped = tuple(x.number for x in suspects) if run.config.drop_suspects else ()
    if dropped:
        left = tuple(x for x in plan.numbers if x not in dropped)
        done = _round(read, replace(plan, numbers=left), dropped, seconds, run)
    read.pool.clear()
    _check_spread(done.looks.plain)
    kept_from = (*done.aside.all, *dropped)
    shelf = read.shelf.without(kept_from) if read.shelf is not None else {}
    known = Known(
        bank=done.bank,
        gate=_gate(read, done.plan),
        looks=done.looks,
        reading=reading,
        numbers=done.plan.numbers,
        shelf=tuple(shelf),
        folds=min(plan.config.folds, len(done.looks.plain)),
        suspects=suspects,
        checked=checked,
        dropped=dropped,
        notes=tuple(x for x in (plan.note, done.slowed) if x),
    )
    goods = list(shelf.values())
    return _ground(known, (done.aside, done.apart, done.painted), goods, read.measures, run)


def ground_again(known: Known, stream: Stream, run: GoodsRun) -> Ground:
    """The same from what was known before; its pictures are read again, but not embedded.

    Raises ModelError where `stream` gives other pictures than before; then it is forgotten.
    """
    aside = _aside(known.numbers, known.names, run)
    pictures = _read_again({*aside.all, *known.shelf}, stream, run)
    _check_same(known, stream, run)
    apart = {i: pictures[i] for i in aside.all}
    goods = [pictures[i] for i in known.shelf]
    painted = _painted(aside, apart, run)
    return _ground(known, (aside, apart, painted), goods, stream.measures, run)


def _bank_seconds(read: Read, reading: Reading, run: GoodsRun) -> float:
    """A share of the time that is left, and of a dense model's judging first."""
    if read.shelf is None:
        return BANK_ALONE * run.clock.left
    return BANK * (run.clock.left - PAINTED * reading.pace)


def _aside(numbers: Sequence[int], names: Sequence[str], run: GoodsRun) -> Aside:
    return Aside.of(numbers, len(names), run.config.set_aside)


def _painted(aside: Aside, apart: Pictures, run: GoodsRun) -> Painted:
    return painted_on({i: apart[i] for i in aside.judges}, run.config.seed)


def _round(
    read: Read, plan: BankPlan, dropped: Sequence[int], seconds: float, run: GoodsRun
) -> _Round:
    """The whole bank in half of the time, and looks by others in the rest; a note if it is late."""
    aside = _aside(plan.numbers, read.names, run) if read.shelf is not None else Aside()
    apart = read.held.pictures(aside.all)
    painted = _painted(aside, apart, run)
    late, over = run.clock.end_of(seconds / 2), run.clock.end_of(seconds)
    bank = whole_bank(read.pool, read.names, plan.config, late, dropped)
    slow = late()
    looks = held_back_looks(
        read.pool,
        read.held,
        plan,
        read.names,
        run.steps.one,
        painted,
        run.vision.patches,
        over,
        dropped,
    )
    slow |= len(looks.plain) < len(plan.numbers)
    return _Round(
        plan=plan,
        aside=aside,
        apart=apart,
        painted=painted,
        bank=bank,
        looks=looks,
        slowed=SLOWED if slow else None,
    )


def _read_again(wanted: AbstractSet[int], stream: Stream, run: GoodsRun) -> Pictures:
    pictures: Pictures = {}
    for number, pixels in enumerate(resized(stream, run.vision)):
        if number in wanted:
            pictures[number] = pixels
        run.steps.one()
    return pictures


def _check_same(known: Known, stream: Stream, run: GoodsRun) -> None:
    if tuple(stream.names) != known.names:
        run.checkpoint.drop(STEP)
        raise ModelError(
            f"the goods changed since learning was cut off: {len(known.names)} pictures were read "
            f"then, and now {len(stream.names)} others; learn again"
        )


def _ground(
    known: Known,
    kept: tuple[Aside, Pictures, Painted],
    goods: Sequence[NDArray[np.uint8]],
    measures: Sequence[Measures],
    run: GoodsRun,
) -> Ground:
    aside, apart, painted = kept
    left = [x for i, x in enumerate(measures) if i not in set(known.dropped)]
    return Ground(
        known=known,
        aside=_looked_at(aside, known.looks),
        apart=apart,
        painted=painted,
        goods=to_paint_on(goods, run.vision),
        condition=Condition.of(left),
    )


def _looked_at(aside: Aside, looks: Looks) -> Aside:
    """Those that banks have looked at; none where too few to calibrate or judge anything."""
    found = aside.within(looks.plain)
    least = min(LEAST_LOOKS, len(aside.calibrating))
    return found if found.judges and len(found.calibrating) >= least else Aside()


def _gate(read: Read, plan: BankPlan) -> Gate:
    return Gate.fit(np.stack([signature(read.held.patches(i)) for i in plan.numbers]))


def _check_spread(looks: Mapping[int, Scored]) -> None:
    usual = threshold_of([x.score for x in looks.values()]).value
    if usual < 1e-3:
        raise ModelError(
            f"the goods all look the same to the backbone (threshold {usual:.2g}), so "
            "nothing can be told apart: give pictures of different good parts"
        )
