"""What the machine marked, as the viewer is told of it. It is told of nothing that is hidden."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from secondlook.assessments import Finding
from secondlook.errors import SecondlookError
from secondlook.evidence import AnomalyMap, Measurement, Region
from secondlook.intake.aspect import pitch_of
from secondlook.intake.views import PROJECTIONS
from secondlook_ui import colour, session, trouble, words
from secondlook_ui.colour import Span
from secondlook_ui.shown import Shown
from secondlook_ui.viewer.series import Series

SIZES = ("length", "diameter", "width")
"""Measures that say how large a place is, and which of them comes first."""
PIXELS = "px"
UNSURE = "border uncertainty"
Marks = dict[str, Any]


def numbered(page: Shown) -> dict[int, Region]:
    """Every marked place of the case under a number of its own."""
    files = (x.sha256 for x in page.case.attachments)
    return dict(enumerate(x for sha256 in files for x in page.regions(sha256)))


def places(page: Shown, series: Series) -> list[Marks]:
    """The marked places of one series, each with its name and size."""
    told = []
    for number, region in numbered(page).items():
        at = series.slice_of(region.attachment)
        if at is not None:
            told.append(_place(page, number, region, at))
    return told


def heats(page: Shown, series: Series) -> list[Marks]:
    """The maps of one series whose colours mean something."""
    found = []
    for attachment in series.scan.stack.attachments:
        for item in page.maps(attachment.sha256):
            span, at = _span(page, item), series.slice_of(attachment.sha256)
            if span is not None and at is not None and (told := _heat(page, item, span)):
                found.append({"slice": at, **told})
    return found


def unknown(page: Shown) -> bool:
    """Whether a map of unusual places is not shown because its threshold is not known."""
    return page.map_threshold is None and any(
        x.label is None for file in page.case.attachments for x in page.maps(file.sha256)
    )


def findings(page: Shown, region: Region) -> tuple[Finding, ...]:
    """What was found there."""
    told = page.assessment.findings if page.assessment else ()
    return tuple(x for x in told if region in x.evidence)


def size(page: Shown, region: Region) -> str:
    """`length 3.1 mm, width 0.4 mm (border ± 0.1 mm)`, or the sides of its box.

    Millimetres where they were measured, or the pitch of the picture is known.
    """
    known = page.measurements([region.name]) if region.name else ()
    best: dict[str, Measurement] = {}
    for item in known:
        if item.name not in best or best[item.name].unit == PIXELS:
            best[item.name] = item
    said = [f"{x} {words.quantity(best[x])}" for x in SIZES if x in best][:2]
    if said:
        return ", ".join(said) + _unsure(page, best)
    return _sides(page, region)


def _sides(page: Shown, region: Region) -> str:
    """The pitch that a file says goes before that of the product."""
    file = next(x for x in page.case.attachments if x.sha256 == region.attachment)
    product = page.case.spec.pitch_mm if page.case.spec else None
    pitch = pitch_of(file) or (product and (product, product))
    if not pitch:
        return f"box {region.width} × {region.height} px"
    where = " at the detector" if file.facts.get("modality") in PROJECTIONS else ""
    return f"box {region.width * pitch[1]:.3g} × {region.height * pitch[0]:.3g} mm{where}"


def _unsure(page: Shown, best: dict[str, Measurement]) -> str:
    """By how much a border may lie off, in the unit of the measures."""
    item = best.get(UNSURE)
    if item is None:
        return ""
    pitch = page.case.spec.pitch_mm if page.case.spec else None
    millimetres = any(best[x].unit != PIXELS for x in SIZES if x in best)
    if item.unit == PIXELS and millimetres and pitch:
        return f" (border ± {item.value * pitch:.2g} mm)"
    return f" (border ± {item.value:.2g} {item.unit})"


def _place(page: Shown, number: int, region: Region, at: int) -> Marks:
    return {
        "id": number,
        "slice": at,
        "left": region.left,
        "top": region.top,
        "width": region.width,
        "height": region.height,
        "name": page.called(region),
        "finding": ", ".join(dict.fromkeys(x.title for x in findings(page, region))),
        "size": size(page, region),
    }


def _heat(page: Shown, item: AnomalyMap, span: Span) -> Marks | None:
    """What is beside the picture must not hide it: a map that cannot be read is left out."""
    try:
        blob = session.workspace().blobs.path(item.blob).read_bytes()
        grey = np.asarray(Image.open(io.BytesIO(blob), formats=("PNG",)).convert("L"))
    except (SecondlookError, OSError, SyntaxError, ValueError) as error:
        trouble.log(error)
        return None
    return {
        "name": _name(page, item),
        "meaning": _meaning(page, item),
        "columns": grey.shape[1],
        "rows": grey.shape[0],
        "grey": base64.b64encode(grey.tobytes()).decode(),
        "low": item.low,
        "high": item.high,
        "from": span.low,
        "to": span.high,
    }


def _span(page: Shown, item: AnomalyMap) -> Span | None:
    """Where its colours begin and end; None for unusual places without a threshold."""
    if item.label is not None:
        return Span.of_strongest(page.strongest(item.label))
    return Span.of_threshold(page.map_threshold) if page.map_threshold is not None else None


def _name(page: Shown, item: AnomalyMap) -> str:
    if item.label is None:
        return "unusual places"
    return f"what speaks for {words.finding(page.domain, item.label)}"


def _meaning(page: Shown, item: AnomalyMap) -> str:
    """The colours in one plain sentence."""
    if item.label is None:
        return (
            "The brighter, the more unusual: from about the threshold to "
            f"{colour.FULL} times it and more."
        )
    told = f"The brighter, the more it speaks for {words.finding(page.domain, item.label)}"
    share = page.image_share(item.label)
    return f"{told}; in all, {words.contribution(share)}." if share else f"{told}."
