"""The second way to learn: LoRA, if there are pictures, a tower that can be cut, and time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from secondlook.errors import BackboneError, ModelError
from secondlook.models.backbones import TextBackbone
from secondlook.models.case_vectors import IMAGE
from secondlook.models.fusion.inputs import Batch
from secondlook.models.vision import PatchNetwork
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.crossval import LearnedHead
from secondlook.training.labelled.augment import picture_view, random_for
from secondlook.training.labelled.cases import Pixels
from secondlook.training.labelled.config import LabelledConfig, TuneConfig
from secondlook.training.labelled.material import material
from secondlook.training.labelled.reading import load_picture
from secondlook.training.labelled.readings import Readings
from secondlook.training.labelled.states import Look, PictureStates
from secondlook.training.labelled.tuned_folds import (
    FoldTuning,
    TunedFolds,
    choose_tuned,
    teller,
)
from secondlook.training.labelled.tuning import Tuned, Tuner
from secondlook.training.labelled.work import Work
from secondlook.training.log import Log

VIEWS_SHARE = 0.3
"""Of the time left, that augmented views may take at most."""
LEAST_EPOCHS = 3
STEP_COST = 0.5
"""What a step on a picture costs against reading it once; half of this in small networks."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of tuning."""

    reason: str
    folds: TunedFolds | None = None
    """None where it was not tried."""
    tuned: Tuned | None = None
    """Learned from all cases; None where the head alone is kept."""


class TuneStage:
    """Tunes on the folds of a head, compares, and tunes on all cases where that is better."""

    def __init__(
        self,
        vision: PatchNetwork | None,
        text: TextBackbone | None,
        config: LabelledConfig,
        checkpoint: Checkpoint,
        log: Log,
        until: float,
    ) -> None:
        self._vision, self._text, self._config = vision, text, config
        self._checkpoint, self._log, self._until = checkpoint, log, until

    def run(
        self,
        work: Work,
        learned: LearnedHead,
        progress: Callable[[float], None],
    ) -> Outcome:
        """The outcome; whatever keeps LoRA from being tried is its reason."""
        vision, tune = self._vision, self._config.tune
        if tune is None:
            return Outcome(reason="LoRA was not asked for: the head alone is kept")
        if vision is None or IMAGE not in work.features:
            return Outcome(reason="there are no pictures for LoRA: the head alone is kept")
        if IMAGE in learned.head.config.unused:
            return Outcome(
                reason="LoRA was not tried: the pictures told nothing beside the rest; the head "
                "alone is kept"
            )
        if work.attention:
            return Outcome(
                reason="LoRA was not tried: there are volumes, and their slices are read by the "
                "frozen backbone; the head was learned alone, and which slices count"
            )
        views = self._views(work.readings)
        lacking = self._lacking(work.readings, len(learned.folds.parts), views)
        if lacking is not None:
            return Outcome(reason=lacking)
        try:
            states = PictureStates(
                vision,
                work.recipe,
                tune.last,
                self._loader(vision, work),
                memory_bytes=self._config.memory_bytes,
            )
        except (ModelError, BackboneError) as error:
            return Outcome(reason=f"LoRA cannot be learned here: {error}; the head alone is kept")
        with states:
            tuner = self._tuner(vision, states, work, views, tune, lambda x: progress(0.2 * x))
            return self._judge(tuner, work.features, learned, lambda x: progress(0.2 + 0.8 * x))

    def _tuner(
        self,
        vision: PatchNetwork,
        states: PictureStates,
        work: Work,
        views: int,
        tune: TuneConfig,
        progress: Callable[[float], None],
    ) -> Tuner:
        """Read every view once; then all is there to tune on."""
        for view in range(views + 1):
            states.read([(x, view) for x in range(len(work.readings.owner))])
            progress((view + 1) / (views + 1))
        matter = material(
            work.cases,
            work.labels,
            work.readings,
            self._text,
            views=views,
            size=work.features[IMAGE].size,
            seed=self._config.seed,
        )
        return Tuner(vision, states, matter, tune)

    def _loader(self, vision: PatchNetwork, work: Work) -> Callable[[Look], Pixels]:
        readings, seed, flips = work.readings, self._config.seed, self._config.flips

        def load(look: Look) -> Pixels:
            picture, view = look
            case = work.cases[int(readings.owner[picture])]
            pixels = load_picture(vision, case.pictures()[int(readings.number[picture])])
            if not view:
                return pixels
            return picture_view(
                pixels, random_for(seed, readings.digests[picture], view), flips=flips
            )

        return load

    def _judge(
        self,
        tuner: Tuner,
        features: Batch,
        learned: LearnedHead,
        progress: Callable[[float], None],
    ) -> Outcome:
        seed, count = self._config.seed, len(learned.folds.labels)
        work = FoldTuning(
            tuner, features, learned, self._checkpoint, self._log, seed=seed, until=self._until
        )
        folds = work.run(lambda x: progress(0.85 * x))
        better, reason = choose_tuned(
            learned.unseen, folds.unseen, learned.folds, self._config.alpha
        )
        if not better:
            return Outcome(reason=reason, folds=folds)
        if folds.epochs < 1:
            reason += ", but most folds did best before the first epoch: the head alone is kept"
            return Outcome(reason=reason, folds=folds)
        tuned = tuner.tune(
            learned.head, range(count), [], seed=seed, until=self._until, epochs=folds.epochs,
            tell=teller(self._log, "final"),
        )  # fmt: skip
        if tuned.epochs < folds.epochs:
            reason += (
                f", but the time ran out after {tuned.epochs} of {folds.epochs} epochs over all "
                "cases, so that the head alone is kept after all: give more minutes"
            )
            return Outcome(reason=reason, folds=folds)
        return Outcome(reason=reason, folds=folds, tuned=tuned)

    def _views(self, readings: Readings) -> int:
        """As many as are asked for, or as there is time for."""
        left = max(0.0, self._until - time.monotonic())
        return min(self._config.views, int(VIEWS_SHARE * left / max(readings.seconds, 1e-3)))

    def _lacking(self, readings: Readings, folds: int, views: int) -> str | None:
        """What to say where the time left is too short for a few epochs in every fold."""
        steps = STEP_COST * LEAST_EPOCHS * (folds + 1)
        needed = readings.seconds * (1 + views + steps)
        left = max(0.0, self._until - time.monotonic())
        if needed <= left:
            return None
        return (
            f"LoRA was not tried: {LEAST_EPOCHS} epochs in each of {folds} folds take about "
            f"{needed:.0f} s and {left:.0f} s are left; the head alone is kept, give about "
            f"{(needed + self._config.seconds - left) / 60:.1f} minutes to try LoRA"
        )
