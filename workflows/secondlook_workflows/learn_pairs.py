"""learn --align: which texts go with which pictures, from cases that have both."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from secondlook.errors import ModelError
from secondlook_workflows.adapters import free_version
from secondlook_workflows.captions import captions
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import Dataset, Labelled
from secondlook_workflows.decided import from_decided
from secondlook_workflows.groups import together
from secondlook_workflows.learning import Figures, Learned, Task, percents, unread
from secondlook_workflows.manifest_cases import from_manifest
from secondlook_workflows.prepared import case_key, picture_loaders

if TYPE_CHECKING:
    from secondlook.training.alignment import AlignmentConfig, LearnedAlignment, Pair

SHOWN = ("r_at_1", "r_at_5", "median_rank")
A_DAY = 1440.0
"""Minutes that stand for any time it needs."""


def learn_from_pairs(task: Task, context: Context) -> Learned:
    """The adapter that pictures with texts make.

    Raises ModelError, saying what would work, where they are too few or alike, where the backbone
    is no pair or another one than the champion's, and where nothing was gained by learning.
    """
    from secondlook.models.alignment import pair_in
    from secondlook.training.alignment import learn_alignment
    from secondlook.training.alignment_adapter import alignment_adapter

    config, dual = task.config, pair_in(task.vision)
    if task.champion is not None:
        task.champion.check(task.vision)
    dataset = _dataset(task, context)
    found = _Found(dataset, task)
    context.progress.start("learning which texts go with which pictures", 100)
    try:
        learned = learn_alignment(
            found.pairs(context),
            dual=dual,
            config=_settings(task),
            progress=percents(context.progress),
        )
    except ModelError as error:
        left = "".join(f"; {x}" for x in found.notes)
        raise type(error)(f"{error}{left}{unread(dataset.refused)}") from error
    adapter = alignment_adapter(
        learned,
        domain=config.domain,
        product=config.product,
        version=free_version(config.domain, config.product, context),
        vision=task.name,
        backbone=dual,
        prompt=config.prompt,
        counts=found.counts(),
        data_sha256=found.digest(),
        seed=config.seed,
    )
    return Learned(
        adapter=adapter,
        metrics=_figures(learned),
        quarantined=dataset.refused,
        notes=(learned.reason, *found.notes, *_unread(learned)),
    )


class _Found:
    """The cases that have a picture and a text of their own."""

    def __init__(self, dataset: Dataset, task: Task) -> None:
        self._task = task
        pictured = [x for x in dataset.cases if x.case.images()]
        found = captions(pictured, task.domain, task.config.prompt)
        told = zip(pictured, found.texts, strict=True)
        self.cases: list[tuple[Labelled, str]] = [(x, text) for x, text in told if text]
        counts = (
            (len(dataset.cases) - len(pictured), "cases have no picture"),
            (len(pictured) - len(self.cases), "cases have no text of their own"),
            (
                found.shared,
                "passages stand in more than half of the cases, as those of a manual do,",
            ),
        )
        left_out = (f"{count} {what} and were left out" for count, what in counts if count)
        self.notes = (*dataset.notes, *left_out)

    def pairs(self, context: Context) -> "list[Pair]":
        """The cases in the words of `training.alignment`."""
        from secondlook.training.alignment import Pair

        load = picture_loaders([x for x, _ in self.cases], self._task.domain, context)
        return [Pair(images=load(x.case), text=text, group=x.group) for x, text in self.cases]

    def counts(self) -> Counter[str]:
        """How many cases stand for each label; none where no label was put into words."""
        formed = self._task.config.prompt is not None
        return Counter(label for x, _ in self.cases for label in x.labels if formed)

    def digest(self) -> str:
        """sha256 over the cases and their texts."""
        rows = sorted((case_key(x.case), text, x.group) for x, text in self.cases)
        said = [(key, text) for key, text, _ in rows]
        text = json.dumps([said, together([group for *_, group in rows])])
        return hashlib.sha256(text.encode()).hexdigest()


def _dataset(task: Task, context: Context) -> Dataset:
    config = task.config
    if config.manifest is None:
        return from_decided(task.domain, config.product, context, labelled=False)
    return from_manifest(
        config.manifest, task.domain, context, learn=True, product=config.product, labelled=False
    )


def _settings(task: Task) -> "AlignmentConfig":
    from secondlook.training.alignment import AlignmentConfig

    config = task.config
    left = config.minutes - (time.monotonic() - task.started) / 60
    minutes = max(left, 1 / 60) if config.minutes else A_DAY
    return AlignmentConfig(minutes=minutes, seed=config.seed)


def _figures(learned: "LearnedAlignment") -> Figures:
    figures: dict[str, float | None] = {"pairs": learned.pairs, "groups": learned.groups}
    for name, found in (("", learned.learned), ("frozen_", learned.frozen)):
        for way, retrieval in found.items():
            figures |= {f"{name}{way}_{x}": getattr(retrieval, x) for x in SHOWN}
    return figures


def _unread(learned: "LearnedAlignment") -> Iterator[str]:
    if learned.unread:
        yield f"{learned.unread} pictures could not be read and were left out"
    if learned.joined_groups:
        yield f"{learned.joined_groups} groups share a picture with another and were joined with it"
