"""embed: bring the vectors of stored cases up to date with the workspace's backbones.

Each batch is one transaction, and what has a vector keeps it: Ctrl-C and kill lose at most the
batch at hand, and running again goes on.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from secondlook.cases import Attachment
from secondlook.errors import BackboneError, IntakeError, NotFound
from secondlook.store.embedding_values import ImageKey, MissingImage, Space
from secondlook_workflows.context import Context
from secondlook_workflows.recorded import recorded
from secondlook_workflows.stand_ins import StandIns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.models.backbones import TextBackbone
    from secondlook.models.search import ImageEmbedder

PICTURES = 16
"""Pictures per batch."""
PASSAGES = 256
"""Passages per batch."""
log = logging.getLogger("secondlook")


@dataclass(frozen=True, kw_only=True)
class EmbedConfig:
    """What to embed."""

    images: bool = True
    passages: bool = True


@dataclass(kw_only=True)
class EmbedReport:
    """How many vectors were made, and which pictures have none."""

    images: int = 0
    passages: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    """Reason by sha256 of a picture."""
    interrupted: bool = False


def run(config: EmbedConfig, context: Context) -> EmbedReport:
    """Make the vectors that are missing.

    Raises BackboneError where the vision backbone gives no vectors of whole pictures.
    """
    report = EmbedReport()
    with recorded("embed", config, context) as metrics:
        try:
            if config.passages:
                embed_passages(text_backbone(context), context, report)
            if config.images:
                embed_images(image_backbone(context), context, report)
        except KeyboardInterrupt:
            report.interrupted = True
        metrics |= {
            "images": report.images,
            "passages": report.passages,
            "unreadable": len(report.unreadable),
            "interrupted": report.interrupted,
        }
    return report


def text_backbone(context: Context) -> "TextBackbone":
    """The backbone that reads passages."""
    return context.runtime.text(context.workspace.settings.text_backbone)


def image_backbone(context: Context) -> "ImageEmbedder":
    """The backbone that looks at pictures. BackboneError where it gives no whole vectors."""
    name = context.workspace.settings.vision_backbone
    backbone = context.runtime.vision(name)
    if not hasattr(backbone, "embed_images"):
        raise BackboneError(
            f"the vision backbone {name!r} gives no vectors of whole pictures, which search needs: "
            "name another one in the setting vision_backbone"
        )
    return cast("ImageEmbedder", backbone)


def text_space(text: "TextBackbone") -> Space:
    """Which stored vectors those of this backbone compare with; texts are read in float32."""
    return Space(text.ref.fingerprint, "float32")


def image_space(vision: "ImageEmbedder") -> Space:
    """Which stored vectors those of this backbone compare with.

    A pair sees in the precision of the half that sees; a plugin's backbone that names none counts
    as one that computes in float32.
    """
    half = getattr(vision, "image", vision)
    return Space(vision.ref.fingerprint, getattr(half, "precision", "float32"))


def embed_passages(text: "TextBackbone", context: Context, report: EmbedReport) -> None:
    """Give every passage a vector."""
    database, space, last = context.workspace.database, text_space(text), None
    with database.read() as unit:
        waiting = unit.embeddings.passages.count_missing(space)
    if waiting:
        context.progress.start("reading passages", waiting)
    while waiting:
        with database.read() as unit:
            page = unit.embeddings.passages.missing(space, limit=PASSAGES, after=last)
        if not page:
            return
        keys, vectors = [x.key for x in page], text.embed([x.text for x in page])
        with database.write() as unit:
            unit.embeddings.passages.add(space, keys, vectors)
            unit.commit()
        report.passages += len(page)
        context.progress.advance(len(page))
        last = keys[-1]


def embed_images(
    vision: "ImageEmbedder", context: Context, report: EmbedReport, *, case_id: str | None = None
) -> None:
    """Give every picture that can be read a vector; those of `case_id` alone where it is given.

    Of a series no more slices are read than a first look reads: see `StandIns`.
    """
    import numpy as np

    database, space = context.workspace.database, image_space(vision)
    if case_id is None:
        with database.read() as unit:
            waiting = unit.embeddings.images.count_missing(space)
        if not waiting:
            return
        context.progress.start("looking at pictures", waiting)
    stand_ins = StandIns(context)
    seen: dict[ImageKey, NDArray[np.float32]] = {}
    for page in _images(space, context, case_id):
        read = {x.key: stand_ins.of(x) for x in page}
        seen |= _seen([x for x in read.values() if x.key not in seen], vision, context, report)
        found = {key: seen[other.key] for key, other in read.items() if other.key in seen}
        if found:
            with database.write() as unit:
                unit.embeddings.images.add(space, list(found), np.stack(list(found.values())))
                unit.commit()
        # The slices of a series may go on in the next page.
        seen = {k: v for k, v in seen.items() if k.case_id == page[-1].key.case_id}
        report.images += len(found)
        if case_id is None:
            context.progress.advance(len(page))


def _images(
    space: Space, context: Context, case_id: str | None
) -> Iterator[Sequence[MissingImage]]:
    """Pages go on after the last key, not from the start: what cannot be read stays missing."""
    last = None
    while True:
        with context.workspace.database.read() as unit:
            images = unit.embeddings.images
            page = images.missing(space, limit=PICTURES, after=last, case_id=case_id)
        if not page:
            return
        yield page
        last = page[-1].key


def _seen(
    items: Sequence[MissingImage], vision: "ImageEmbedder", context: Context, report: EmbedReport
) -> "dict[ImageKey, NDArray[np.float32]]":
    """The vectors of those that can be read."""
    pictures = _readable({x.key: x for x in items}.values(), vision, context, report)
    vectors = vision.embed_images(list(pictures.values())) if pictures else ()
    return dict(zip(pictures, vectors, strict=True))


def _readable(
    page: Iterable[MissingImage], vision: "ImageEmbedder", context: Context, report: EmbedReport
) -> "dict[ImageKey, NDArray[np.uint8]]":
    pictures = {}
    for item in page:
        try:
            pictures[item.key] = shrunk(vision, _load(item.attachment, context))
        except (IntakeError, NotFound) as error:
            log.warning("picture %s cannot be read: %s", item.key.sha256, type(error).__name__)
            report.unreadable[item.key.sha256] = str(error)
    return pictures


def _load(attachment: Attachment, context: Context) -> "NDArray[np.uint8]":
    path = context.workspace.blobs.path(attachment.sha256)
    picture = context.plugins.load_attachment(attachment, path)
    if picture is None:
        raise IntakeError(f"no plugin can read a picture of type {attachment.media_type}")
    return picture


def shrunk(vision: "ImageEmbedder", picture: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """The picture at the size the backbone takes, so that a batch of large ones fits in memory."""
    prepare = getattr(vision, "prepare", None)
    resized = getattr(prepare, "resized", None)
    return picture if resized is None else cast("NDArray[np.uint8]", resized(picture))
