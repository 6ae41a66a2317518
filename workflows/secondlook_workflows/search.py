"""search: stored cases by words or by a picture.

Exact: every stored vector is compared. What lacks a vector gets one first. What was searched for
is written nowhere: it may name a patient.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from secondlook.domain import IntakeFile
from secondlook.errors import BackboneError, IntakeError, ModelError, UsageError
from secondlook.intake.reader import Reader
from secondlook.store.embedding_values import CaseFilter, ImageKey, PassageKey
from secondlook.store.identity import PICTURES
from secondlook_workflows.context import Context
from secondlook_workflows.embed import (
    EmbedReport,
    embed_images,
    embed_passages,
    image_backbone,
    image_space,
    shrunk,
    text_backbone,
    text_space,
)
from secondlook_workflows.hits import Hit, passage_hit, picture_hit
from secondlook_workflows.products import check_product
from secondlook_workflows.stored_adapters import load_adapter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.models.alignment import AlignmentPart
    from secondlook.models.dual import DualBackbone
    from secondlook.models.search import ImageEmbedder

LARGEST = 200
"""Hits of each kind at most."""
NOT_ALIGNED = (
    "the vision backbone is not aligned with text, so pictures are not searched: give --image"
)
UNTRAINED = "the vision backbone is untrained: pictures are compared by their texture, weakly"
OWN_SPACE = (
    "pictures are compared with the words as adapter {} has learned to from texts of your own cases"
)
OTHER_BACKBONE = (
    "adapter {} was learned from texts with another backbone than the workspace has now, so words "
    "and pictures are compared without it"
)
NO_PASSAGES = "no record is stored yet, so there is no text to search"
NO_PICTURES = "no picture is stored yet that could be searched"


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """What to search for, by words or by a picture, and where."""

    text: str | None = None
    image: Path | None = None
    domain: str | None = None
    product: str | None = None
    decided_only: bool = False
    limit: int = 10
    """Hits of each kind: similarities of passages and of pictures do not compare."""


@dataclass(kw_only=True)
class SearchReport:
    """What was found: passages first, then pictures, each most similar first."""

    hits: list[Hit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was not searched, or what weakens the answer, in a sentence each."""
    searched: dict[str, int] = field(default_factory=dict)
    """How many `passages` and `pictures` were compared."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Reason by sha256 of a stored picture that has no vector."""


def run(config: SearchConfig, context: Context) -> SearchReport:
    """Search. At most one hit for each record, and one picture for each case.

    Raises UsageError or PluginError for words that name nothing, IntakeError for a file that is
    no picture, BackboneError for a backbone that cannot be used.
    """
    _check(config, context)
    of = CaseFilter(domain=config.domain, product=config.product, decided=config.decided_only)
    report = SearchReport()
    if config.text is not None:
        _by_text(config.text, config.limit, of, context, report)
    if config.image is not None:
        vision = image_backbone(context)
        query = vision.embed_images([shrunk(vision, _read(config.image, context))])
        _pictures(query, vision, config.limit, of, context, report)
    return report


def _check(config: SearchConfig, context: Context) -> None:
    if (config.text is None) == (config.image is None):
        raise UsageError("a search is for words or for a picture: give TEXT, or --image FILE")
    if config.text is not None and not config.text.strip():
        raise UsageError("the words to search for are empty: give some, or --image FILE")
    if not 1 <= config.limit <= LARGEST:
        raise UsageError(f"cannot show {config.limit} hits: ask for 1 to {LARGEST}")
    if config.domain is not None:
        context.plugins.domain(config.domain)
    check_product(config.product)


def _by_text(
    words: str, limit: int, of: CaseFilter, context: Context, report: SearchReport
) -> None:
    """Passages by the text backbone; pictures too where both live in one space."""
    from secondlook.models.search import nearest

    text = text_backbone(context)
    embed_passages(text, context, EmbedReport())
    with context.workspace.database.read() as unit:
        passages, space = unit.embeddings.passages, text_space(text)
        report.searched["passages"] = passages.count(space, of)
        found = nearest(text.embed([words]), passages.matrix(space, of), limit, group=_record)
        places = passages.found([x.key for x in found], of)
    report.hits += [passage_hit(x, places[x.key], words) for x in found]
    _note_nothing(report, "passages", NO_PASSAGES)
    try:
        vision = image_backbone(context)
    except BackboneError as error:  # the passages were found all the same
        report.notes.append(f"pictures are not searched: {error}")
        return
    if not getattr(vision, "aligned", False):
        report.notes.append(NOT_ALIGNED)
        return
    query, own = (
        cast("DualBackbone", vision).embed([words]),
        _alignment(vision, of, context, report),
    )
    _pictures(query if own is None else own.text(query), vision, limit, of, context, report, own)


def _alignment(
    vision: "ImageEmbedder", of: CaseFilter, context: Context, report: SearchReport
) -> "AlignmentPart | None":
    """What the champion of the cases that are searched has learned from their texts."""
    if of.domain is None:
        return None
    with context.workspace.database.read() as unit:
        info = unit.adapters.champion(of.domain, of.product)
    if info is None or info.card.get("alignment") is None:
        return None
    if info.backbone.fingerprint != vision.ref.fingerprint:
        report.notes.append(OTHER_BACKBONE.format(info.id))
        return None
    try:
        adapter = load_adapter(info, context)
        adapter.check(context.runtime.vision(context.workspace.settings.vision_backbone))
    except ModelError as error:  # pictures are found all the same
        report.notes.append(f"words and pictures are compared without adapter {info.id}: {error}")
        return None
    report.notes.append(OWN_SPACE.format(info.id))
    return adapter.alignment


def _pictures(
    query: "NDArray[np.float32]",
    vision: "ImageEmbedder",
    limit: int,
    of: CaseFilter,
    context: Context,
    report: SearchReport,
    own: "AlignmentPart | None" = None,
) -> None:
    """The pictures nearest to a query (1, D); with `own` both are compared in its space."""
    from secondlook.models.search import mapped, nearest

    made = EmbedReport(unreadable=report.unreadable)
    embed_images(vision, context, made)
    with context.workspace.database.read() as unit:
        images, space = unit.embeddings.images, image_space(vision)
        report.searched["pictures"] = images.count(space, of)
        chunks = images.matrix(space, of)
        seen = chunks if own is None else mapped(chunks, own.image)
        found = nearest(query, seen, limit, group=_case)
        places = images.found([x.key for x in found])
    report.hits += [picture_hit(x, places[x.key]) for x in found]
    _note_nothing(report, "pictures", NO_PICTURES)
    if not vision.ref.trained:
        report.notes.append(UNTRAINED)


def _note_nothing(report: SearchReport, kind: str, note: str) -> None:
    if not report.searched[kind]:
        report.notes.append(note)


def _case(key: ImageKey) -> str:
    return key.case_id


def _record(key: PassageKey) -> int:
    return key.record_id


def _read(path: Path, context: Context) -> "NDArray[np.uint8]":
    """The picture in a file, under the limits and in the process of any intake."""
    if not path.is_file():
        raise UsageError("the file given with --image is not there: check its path")
    with Reader(context.workspace.settings.limits) as reader:
        outcome = reader.read(path, path.name)
    if not isinstance(outcome, IntakeFile):
        raise IntakeError(f"{outcome.source} cannot be searched for: {outcome.detail}")
    picture = None
    if outcome.attachment.role in PICTURES:
        picture = context.plugins.load_attachment(outcome.attachment, path)
    if picture is None:
        kind = outcome.attachment.media_type
        raise IntakeError(f"{outcome.source} is {kind}, not a picture: give a photo or a scan")
    return picture
