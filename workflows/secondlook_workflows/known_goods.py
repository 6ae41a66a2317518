"""What is known of good parts already, when labels are learned: kept, and learned beside."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secondlook.errors import ModelError
from secondlook_workflows.context import Context
from secondlook_workflows.learning import Task
from secondlook_workflows.stored_adapters import load_adapter

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter
    from secondlook.store.adapters import AdapterInfo

WITHOUT = "the new adapter has no anomaly map until good parts are learned again (learn --goods)"


@dataclass(frozen=True, kw_only=True)
class KnownGoods:
    """The adapter whose goods part is kept, and what to say of it."""

    adapter: "Adapter | None" = None
    """None where nothing is known of good parts, or none of it fits."""
    notes: tuple[str, ...] = ()


def known_goods(task: Task, context: Context) -> KnownGoods:
    """The champion's goods part, else that of the latest adapter that has one, if it fits.

    It fits where it was learned with the same backbone, used alike.
    """
    refused = []
    for info in _candidates(task, context):
        try:
            found = _loaded(info, task, context)
        except ModelError as error:  # damaged, or its backbone is not there
            refused.append(f"the goods part of {info.id} was not kept: {error}")
            continue
        if not _fits(found, task):
            refused.append(
                f"the goods part of {info.id} was not kept: it was learned with another backbone "
                f"or precision ({found.backbone.name}, {found.card.preprocessing})"
            )
            continue
        return KnownGoods(adapter=found, notes=(f"goods part of adapter {found.id} kept",))
    notes = (*refused[:1], WITHOUT) if refused else ()
    return KnownGoods(notes=notes)


def _loaded(info: "AdapterInfo", task: Task, context: Context) -> "Adapter":
    if task.champion is not None and task.champion.id == info.id:
        return task.champion
    return load_adapter(info, context)


def _candidates(task: Task, context: Context) -> "Iterator[AdapterInfo]":
    """Adapters with a goods part that may look at such cases: the champion, then the latest."""
    config = task.config
    with context.workspace.database.read() as unit:
        champion = unit.adapters.champion(config.domain, config.product)
        stored = [x for x in unit.adapters.all() if x.domain == config.domain]
    mine = [x for x in stored if x.product == config.product]
    order = [*([champion] if champion else []), *sorted(mine, key=lambda x: -x.version)]
    yield from {x.id: x for x in order if x.card.get("goods") is not None}.values()


def _fits(found: "Adapter", task: Task) -> bool:
    from secondlook.models.adapters import preprocessing_of

    return (found.backbone.fingerprint, found.card.preprocessing) == (
        task.vision.ref.fingerprint,
        preprocessing_of(task.vision),
    )
