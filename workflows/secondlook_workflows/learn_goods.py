"""learn --goods: what good looks like, from a folder of good images."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from secondlook.domain import IntakeFile
from secondlook.errors import ModelError
from secondlook.intake.pixels import read_picture
from secondlook_workflows.adapters import free_version
from secondlook_workflows.context import Context
from secondlook_workflows.cut_off import kept_in
from secondlook_workflows.gather import gather
from secondlook_workflows.ingest import refused
from secondlook_workflows.learning import Learned, Task, unread

if TYPE_CHECKING:
    from numpy.typing import NDArray


def learn_from_goods(task: Task, context: Context) -> Learned:
    """The adapter that good images make. Raises ModelError when they are too few or too alike."""
    from secondlook.training.checkpoint import Checkpoint
    from secondlook.training.goods import GoodsConfig, learn_goods
    from secondlook.training.goods_adapter import goods_adapter

    config = task.config
    assert config.goods is not None  # `learn` has looked
    gathered = gather(
        (config.goods,), (), kind=task.domain.record_kind, product=config.product, context=context
    )
    if gathered.interrupted:
        raise KeyboardInterrupt
    files = [x for x in gathered.source.files if x.record is None]
    # Files by name come lot by lot; reading may stop early, and then it must have met them all.
    np.random.default_rng(config.seed).shuffle(files)
    quarantined = tuple(refused(x) for x in gathered.quarantined)
    settings = GoodsConfig(seed=config.seed, seconds=config.minutes * 60)
    names = [x.attachment.sha256 for x in files]
    kept = Checkpoint(kept_in(task, context), settings.work(names, task.vision))
    context.progress.start("learning what good looks like", None)
    try:
        learned = learn_goods(
            _pictures(files),
            vision=task.vision,
            config=settings,
            total=len(files),
            progress=lambda done, total: context.progress.advance(),
            started=task.started,
            checkpoint=kept,
        )
    except ModelError as error:
        raise type(error)(f"{error}{unread(quarantined)}") from error
    adapter = goods_adapter(
        learned,
        domain=config.domain,
        product=config.product,
        version=free_version(config.domain, config.product, context),
        vision=task.name,
        backbone=task.vision,
    )
    metrics = {
        "goods": learned.goods,
        "bank_rows": len(learned.part.bank.rows),
        "threshold": learned.threshold.value,
        "false_alarm_rate": learned.threshold.false_alarm_rate,
        "false_alarm_bound": learned.threshold.false_alarm_bound,
        **learned.metrics,
    }
    return Learned(
        adapter=adapter,
        metrics=metrics,
        quarantined=quarantined,
        notes=learned.notes,
        run=kept.folder,
    )


def _pictures(files: list[IntakeFile]) -> "Iterator[tuple[str, NDArray[np.uint8]]]":
    for file in files:
        pixels = read_picture(file.attachment, file.path)
        if pixels is not None:
            yield file.attachment.sha256, pixels
