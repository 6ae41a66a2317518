"""Adapters into the workspace and out of it: a folder written whole, then a row that names it."""

from typing import TYPE_CHECKING

from secondlook.errors import AdapterError, Conflict
from secondlook.store.adapters import AdapterInfo
from secondlook_workflows.adapters import free_version
from secondlook_workflows.context import Context

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter

ATTEMPTS = 5


def register(adapter: "Adapter", context: Context) -> tuple["Adapter", str]:
    """Store an adapter; the first of its product is its champion at once, a later one waits.

    Where another run took its version meanwhile, it gets the next one: what was learned in hours
    is not lost to a name. Returns the adapter as it is stored, and its state.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return adapter, _store(adapter, context)
        except (AdapterError, Conflict):
            version = free_version(adapter.domain, adapter.product, context)
            if version == adapter.version:
                raise
            adapter = adapter.numbered(version)
    return adapter, _store(adapter, context)


def _store(adapter: "Adapter", context: Context) -> str:
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


def present_champion(domain: str, product: str | None, context: Context) -> "Adapter | None":
    """The champion of exactly this product; None where there is none that can be used."""
    with context.workspace.database.read() as unit:
        info = unit.adapters.champion(domain, product)
    if info is None or info.product != product:
        return None
    try:
        return load_adapter(info, context)
    except AdapterError:  # damaged, or over a backbone that changed: nothing to take over
        return None
