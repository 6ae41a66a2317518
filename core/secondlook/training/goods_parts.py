"""From the goods that were read to the parts of an adapter and the scores that calibrate it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from secondlook.errors import ModelError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.bank import Scored
from secondlook.models.calibration import calibrate
from secondlook.models.gate import Gate, signature
from secondlook.models.goods import GoodsPart
from secondlook.training.aside import Aside
from secondlook.training.bank_plan import BankPlan, plan_bank
from secondlook.training.clock import Clock
from secondlook.training.goods_bank import held_back_looks, whole_bank
from secondlook.training.goods_config import GoodsConfig
from secondlook.training.goods_dense import (
    Apart,
    Outcome,
    Student,
    able,
    learn_part,
)
from secondlook.training.goods_embed import Read
from secondlook.training.judging import PAINTED, painted_on
from secondlook.training.progress import Steps

BANK, BANK_ALONE = 0.5, 0.9
"""Share of the time left after reading that the bank may take: before a dense model, or alone."""
SLOWED = (
    "The bank took longer than expected, so it is smaller or calibrated on fewer goods than "
    "planned: give more minutes, or learn again when the machine has less to do."
)
UNADAPTED = "The backbone was not adapted: the bank took the time that was left."
DENSE_STEPS = 100
"""What the dense model counts for in the progress."""
LOOK = 1.3
"""What a look with the dense model takes, in times of reading and embedding a picture."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """The parts of an adapter, and what they say about goods they have not seen."""

    part: GoodsPart
    scores: list[float]
    metrics: Mapping[str, float]
    notes: tuple[str | None, ...]


def learn_parts(
    read: Read,
    student: Student | None,
    vision: VisionBackbone,
    config: GoodsConfig,
    clock: Clock,
    steps: Steps,
) -> Parts:
    """Bank and gate, and a dense model where there is a student, enough goods and time."""
    student, few = able(student, read, config, (1 - BANK) * clock.left)
    spare = clock.left - PAINTED * read.pace if student else clock.left
    share = BANK if student else BANK_ALONE
    plan = plan_bank(read.pool, read.held, config.bank, spare * share)
    steps.settle(len(read.names) + len(plan.numbers))
    aside = Aside.of(plan.numbers, len(read.names), config.set_aside) if student else Aside()
    painted = painted_on(read.held.pictures(aside.judges), config.seed)
    half, end = (clock.spent + x * spare * share for x in (0.5, 1))
    bank = whole_bank(read.pool, read.names, plan.config, lambda: clock.spent > half)
    slow = SLOWED if clock.spent > half else None
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
    part = GoodsPart(bank=bank, gate=_gate(read, plan))
    scores, outcome = [x.score for x in looks.plain.values()], Outcome(note=few, metrics={})
    if len(looks.plain) < len(plan.numbers):
        student, slow, outcome = None, SLOWED, Outcome(note=few or UNADAPTED, metrics={})
    if student is not None:
        pictures = read.held.pictures(aside.all)
        apart = Apart(aside=aside, pictures=pictures, painted=painted, looks=looks)
        outcome = _dense(student, read, apart, config, clock, steps)
    if outcome.dense is not None:
        part = replace(part, dense=outcome.dense.model, units=outcome.dense.units)
        scores = outcome.dense.scores
    return Parts(
        part=part,
        scores=scores,
        metrics={**_metrics(scores, plan), **outcome.metrics},
        notes=(plan.note, slow, outcome.note),
    )


def _dense(
    student: Student, read: Read, apart: Apart, config: GoodsConfig, clock: Clock, steps: Steps
) -> Outcome:
    if read.shelf is None:
        return Outcome(metrics={})
    steps.more(DENSE_STEPS)
    after = LOOK * read.pace * (len(apart.aside.all) + PAINTED)
    outcome = learn_part(
        student,
        list(read.shelf.without(apart.aside.all).values()),
        apart,
        config.dense_in(max(0.0, clock.left - after)),
        least_gain=config.least_gain,
        steps=steps,
    )
    steps.share(1.0)
    return outcome


def _gate(read: Read, plan: BankPlan) -> Gate:
    return Gate.fit(np.stack([signature(read.held.patches(i)) for i in plan.numbers]))


def _check_spread(looks: Mapping[int, Scored]) -> None:
    usual = calibrate([x.score for x in looks.values()]).value
    if usual < 1e-3:
        raise ModelError(
            f"the goods all look the same to the backbone (threshold {usual:.2g}), so "
            "nothing can be told apart: give pictures of different good parts"
        )


def _metrics(scores: list[float], plan: BankPlan) -> dict[str, float]:
    values = np.asarray(scores)
    return {
        "held_back_median": float(np.median(values)),
        "held_back_max": float(values.max()),
        "folds": float(min(plan.config.folds, len(scores))),
    }
