"""Adapters into the workspace and out of it: a folder written whole, then a row that names it.

What a kill in between leaves is found by `leftovers`.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from secondlook.cases import NOTHING
from secondlook.domain import Domain
from secondlook.errors import AdapterError, Conflict, ModelError
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
    folder = context.workspace.adapters / adapter.id
    sha256 = adapter.save(folder)
    try:
        return _named(adapter, folder, sha256, context)
    except _Cleared:
        return _store(adapter, context)
    except Conflict:  # somebody took this version meanwhile, and maybe the folder
        if holds(folder, sha256):
            shutil.rmtree(folder)
        raise


class _Cleared(Exception):
    """The folder is not there any more: see `leftovers`."""


def holds(folder: Path, sha256: str) -> bool:
    """Whether a folder is the one that was written here, and not gone or somebody else's."""
    from secondlook.models.adapter_files import folder_sha256

    try:
        return folder_sha256(folder) == sha256
    except OSError:
        return False


def _named(adapter: "Adapter", folder: Path, sha256: str, context: Context) -> str:
    card = _stored_card(folder)
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
                card=card,
                created_at=adapter.card.created_at,
            ),
            actor=context.actor,
        )
        if not holds(folder, sha256):  # after `add`, from which on nobody clears
            raise _Cleared
        if first:
            unit.adapters.promote(adapter.id, actor=context.actor)
        unit.commit()
    return "champion" if first else "challenger"


def _stored_card(folder: Path) -> dict[str, Any]:
    """The card with the digests of its files."""
    from secondlook.models.adapter_files import read_card

    try:
        return read_card(folder).model_dump(mode="json")
    except AdapterError as error:
        raise _Cleared from error


def load_adapter(info: AdapterInfo, context: Context) -> "Adapter":
    """The adapter a row names, its files checked against the row and its backbone."""
    from secondlook.models.adapters import Adapter

    folder = context.workspace.adapters / info.path
    if not folder.resolve().is_relative_to(context.workspace.adapters.resolve()):
        raise AdapterError(f"adapter {info.id} lies outside the workspace: {info.path!r}")
    vision = context.runtime.vision(str(info.card["vision"]))
    adapter = Adapter.load(folder, backbone_fingerprint=vision.ref.fingerprint, sha256=info.sha256)
    if info.domain in context.plugins.domains:
        check_labels(adapter, context.plugins.domains[info.domain])
    return adapter


def present_champion(
    domain: str, product: str | None, context: Context
) -> "tuple[Adapter | None, str | None]":
    """Who looks at cases of this product now, also the champion of all products.

    None where nobody does, or where it cannot be used; the second part then says why.
    """
    with context.workspace.database.read() as unit:
        info = unit.adapters.champion(domain, product)
    if info is None:
        return None, None
    try:
        return load_adapter(info, context), None
    except ModelError as error:  # damaged, or without its backbone: nothing to take over
        return None, f"nothing was taken over from {info.id}: {error}"


def check_labels(adapter: "Adapter", domain: Domain) -> None:
    """Raises AdapterError where it names labels that the domain does not have here."""
    card = adapter.card
    said = {*(card.answers.labels if card.answers else ()), *_aligned(adapter)} - {NOTHING}
    if missing := sorted(said - set(domain.taxonomy.codes)):
        raise AdapterError(
            f"adapter {adapter.id} names {', '.join(missing)}, which {domain.title} does not "
            "know here: add them in the settings of the domain, or learn again"
        )


def _aligned(adapter: "Adapter") -> frozenset[str]:
    alignment = adapter.card.alignment
    return frozenset(alignment.counts) if alignment is not None else frozenset()
