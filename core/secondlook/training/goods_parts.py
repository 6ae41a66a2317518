"""The parts of an adapter learned from goods, and the scores that calibrate it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from secondlook.models.goods import GoodsPart
from secondlook.training.dense_state import DenseState
from secondlook.training.goods_dense import Outcome, Student, learn_part
from secondlook.training.goods_ground import Ground
from secondlook.training.goods_run import GoodsRun
from secondlook.training.judging import PAINTED

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


def learn_parts(ground: Ground, student: Student | None, run: GoodsRun, state: DenseState) -> Parts:
    """Bank and gate, and a dense model where there is a student, enough goods and time."""
    known = ground.known
    part = GoodsPart(bank=known.bank, gate=known.gate, tiles=run.tiles, condition=ground.condition)
    scores, outcome = [x.score for x in known.looks.plain.values()], Outcome(metrics={})
    if student is not None and not ground.aside.all:
        outcome = Outcome(note=UNADAPTED, metrics={})
    elif student is not None:
        outcome = _dense(student, ground, run, state)
    if outcome.dense is not None:
        part = replace(part, dense=outcome.dense.model, units=outcome.dense.units)
        scores = outcome.dense.scores
    return Parts(
        part=part,
        scores=scores,
        metrics={**_metrics(scores, known.folds), **outcome.metrics},
        notes=(*known.notes, outcome.note),
    )


def _dense(student: Student, ground: Ground, run: GoodsRun, state: DenseState) -> Outcome:
    run.steps.more(DENSE_STEPS)
    after = LOOK * ground.known.reading.pace * (len(ground.aside.all) + PAINTED)
    outcome = learn_part(
        student,
        ground,
        run.config.dense_in(max(0.0, run.clock.left - after)),
        least_gain=run.config.least_gain,
        steps=run.steps,
        state=state,
    )
    run.steps.share(1.0)
    return outcome


def _metrics(scores: list[float], folds: int) -> dict[str, float]:
    values = np.asarray(scores)
    return {
        "held_back_median": float(np.median(values)),
        "held_back_max": float(values.max()),
        "folds": float(folds),
    }
