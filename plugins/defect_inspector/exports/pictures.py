"""The pictures of a report: the part with marks, the map over it, and each mark from near.

They are made smaller where they are large, so that a report stays one that can be sent.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from defect_inspector.exports.found import each
from defect_inspector.exports.words import measured, plain
from secondlook import (
    AnomalyMap,
    Assessment,
    Attachment,
    CaseExport,
    Evidence,
    ExportReader,
    Measurement,
    Region,
    SecondlookError,
)

if TYPE_CHECKING:
    from defect_inspector.exports.drawing import Drawing

PICTURES, CLOSE_UPS = 6, 12
"""Shown at most: pictures of a case, marks from near of a picture."""


@dataclass(frozen=True, kw_only=True)
class CloseUp:
    """A marked place from near, as JPEG."""

    name: str
    told: str
    jpeg: bytes


@dataclass(frozen=True, kw_only=True)
class Pictured:
    """One picture of the part, as JPEG."""

    name: str
    told: str
    marked: bytes
    overlay: bytes | None
    """The map over it; None where there is no map."""
    overlay_told: str
    close_ups: tuple[CloseUp, ...]
    close_ups_left_out: int


def pictured(item: CaseExport, reader: ExportReader) -> tuple[tuple[Pictured, ...], int]:
    """The pictures of a case that can be shown, and how many are not."""
    images = item.case.images()
    wanted = sorted(images, key=lambda x: not _regions(item.assessment, x))[:PICTURES]
    shown = [x for x in (_one(y, item, reader) for y in wanted) if x is not None]
    return tuple(shown), len(images) - len(shown)


def _one(attachment: Attachment, item: CaseExport, reader: ExportReader) -> Pictured | None:
    try:
        pixels = reader.picture(attachment)
    except SecondlookError as error:
        reader.warn(f"case {item.case.id[:12]}: a picture is not in its report: {error}")
        return None
    if pixels is None:
        return None
    from defect_inspector.exports.drawing import Drawing

    pitch = item.case.spec.pitch_mm if item.case.spec else None
    drawing = Drawing(pixels, pitch)
    regions = _regions(item.assessment, attachment)
    overlay, told = _overlay(drawing, attachment, item, reader)
    height, width = pixels.shape[:2]
    size = f"{width} × {height} pixels"
    scale = f", {pitch:g} mm per pixel" if pitch else ""
    return Pictured(
        name=plain(attachment.name),
        told=f"{size}{scale}; {_marks(len(regions))}",
        marked=drawing.marked(regions),
        overlay=overlay,
        overlay_told=told,
        close_ups=tuple(_close_up(drawing, x, item.assessment) for x in regions[:CLOSE_UPS]),
        close_ups_left_out=max(0, len(regions) - CLOSE_UPS),
    )


def _marks(count: int) -> str:
    return {0: "nothing is marked", 1: "1 place is marked"}.get(count, f"{count} places are marked")


def _close_up(drawing: "Drawing", named: tuple[str, Region], look: Assessment | None) -> CloseUp:
    name, region = named
    told = ", ".join(
        measured(x) for x in each(_evidence(look), Measurement) if x.region == region.name
    )
    return CloseUp(name=name, told=told if region.name else "", jpeg=drawing.close_up(region))


def _regions(look: Assessment | None, attachment: Attachment) -> list[tuple[str, Region]]:
    """What is marked on a picture, by the name it has there."""
    regions = [x for x in each(_evidence(look), Region) if x.attachment == attachment.sha256]
    return [(plain(x.name or str(i)), x) for i, x in enumerate(regions, start=1)]


def _overlay(
    drawing: "Drawing", attachment: Attachment, item: CaseExport, reader: ExportReader
) -> tuple[bytes | None, str]:
    maps = [
        x
        for x in each(_evidence(item.assessment), AnomalyMap)
        if x.attachment == attachment.sha256 and x.label is None
    ]
    if not maps:
        return None, ""
    try:
        scores = reader.scores(maps[0])
    except SecondlookError as error:
        reader.warn(f"case {item.case.id[:12]}: a map is not in its report: {error}")
        return None, ""
    threshold = map_threshold(item.assessment)
    told = "Map of unusual places: the brighter, the more unusual"
    told += ", from the threshold on." if threshold is not None else " on this picture."
    return drawing.overlaid(scores, maps[0], threshold), told


def map_threshold(look: Assessment | None) -> float | None:
    """The score from which on a place counts as unusual; None where nothing was raised by it."""
    given = (x.threshold for x in (look.findings if look else ()))
    return next((x for x in given if x is not None and x > 0), None)


def _evidence(look: Assessment | None) -> tuple[Evidence, ...]:
    if look is None:
        return ()
    return (*(x for y in look.findings for x in y.evidence), *look.evidence)
