"""learn: from good images, labelled cases, decisions or cases with texts to an adapter.

The adapter folder is written whole before the database names it. The first adapter of a product
becomes its champion at once; a later one waits as challenger until somebody promotes it. What the
present champion knows and the new adapter does not (good parts, labels, texts) is taken over.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from secondlook.domain import Domain
from secondlook.errors import IntakeError, UsageError
from secondlook_workflows.context import Context
from secondlook_workflows.cut_off import forget, forget_old
from secondlook_workflows.ingest import FileOutcome
from secondlook_workflows.learn_goods import learn_from_goods
from secondlook_workflows.learn_labels import learn_from_labels
from secondlook_workflows.learn_pairs import learn_from_pairs
from secondlook_workflows.learn_words import check_prompt, check_words, learn_from_words
from secondlook_workflows.learning import Figures, LearnConfig, Learned, Suspect, Task
from secondlook_workflows.products import check_product
from secondlook_workflows.recorded import recorded
from secondlook_workflows.stored_adapters import present_champion, register

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter

LEAST_TILE = 32
"""Pixels of a tile at least: smaller ones show no part of a part."""


@dataclass(frozen=True, kw_only=True)
class LearnReport:
    """What was learned and how long it took; the fields of `learn --json`."""

    adapter: str
    mode: str
    """`goods`, `labelled`, `pairs` or `words`."""
    backbone: str
    state: str
    """`champion`: used from now on; `challenger`: waits for promotion."""
    metrics: Figures
    seconds: float
    peak_rss_mb: float
    quarantined: tuple[FileOutcome, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader of the figures should know."""
    suspects: tuple[Suspect, ...] = ()
    """Pictures given as good that may show a defect, the farthest first."""


def run(config: LearnConfig, context: Context) -> LearnReport:
    """Learn. Raises ModelError, saying what would work, where the cases are too few or alike."""
    from secondlook.training.memory import peak_rss_mb

    domain = context.plugins.domain(config.domain)
    mode, way = _way(config, domain)
    with recorded("learn", config, context, seed=config.seed) as metrics:
        started = time.monotonic()
        name = _backbone(config, context)
        vision = context.runtime.vision(name)  # first: a wrong name is told at once
        champion, note = present_champion(config.domain, config.product, context)
        task = Task(
            config=config,
            domain=domain,
            vision=vision,
            name=name,
            started=started,
            champion=champion,
        )
        forget_old(context)
        learned = way(task, context)
        whole = learned.adapter if champion is None else learned.adapter.taking(champion)
        if champion is not None and not _covers(whole, champion):
            note = _lost(whole, champion)
        adapter, state = register(whole, context)
        if learned.run is not None:
            forget(learned.run)
        report = LearnReport(
            adapter=adapter.id,
            mode=mode,
            backbone=vision.ref.name,
            state=state,
            metrics=learned.metrics,
            seconds=round(time.monotonic() - started, 2),
            peak_rss_mb=round(peak_rss_mb(), 1),
            quarantined=learned.quarantined,
            notes=(*learned.notes, *([note] if note else [])),
            suspects=learned.suspects,
        )
        metrics |= {"adapter": report.adapter, "seconds": report.seconds, **report.metrics}
    return report


def _way(config: LearnConfig, domain: Domain) -> tuple[str, Callable[[Task, Context], Learned]]:
    """How to learn, once the words of the call are found to be right."""
    check_product(config.product)
    sources = [x for x in (config.goods, config.manifest) if x is not None]
    if len(sources) + config.decided + config.words != 1:
        raise UsageError("learn from exactly one of --goods, --manifest, --decided and --words")
    for source in sources:
        if not source.exists():
            raise IntakeError(f"there is no {source} to learn from")
    if config.words:
        check_words(config, domain)
        return "words", learn_from_words
    if config.align:
        _check_align(config, domain)
        return "pairs", learn_from_pairs
    if config.prompt is not None:
        raise UsageError(
            "--prompt is how --align and --words put labels into words: give both, or neither"
        )
    _check_goods(config)
    if config.eligible and (config.goods is not None or not domain.eligible_by):
        raise UsageError(
            f"--eligible is about labelled cases of domains that bind their adapters to facts of "
            f"pictures: {domain.title} is bound by {', '.join(domain.eligible_by) or 'none'}"
        )
    mode = "goods" if config.goods is not None else "labelled"
    if mode not in domain.learns:
        raise UsageError(
            f"{domain.title} does not learn from {mode}: {' or '.join(domain.learns)} cases; "
            "for labelled ones give --manifest or --decided"
        )
    return mode, learn_from_goods if mode == "goods" else learn_from_labels


def _check_align(config: LearnConfig, domain: Domain) -> None:
    if not {"image", "text"} <= set(domain.modalities):
        raise UsageError(f"{domain.title} reads no texts beside pictures, so --align has no pairs")
    if config.goods is not None:
        raise UsageError(
            "--align learns from cases with pictures and texts: give --manifest or --decided "
            "instead of --goods"
        )
    check_prompt(config.prompt)


def _check_goods(config: LearnConfig) -> None:
    if config.goods is None and (config.tile is not None or config.drop_suspects):
        raise UsageError(
            "--tile and --drop-suspects are about good pictures: give them with --goods"
        )
    if config.tile is not None and config.tile != 0 and config.tile < LEAST_TILE:
        raise UsageError(
            f"--tile {config.tile} is no size for a tile: give at least {LEAST_TILE} pixels, or 0 "
            "to look at pictures whole"
        )


def _covers(adapter: "Adapter", earlier: "Adapter") -> bool:
    """Whether it has every part that the earlier one has."""
    from secondlook.models.adapters import PARTS

    return all(getattr(adapter, x) is not None for x in PARTS if getattr(earlier, x) is not None)


def _lost(adapter: "Adapter", champion: "Adapter") -> str:
    """Why the champion knows something that the new adapter does not."""
    if not adapter.sees_as(champion):
        return f"nothing was taken over from {champion.id}: another backbone or precision"
    return (
        f"the labels of {champion.id} were not taken over: they were learned beside its goods part "
        "and not beside this one; learn them again on top (learn --decided or --manifest)"
    )


def _backbone(config: LearnConfig, context: Context) -> str:
    """A registered name or hub id as it is; a folder by its whole path, which works anywhere."""
    name = config.backbone or context.workspace.settings.vision_backbone
    path = Path(name).expanduser()
    return name if name in context.plugins.backbones or not path.exists() else str(path.absolute())
