"""learn --manifest, learn --decided: which labels hold, from cases that people labelled."""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from secondlook.errors import IntakeError, ModelError
from secondlook_workflows.adapters import free_version
from secondlook_workflows.context import Context
from secondlook_workflows.cut_off import kept_in
from secondlook_workflows.datasets import Dataset, Labelled
from secondlook_workflows.decided import from_decided
from secondlook_workflows.groups import together
from secondlook_workflows.learning import Learned, Task, percents, unread
from secondlook_workflows.manifest_cases import from_manifest
from secondlook_workflows.prepared import KEY, Prepared, case_key, labelled_cases

if TYPE_CHECKING:
    from secondlook.training.labelled import LabelledConfig


def learn_from_labels(task: Task, context: Context) -> Learned:
    """The adapter that labelled cases make.

    Raises ModelError, saying what would work, where they are too few, all of one label, or alike;
    IntakeError where pictures were named and none could be read.
    """
    dataset = _dataset(task, context)
    if dataset.refused and not any(x.case.images() for x in dataset.cases):
        raise IntakeError(
            "not one picture of these cases could be read, and an adapter of their notes alone was "
            f"not asked for{unread(dataset.refused)}"
        )
    folder = kept_in(task, context)
    learned = learn_cases(task, dataset.cases, context, folder=folder, refused=dataset)
    notes = (*dataset.notes, *learned.notes)
    return Learned(
        adapter=learned.adapter,
        metrics=learned.metrics,
        quarantined=dataset.refused,
        notes=notes,
        run=learned.run,
    )


def learn_cases(
    task: Task,
    cases: Sequence[Labelled],
    context: Context,
    *,
    folder: Path | None = None,
    refused: Dataset | None = None,
    like: Prepared | None = None,
) -> Learned:
    """An adapter from these cases alone.

    Args:
        folder: keeps what a killed run goes on from.
        like: whose classes are learned beside whose goods part, where these cases are a part of
            others.
    """
    from secondlook.models.case_vectors import MOST_PICTURES
    from secondlook.training.labelled import learn_labelled
    from secondlook.training.labelled_adapter import labelled_adapter

    config = task.config
    prepared = Prepared.of(cases, task, context, like)
    known = prepared.goods.adapter
    context.progress.start("learning from labelled cases", 100)
    try:
        learned = learn_labelled(
            labelled_cases(cases, prepared, MOST_PICTURES),
            vision=prepared.vision,
            text=prepared.text,
            classes=prepared.classes,
            config=_settings(task, prepared, folder),
            progress=percents(context.progress),
            finder=known.finder if known is not None else None,
        )
    except ModelError as error:
        files = unread(refused.refused if refused is not None else ())
        raise type(error)(f"{error}{files}") from error
    adapter = labelled_adapter(
        learned,
        domain=config.domain,
        product=config.product,
        version=free_version(config.domain, config.product, context),
        vision=task.name,
        backbone=task.vision,
        text=context.workspace.settings.text_backbone,
        reader=prepared.text,
        counts=prepared.counts,
        data_sha256=_digest(cases),
        learned_from=sorted(case_key(x.case)[:KEY] for x in cases),
        seed=config.seed,
        known=known,
        eligibility=prepared.eligibility,
    )
    return Learned(
        adapter=adapter,
        metrics=learned.metrics,
        notes=(learned.reason, *_unused(learned.part.head.config.unused), *prepared.notes),
        run=learned.folder,
    )


def _unused(names: Sequence[str]) -> tuple[str, ...]:
    """Which modalities are left out, in words."""
    return tuple(
        f"the {name} is not used by this adapter: on exams held out nothing was gained by it beside "
        "the rest; it answers only where a case has nothing else"
        for name in names
    )


def _dataset(task: Task, context: Context) -> Dataset:
    config = task.config
    if config.manifest is None:
        return from_decided(task.domain, config.product, context)
    return from_manifest(config.manifest, task.domain, context, learn=True, product=config.product)


def _settings(task: Task, prepared: Prepared, folder: Path | None) -> "LabelledConfig":
    from secondlook.training.labelled import LabelledConfig, TuneConfig

    config = task.config
    # Without minutes the head is learned alone, in its own good time.
    left = max(config.minutes * 60 - (time.monotonic() - task.started), 1.0)
    return LabelledConfig(
        seconds=left if config.minutes else 86_400.0,
        tune=TuneConfig() if config.minutes else None,
        sensitivity=task.domain.sensitivity,
        multilabel=prepared.several,
        flips=task.domain.flips,
        folder=folder,
        seed=config.seed,
    )


def _digest(cases: Sequence[Labelled]) -> str:
    rows = sorted((case_key(x.case), sorted(x.labels), x.group) for x in cases)
    said = [(key, labels) for key, labels, _ in rows]
    text = json.dumps([said, together([group for *_, group in rows])])
    return hashlib.sha256(text.encode()).hexdigest()
