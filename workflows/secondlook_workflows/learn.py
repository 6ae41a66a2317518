"""learn: from a folder of good images to an adapter that knows what good looks like.

The adapter folder is written whole before the database names it. The first adapter of a product
becomes its champion at once; a later one waits as challenger until somebody promotes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from secondlook.domain import IntakeFile
from secondlook.errors import AdapterError, IntakeError
from secondlook.intake.pixels import read_picture
from secondlook.store.adapters import AdapterInfo
from secondlook_workflows.adapters import free_version
from secondlook_workflows.context import Context
from secondlook_workflows.gather import gather
from secondlook_workflows.ingest import FileOutcome, refused
from secondlook_workflows.products import check_product
from secondlook_workflows.recorded import recorded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.models.adapters import Adapter


@dataclass(frozen=True, kw_only=True)
class LearnConfig:
    """Learn `domain` (and `product`) from the good images in `goods`."""

    domain: str
    goods: Path
    product: str | None = None
    backbone: str | None = None
    """Name or path; None is the workspace's `vision_backbone`."""
    minutes: float = 12.0
    """All that learning may take; 0 learns a bank alone, without adapting the backbone."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class LearnReport:
    """What was learned and how long it took; the fields of `learn --json`."""

    adapter: str
    mode: str
    backbone: str
    state: str
    """`champion`: used from now on; `challenger`: waits for promotion."""
    metrics: dict[str, float]
    seconds: float
    peak_rss_mb: float
    quarantined: tuple[FileOutcome, ...] = ()


def run(config: LearnConfig, context: Context) -> LearnReport:
    """Learn from good images. Raises ModelError when they are too few or too much alike."""
    from secondlook.training.goods import GoodsConfig, learn_goods
    from secondlook.training.goods_adapter import goods_adapter
    from secondlook.training.memory import peak_rss_mb

    domain = context.plugins.domain(config.domain)
    check_product(config.product)
    if not config.goods.exists():
        raise IntakeError(f"there is no {config.goods} to learn from")
    with recorded("learn", config, context, seed=config.seed) as metrics:
        gathered = gather(
            (config.goods,), (), kind=domain.record_kind, product=config.product, context=context
        )
        if gathered.interrupted:
            raise KeyboardInterrupt
        name = _backbone(config, context)
        vision = context.runtime.vision(name)
        files = [x for x in gathered.source.files if x.record is None]
        context.progress.start("learning what good looks like", None)
        learned = learn_goods(
            _pictures(files),
            vision=vision,
            config=GoodsConfig(seed=config.seed, seconds=config.minutes * 60),
            total=len(files),
            progress=lambda done, total: context.progress.advance(),
        )
        adapter = goods_adapter(
            learned,
            domain=config.domain,
            product=config.product,
            version=free_version(config.domain, config.product, context),
            vision=name,
            backbone=vision,
        )
        state = register(adapter, context)
        report = LearnReport(
            adapter=adapter.id,
            mode="goods",
            backbone=vision.ref.name,
            state=state,
            metrics={
                "goods": learned.goods,
                "bank_rows": len(adapter.goods.bank.rows),
                "threshold": adapter.threshold,
                "false_alarm_rate": adapter.false_alarm_rate,
                "false_alarm_bound": adapter.card.false_alarm_bound,
                **learned.metrics,
            },
            seconds=round(learned.seconds, 2),
            peak_rss_mb=round(peak_rss_mb(), 1),
            quarantined=tuple(refused(x) for x in gathered.quarantined),
        )
        metrics |= {"adapter": report.adapter, "seconds": report.seconds, **report.metrics}
    return report


def _pictures(files: list[IntakeFile]) -> "Iterator[tuple[str, NDArray[np.uint8]]]":
    for file in files:
        pixels = read_picture(file.attachment, file.path)
        if pixels is not None:
            yield file.attachment.sha256, pixels


def _backbone(config: LearnConfig, context: Context) -> str:
    """A registered name or hub id as it is; a folder by its whole path, which works anywhere."""
    name = config.backbone or context.workspace.settings.vision_backbone
    path = Path(name).expanduser()
    return name if name in context.plugins.backbones or not path.exists() else str(path.absolute())


def register(adapter: "Adapter", context: Context) -> str:
    """Store an adapter; the first of its product is its champion at once. Returns its state."""
    from secondlook.models.adapter_files import read_card

    folder = context.workspace.adapters / adapter.id
    sha256 = adapter.save(folder)
    with context.workspace.database.write() as unit:
        current = unit.adapters.champion(adapter.domain, adapter.product)
        first = current is None or current.product != adapter.product
        unit.adapters.add(
            AdapterInfo(
                id=adapter.id,
                domain=adapter.domain,
                product=adapter.product,
                version=adapter.version,
                backbone=adapter.backbone,
                path=adapter.id,
                sha256=sha256,
                state="challenger",
                card=read_card(folder).model_dump(mode="json"),
                created_at=adapter.card.created_at,
            ),
            actor=context.actor,
        )
        if first:
            unit.adapters.promote(adapter.id, actor=context.actor)
        unit.commit()
    return "champion" if first else "challenger"


def load_adapter(info: AdapterInfo, context: Context) -> "Adapter":
    """The adapter a row names, its files checked against the row and its backbone."""
    from secondlook.models.adapters import Adapter

    folder = context.workspace.adapters / info.path
    if not folder.resolve().is_relative_to(context.workspace.adapters.resolve()):
        raise AdapterError(f"adapter {info.id} lies outside the workspace: {info.path!r}")
    vision = context.runtime.vision(str(info.card["vision"]))
    return Adapter.load(folder, backbone_fingerprint=vision.ref.fingerprint, sha256=info.sha256)
