"""Learning from labelled cases: the head first, then LoRA, and the better of the two is kept."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from secondlook.cases import NOTHING
from secondlook.errors import ModelError
from secondlook.models.answers import AnswersPart
from secondlook.models.backbones import TextBackbone
from secondlook.models.calibration import OperatingPoint, fit_answers, fit_operating_points
from secondlook.models.calibration.answers import Unseen
from secondlook.models.case_vectors import IMAGE, OUTLINE, REGION, TEXT, standardised
from secondlook.models.familiar import LOOK, Familiar
from secondlook.models.fusion.head import FusionHead
from secondlook.models.region import RegionFinder
from secondlook.models.vision import PatchNetwork
from secondlook.training.checkpoint import Arrays, Checkpoint
from secondlook.training.crossval import CrossvalConfig, LearnedHead, learn_head
from secondlook.training.crossval_figures import Figures, answer_figures, cross_probabilities
from secondlook.training.crossval_folds import Folds
from secondlook.training.folds import check_labels
from secondlook.training.heads import Progress
from secondlook.training.labelled.beside import beside, blend_of
from secondlook.training.labelled.cases import LabelledCase, label_array
from secondlook.training.labelled.config import LabelledConfig
from secondlook.training.labelled.reading import read_cases
from secondlook.training.labelled.readings import Readings
from secondlook.training.labelled.run import Clock, identity
from secondlook.training.labelled.stage import Outcome, TuneStage
from secondlook.training.labelled.work import Work, prepare_work
from secondlook.training.log import Log

HEAD_SHARE = 0.4
"""Of the time left after reading, that learning heads may take at most."""
Way: TypeAlias = Literal["head", "lora"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedLabelled:
    """Answers, and what cross-validation says about their like."""

    part: AnswersPart
    way: Way
    """Which was kept."""
    reason: str
    """Why, with the figures of both; or why LoRA was not tried."""
    metrics: Figures
    """Of what was kept, on unseen cases: see `LearnedHead.metrics`."""
    comparison: dict[Way, Figures]
    """The same figures of `head`, and of `lora` where it was tried."""
    ablations: dict[str, Figures]
    """See `LearnedHead.ablations`; of the head alone."""
    selection: dict[str, float]
    """Loss on unseen cases of each recipe (`recipe:...`) and fusion (`fusion:...`) compared."""
    unseen: Unseen
    folds: Folds
    cases: int
    """How many were learned from."""
    left_out: tuple[str, ...]
    """Keys of cases of which nothing could be read."""
    unread: int
    """Pictures that could not be read; their cases were learned from without them."""
    joined_groups: int
    """Groups that were joined with others because they share a case or a picture."""
    seconds: dict[str, float]
    """`read`, `head`, `lora` and `total`."""
    alpha: float = 0.1
    """The share of cases whose conformal set may lack the true label."""
    points: dict[str, OperatingPoint] = field(default_factory=dict)
    """Where each label is reported; none where no sensitivity was asked for."""
    sensitivity: float | None = None
    """What was asked for."""
    folder: Path | None = None
    """Where the state and the log of this run are, None where they are not kept."""


def learn_labelled(
    cases: Sequence[LabelledCase],
    *,
    vision: PatchNetwork | None,
    text: TextBackbone | None,
    classes: Sequence[str],
    config: LabelledConfig | None = None,
    progress: Progress | None = None,
    finder: RegionFinder | None = None,
    readings: Readings | None = None,
) -> LearnedLabelled:
    """Learn to answer cases like these.

    The same seed gives the same numbers on one thread, unless the time runs out before the
    epochs do.

    Args:
        vision: reads pictures; without it they are ignored.
        text: reads passages; without it they are ignored.
        progress: called with (percent done, 100).
        finder: finds the most unusual place of each picture, by good parts; the answers are then
            of use beside that goods part only.
        readings: of these cases by the same backbones and finder, where they were read already.

    Raises ModelError, saying what would work, for fewer than 8 cases, a single label, a label in a
    single group, unknown labels, cases that all look the same, too little time or memory.
    """
    config, clock = config or LabelledConfig(), Clock(config)
    tell = _teller(progress)
    labels = label_array(cases, classes, config.multilabel)
    check_labels(labels, classes, [x.group for x in cases])
    checkpoint = Checkpoint(config.folder, identity(cases, vision, text, classes, config, finder))
    if readings is None:
        readings = _read(cases, vision, text, finder, config, checkpoint, lambda x: tell(0.25 * x))
    work = prepare_work(cases, labels, readings, vision, classes, seed=config.seed)
    clock.lap("read")
    head = _learn_head(work, classes, config, clock.left, lambda x: tell(0.25 + 0.2 * x))
    clock.lap("head")
    with Log(checkpoint.folder) as log:
        stage = TuneStage(vision, text, config, checkpoint, log, clock.until)
        outcome = stage.run(work, head, lambda x: tell(0.45 + 0.55 * x))
        comparison = _comparison(head, outcome, config.alpha)
        for way, figures in comparison.items():
            log.add(way, 0, **{x: y for x, y in figures.items() if y is not None})
    clock.lap("lora")
    tell(1.0)
    given = {IMAGE: vision, TEXT: text}
    refs = {x: y.ref.fingerprint for x, y in given.items() if y and x in work.features}
    keys = {x.key for x in cases}
    learned = _learned(work, head, outcome, comparison, refs, config, keys, clock.laps)
    part = learned.part
    if vision is not None and finder is not None and REGION in work.features:
        blend = blend_of(work.ratios, learned.unseen, learned.folds)
        part = beside(part, vision, finder, blend)
    points = _points(learned, config.sensitivity)
    return replace(learned, part=part, points=points, folder=checkpoint.folder)


def _points(learned: LearnedLabelled, sensitivity: float | None) -> dict[str, OperatingPoint]:
    """Of what was kept, on cases that it was not learned from."""
    if sensitivity is None:
        return {}
    classes, unseen = list(learned.folds.classes), learned.unseen
    several = unseen.labels.ndim == 2
    truth = unseen.labels if several else np.eye(len(classes))[unseen.labels]
    values = cross_probabilities(unseen, learned.folds)
    points = fit_operating_points(values, truth, classes, unseen.groups, sensitivity=sensitivity)
    return {x: y for x, y in points.items() if x != NOTHING}


def _read(
    cases: Sequence[LabelledCase],
    vision: PatchNetwork | None,
    text: TextBackbone | None,
    finder: RegionFinder | None,
    config: LabelledConfig,
    checkpoint: Checkpoint,
    tell: Callable[[float], None],
) -> Readings:
    def make() -> Arrays:
        seconds = config.seconds
        return read_cases(
            cases, vision, text, seconds=seconds, progress=tell, finder=finder
        ).plain()

    return Readings.from_plain(checkpoint.step("readings", make))


def _learned(
    work: Work,
    head: LearnedHead,
    outcome: Outcome,
    comparison: dict[Way, Figures],
    backbones: dict[str, str],
    config: LabelledConfig,
    keys: set[str],
    seconds: dict[str, float],
) -> LearnedLabelled:
    calibration, unseen = head.calibration, head.unseen
    if outcome.tuned is not None and outcome.folds is not None:
        unseen = outcome.folds.unseen
        calibration = fit_answers(unseen, outcome.folds.simulated, alpha=config.alpha)
    way: Way = "head" if outcome.tuned is None else "lora"
    kept = (head.head if outcome.tuned is None else outcome.tuned.head).eval()
    part = AnswersPart(
        head=kept.requires_grad_(False),
        calibration=calibration,
        recipe=work.recipe,
        backbones=backbones,
        familiarity=_familiarity(work, kept),
        lora=None if outcome.tuned is None else outcome.tuned.lora,
    )
    return LearnedLabelled(
        part=part,
        way=way,
        reason=outcome.reason,
        metrics=comparison[way],
        comparison=comparison,
        ablations=dict(head.ablations),
        selection=work.losses | {f"fusion:{x}": y for x, y in head.selection.items()},
        unseen=unseen,
        folds=head.folds,
        cases=len(work.cases),
        left_out=tuple(sorted(keys - {x.key for x in work.cases})),
        unread=work.readings.unread,
        joined_groups=work.joined,
        seconds=seconds,
        alpha=config.alpha,
        sensitivity=config.sensitivity,
    )


def _learn_head(
    work: Work,
    classes: Sequence[str],
    config: LabelledConfig,
    left: float,
    tell: Callable[[float], None],
) -> LearnedHead:
    share = HEAD_SHARE if config.tune is not None else 1.0
    head = replace(
        config.head,
        seed=config.seed,
        seconds=min(config.head.seconds, share * left),
        attention=work.attention,
    )
    return learn_head(
        work.features,
        work.labels,
        classes=classes,
        groups=work.groups,
        config=CrossvalConfig(head=head, folds=config.folds, alpha=config.alpha),
        progress=lambda done, total: tell(done / total),
    )


def _comparison(head: LearnedHead, outcome: Outcome, alpha: float) -> dict[Way, Figures]:
    comparison: dict[Way, Figures] = {"head": head.metrics}
    if outcome.folds is not None:
        comparison["lora"] = answer_figures(outcome.folds.unseen, head.folds, alpha)
    return comparison


def _familiarity(work: Work, head: FusionHead) -> dict[str, Familiar]:
    """By the frozen backbone: what was learned has drawn together the cases it was learned from."""
    known = {}
    for name, modality in work.features.items():
        if name in (REGION, OUTLINE):
            continue  # how unusual a place is, goods tell
        there = modality.present.numpy()
        vectors = standardised(head, name, modality.vectors().numpy()[there])
        with suppress(ModelError):  # too few cases of this modality, or all of one group
            known[name] = Familiar.fit(vectors, work.groups[there])
    if IMAGE in work.features and REGION not in work.features:
        there = work.readings.has_image
        with suppress(ModelError):
            known[LOOK] = Familiar.fit_looks(work.readings.look()[there], work.groups[there])
    return known


def _teller(progress: Progress | None) -> Callable[[float], None]:
    told = [-1]

    def tell(share: float) -> None:
        if progress is not None and round(100 * share) > told[0]:
            told[0] = round(100 * share)
            progress(told[0], 100)

    return tell
