"""The dense part of an adapter learned from goods, and whether it is worth its place."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from secondlook.errors import AdapterError, BackboneError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.dense import DenseModel
from secondlook.models.goods import Unit, combined, dense_map, network_of
from secondlook.models.vision import PatchNetwork
from secondlook.training.aside import Aside
from secondlook.training.dense import fresh_dense, learn_dense
from secondlook.training.dense_plan import DenseConfig
from secondlook.training.dense_state import DenseState
from secondlook.training.goods_config import GoodsConfig
from secondlook.training.goods_embed import Read
from secondlook.training.goods_ground import Ground
from secondlook.training.judging import auroc_of
from secondlook.training.progress import Steps


@dataclass(frozen=True, kw_only=True, eq=False)
class Student:
    """The network to adapt, and what learning begins with."""

    vision: VisionBackbone
    """As it looks at the goods; `network` is inside of it."""
    network: PatchNetwork
    fresh: DenseModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense:
    """A dense model that is kept, and the scores that calibrate both looks together."""

    model: DenseModel
    units: tuple[Unit, Unit]
    scores: list[float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What came of it: a dense part, or a sentence that says why there is none."""

    dense: Dense | None = None
    note: str | None = None
    metrics: Mapping[str, float]


def find_student(vision: VisionBackbone, config: DenseConfig) -> tuple[Student | None, str | None]:
    """The network to adapt, or a sentence that says why there is none; it looks once to see."""
    try:
        network = network_of(vision)
        fresh = fresh_dense(network, config)
        fresh.map(network, np.zeros((*network.prepare.size, 3), dtype=np.uint8))
        fresh.forget(network)
    except (AdapterError, BackboneError) as error:
        return None, f"The backbone was not adapted, so the bank stands alone: {error}."
    return Student(vision=vision, network=network, fresh=fresh), None


def able(
    student: Student | None, read: Read, pace: float, config: GoodsConfig, seconds: float
) -> tuple[Student | None, str | None]:
    """The student, if there are goods and time enough, or a sentence that says what lacks.

    A step takes at least as long as reading and embedding its pictures, `pace` seconds for each.
    """
    if student is None:
        return None, None
    count, dense = len(read.names), config.dense
    aside = Aside.of(read.held.numbers, count, config.set_aside)
    if count < config.least_painted or not aside.enough:
        return None, (
            f"The backbone was not adapted, so the bank stands alone: of {count} goods "
            f"{len(aside.calibrating)} would calibrate it; give at least {config.least_painted}."
        )
    least = dense.least_steps * dense.batch * pace
    if dense.steps is None and least > seconds:
        return None, (
            f"The backbone was not adapted, so the bank stands alone: {dense.least_steps} steps "
            f"take about {least:.0f} seconds here; give more minutes."
        )
    return student, None


def learn_part(
    student: Student,
    ground: Ground,
    config: DenseConfig,
    *,
    least_gain: float,
    steps: Steps,
    state: DenseState,
) -> Outcome:
    """Learn a dense model from the goods of `ground`, and keep it if it helps.

    `least_gain` is the AUROC on painted judges that it must add to that of the bank alone.
    """
    learned = learn_dense(
        ground.goods,
        vision=student.network,
        config=config,
        progress=steps.share,
        fresh=student.fresh,
        state=state,
    )
    if learned is None:
        note = f"there was no time for {config.least_steps} steps; give more minutes"
        return Outcome(note=f"The backbone was not adapted: {note}.", metrics={})
    spent = {"dense_steps": float(learned.steps), "dense_loss": learned.loss}
    try:
        found = _settled(learned.model, student.vision, ground, least_gain)
    finally:
        learned.model.forget(student.network)
    return Outcome(dense=found.dense, note=found.note, metrics={**spent, **found.metrics})


def _settled(
    model: DenseModel, vision: VisionBackbone, ground: Ground, least_gain: float
) -> Outcome:
    pictures, looks, aside = ground.apart, ground.known.looks, ground.aside
    good = [(looks.plain[i], dense_map(model, vision, pictures[i])) for i in aside.judges]
    bad = [
        (look, dense_map(model, vision, picture))
        for i in aside.judges
        for look, picture in zip(looks.painted[i], ground.painted[i], strict=True)
    ]
    if not bad:
        note = "The adapted backbone was left out: no defect shows on the goods it is judged by."
        return Outcome(note=note, metrics={})
    units = aside.units(looks.plain, [x for _, x in good])
    alone, whole = auroc_of(good, bad, units)
    metrics = {"painted_auroc_bank": alone, "painted_auroc_whole": whole}
    if not whole >= alone + least_gain:
        note = f"defects painted on good parts were told by it no better ({whole:.3f} AUROC) "
        note += f"than by the bank alone ({alone:.3f})"
        return Outcome(note=f"The adapted backbone was left out: {note}.", metrics=metrics)
    scores = [
        combined(looks.plain[i], dense_map(model, vision, pictures[i]), units).score
        for i in aside.calibrating
    ]
    return Outcome(dense=Dense(model=model, units=units, scores=scores), metrics=metrics)
