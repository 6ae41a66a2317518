"""adapters import: an adapter that was exported elsewhere, in from one file, or from its folder.

It waits as challenger. Its files are those of the archive, byte for byte; its card says where it
came from and gets an id, a version and a name of its backbone that fit here, so the sha256 of the
card differs from the origin's, while `content_sha256` of both cards is the same.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from secondlook.digests import file_sha256
from secondlook.errors import AdapterError, BackboneError, Conflict, ModelError
from secondlook.store.adapters import AdapterInfo
from secondlook_workflows.adapters import adapter_id, check_stored, free_version
from secondlook_workflows.context import Context
from secondlook_workflows.products import check_product
from secondlook_workflows.stored_adapters import check_labels, holds

if TYPE_CHECKING:
    from secondlook.models.adapter_card import AdapterCard
    from secondlook.models.adapters import Adapter
    from secondlook.models.backbones import TextBackbone, VisionBackbone


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """Which file, and what to change of what its card says; None leaves it."""

    file: Path
    """What was exported, or the folder of an adapter, which stays where it is."""
    domain: str | None = None
    product: str | None = None
    backbone: str | None = None
    """Name or path; None tries what the card names, then the workspace's `vision_backbone`."""


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """The fields of `adapters import --json`."""

    adapter: str
    state: str
    origin: str | None
    """None where the adapter was learned here."""
    backbone: str
    sha256: str
    """Of the file; of a folder, what its export would have."""
    added: bool
    """False where it was here already and nothing was changed."""


def import_(config: ImportConfig, context: Context) -> ImportReport:
    """Take in an adapter that was exported elsewhere; it waits as challenger.

    Raises AdapterError for a file that is no whole archive or adapter, another backbone or another way of
    making pictures ready, PluginError for an unknown domain, UsageError for an odd product; then
    nothing is left behind.
    """
    from secondlook.models.adapter_archive import unpack

    with tempfile.TemporaryDirectory(prefix=".import-", dir=context.workspace.adapters) as staging:
        unpacked = Path(staging) / "unpacked"
        archive = _archive(config.file, Path(staging))
        card = unpack(archive, unpacked)
        sha256 = file_sha256(archive)
        domain, product = config.domain or card.domain, config.product or card.product
        context.plugins.domain(domain)
        check_product(product)
        known = _known(card, domain, product, context)
        if known is not None:
            return _import_report(known, sha256, added=False)
        name, vision = _backbone(card, config, context)
        text, reader = _reader(card, context)
        card = _renamed(unpacked, card, domain, product, name, context)
        card = _reading(card, text)
        try:
            ready, stored = _made_ready(unpacked, card, vision, reader, context)
        except AdapterError as error:
            words = str(error).replace(str(unpacked.parent), str(config.file))
            raise AdapterError(f"cannot import {config.file}: {words}") from None
        return _import_report(_register(ready, stored, sha256, context), sha256, added=True)


def _archive(file: Path, staging: Path) -> Path:
    """The file itself; a folder is packed first, so that both are checked alike."""
    from secondlook.models.adapter_archive import SUFFIX, pack

    if not file.is_dir():
        return file
    packed = staging / f"packed{SUFFIX}"
    pack(file, packed)
    return packed


def _known(
    card: "AdapterCard", domain: str, product: str | None, context: Context
) -> AdapterInfo | None:
    """The same adapter, whole, where it is here already for this domain and product."""
    with context.workspace.database.read() as unit:
        here = [x for x in unit.adapters.all() if (x.domain, x.product) == (domain, product)]
    return next((x for x in here if _same(x, card) and _whole(x, context)), None)


def _same(info: AdapterInfo, card: "AdapterCard") -> bool:
    try:
        return type(card).model_validate(info.card).content_sha256 == card.content_sha256
    except ValidationError:  # a card of an older format
        return False


def _whole(info: AdapterInfo, context: Context) -> bool:
    try:
        check_stored(info, context)
    except AdapterError:  # importing again is how it is mended: under a new version
        return False
    return True


def _backbone(
    card: "AdapterCard", config: ImportConfig, context: Context
) -> "tuple[str, VisionBackbone]":
    """The backbone that the adapter was learned with, and its name here."""
    usual = (card.vision, context.workspace.settings.vision_backbone)
    met = []
    for name in dict.fromkeys((config.backbone,) if config.backbone else usual):
        try:
            vision = context.runtime.vision(name)
        except BackboneError:
            if config.backbone:
                raise
            continue  # what the card names need not be here
        if vision.ref.fingerprint == card.backbone.fingerprint:
            folder = Path(name).expanduser()
            registered = name in context.plugins.backbones
            return name if registered or not folder.exists() else str(folder.absolute()), vision
        met.append(f"{name} ({vision.ref.fingerprint[:12]})")
    raise AdapterError(
        f"adapter {card.id} in {config.file} was learned with backbone {card.backbone.name} "
        f"({card.backbone.fingerprint[:12]}), and that is not {' or '.join(met) or 'here'}: give "
        "its checkpoint folder or hub id with --backbone, or learn again with a backbone of here"
    )


def _renamed(
    unpacked: Path,
    card: "AdapterCard",
    domain: str,
    product: str | None,
    vision: str,
    context: Context,
) -> "AdapterCard":
    """The card with the names of here, and the origin it came from first."""
    from secondlook.models.adapter_files import folder_sha256

    version = free_version(domain, product, context)
    names = {
        "id": adapter_id(domain, product, version),
        "domain": domain,
        "product": product,
        "version": version,
        "vision": vision,
        "origin": card.origin or f"{card.id}@{folder_sha256(unpacked)}",
    }
    return card.model_copy(update=names)


def _made_ready(
    unpacked: Path,
    card: "AdapterCard",
    vision: "VisionBackbone",
    reader: "TextBackbone | None",
    context: Context,
) -> tuple[Path, AdapterInfo]:
    """A folder with the new card, read back and tried on one picture."""
    from secondlook.models.adapter_files import write_folder
    from secondlook.models.adapters import Adapter

    def move(folder: Path) -> "AdapterCard":
        for name in card.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (unpacked / name).rename(folder / name)
        return card

    ready = unpacked.with_name("ready")
    sha256 = write_folder(ready, move)
    adapter = Adapter.load(ready, backbone_fingerprint=vision.ref.fingerprint, sha256=sha256)
    adapter.check(vision)
    check_labels(adapter, context.plugins.domain(card.domain))
    _try(adapter, vision, reader)
    return ready, AdapterInfo(
        id=card.id,
        domain=card.domain,
        product=card.product,
        version=card.version,
        backbone=card.backbone,
        path=card.id,
        sha256=sha256,
        state="challenger",
        card=adapter.card.model_dump(mode="json"),
        created_at=card.created_at,
    )


def _try(adapter: "Adapter", vision: "VisionBackbone", reader: "TextBackbone | None") -> None:
    """Files can be whole and still fit no picture; that shows at the first one."""
    from secondlook.models.forward import look_at

    grey = np.full((64, 64, 3), 128, dtype=np.uint8)
    try:
        numbers = look_at(adapter, vision, reader, grey, "a note")
    except (ModelError, ValueError, RuntimeError, IndexError, KeyError) as error:
        raise AdapterError(
            f"its weights do not fit backbone {vision.ref.name} ({type(error).__name__}): "
            "export it again where it works, or learn again"
        ) from error
    if not np.isfinite(numbers).all():
        raise AdapterError("its weights hold numbers that are not finite: learn again")


def _reading(card: "AdapterCard", text: str | None) -> "AdapterCard":
    """The card with the name that its text backbone has here."""
    if card.answers is None or text is None:
        return card
    return card.model_copy(update={"answers": card.answers.model_copy(update={"text": text})})


def _reader(card: "AdapterCard", context: Context) -> "tuple[str | None, TextBackbone | None]":
    """The text backbone that the adapter's answers read with, and its name here.

    Raises AdapterError without it.
    """
    answers = card.answers
    if answers is None or answers.text is None or answers.text_backbone is None:
        return None, None
    name = answers.text
    try:
        reader = context.runtime.text(name)
    except BackboneError:
        name = context.workspace.settings.text_backbone
        reader = context.runtime.text(name)
    if reader.ref.fingerprint != answers.text_backbone.fingerprint:
        raise AdapterError(
            f"adapter {card.id} reads text with backbone {answers.text_backbone.name} "
            f"({answers.text_backbone.fingerprint[:12]}), and that is not {reader.ref.name} "
            f"({reader.ref.fingerprint[:12]}) of here: learn again"
        )
    return name, reader


def _register(ready: Path, info: AdapterInfo, source: str, context: Context) -> AdapterInfo:
    """Show the folder in one step, then name it in the database."""
    folder = context.workspace.adapters / info.path
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        ready.rename(folder)
    except OSError as error:
        raise AdapterError(
            f"cannot write the adapter to {folder}: {error.strerror}; import it again"
        ) from error
    with context.workspace.database.write() as unit:
        try:
            unit.adapters.add(info, actor=context.actor, source=source)
        except Conflict:  # somebody took this version meanwhile, and maybe the folder
            if holds(folder, info.sha256):
                shutil.rmtree(folder)
            raise
        if not holds(folder, info.sha256):  # see `leftovers`
            raise AdapterError(f"{folder} was cleared meanwhile: import the adapter again")
        unit.commit()
    return info


def _import_report(info: AdapterInfo, sha256: str, *, added: bool) -> ImportReport:
    return ImportReport(
        adapter=info.id,
        state=info.state,
        origin=info.card.get("origin"),
        backbone=info.backbone.name,
        sha256=sha256,
        added=added,
    )
