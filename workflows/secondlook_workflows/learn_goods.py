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
from secondlook_workflows.guard import plan_for
from secondlook_workflows.ingest import refused
from secondlook_workflows.learning import Learned, Suspect, Task, unread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from secondlook.training.goods import LearnedGoods

NAMED = 10
"""Suspects that a note names; the report holds all of them."""


def learn_from_goods(task: Task, context: Context) -> Learned:
    """The adapter that good images make. Raises ModelError when they are too few or too alike."""
    from secondlook.training.checkpoint import Checkpoint
    from secondlook.training.goods import GoodsConfig, learn_goods
    from secondlook.training.goods_adapter import goods_adapter

    config = task.config
    assert config.goods is not None  # `learn` has looked
    gathered = gather(
        (config.goods,),
        (),
        kind=task.domain.record_kind,
        product=config.product,
        context=context,
        plan=plan_for(task.domain, context.workspace),
    )
    if gathered.interrupted:
        raise KeyboardInterrupt
    files = [x for x in gathered.source.files if x.record is None]
    # Files by name come lot by lot; reading may stop early, and then it must have met them all.
    np.random.default_rng(config.seed).shuffle(files)
    quarantined = tuple(refused(x) for x in gathered.quarantined)
    settings = GoodsConfig(
        seed=config.seed,
        seconds=config.minutes * 60,
        tile=config.tile,
        drop_suspects=config.drop_suspects,
    )
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
    called = {x.attachment.sha256: x.attachment.name for x in files}
    adapter = goods_adapter(
        learned,
        domain=config.domain,
        product=config.product,
        version=free_version(config.domain, config.product, context),
        vision=task.name,
        backbone=task.vision,
        files=called,
    )
    suspects = tuple(
        Suspect(file=called[x.sha256], score=x.score, far=round(x.far, 1)) for x in learned.suspects
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
        notes=(*_suspect_notes(suspects, learned), *learned.notes),
        suspects=suspects,
        run=kept.folder,
    )


def _suspect_notes(suspects: tuple[Suspect, ...], learned: "LearnedGoods") -> tuple[str, ...]:
    """What to do about pictures that may show a defect; nothing where there are none."""
    if not suspects:
        return ()
    named = ", ".join(x.file for x in suspects[:NAMED])
    more = f" and {len(suspects) - NAMED} more" if len(suspects) > NAMED else ""
    read = learned.goods + learned.dropped
    some = f" Only {learned.checked} of {read} were checked." if learned.checked < read else ""
    then = (
        "Nothing was learned from them: look whether they really are no good parts."
        if learned.dropped
        else "Look at them; take those that show a defect out of the folder, or learn again with "
        "--drop-suspects."
    )
    said = (
        f"{len(suspects)} of {learned.checked} pictures look unlike all others and may show a "
        f"defect, the most unusual first: {named}{more}. {then}{some}"
    )
    return (said,)


def _pictures(files: list[IntakeFile]) -> "Iterator[tuple[str, NDArray[np.uint8]]]":
    for file in files:
        pixels = read_picture(file.attachment, file.path)
        if pixels is not None:
            yield file.attachment.sha256, pixels
