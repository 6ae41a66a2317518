"""Products: what is described of them, each description as it stood from one time on."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from secondlook.assessments import Assessment
from secondlook.cases import Case, CaseStatus, ProductSpec, Record, Zone
from secondlook.errors import UsageError

SMALLEST_PITCH_MM, LARGEST_PITCH_MM = 1e-5, 100.0
"""10 nm to 10 cm for each pixel: from the electron microscope to a ship's hull."""
LONGEST_NAME = 64
"""Characters of the name of a revision."""
ROUNDING = 1e-9
"""Shares of a picture that were written as percent do not add up to the last digit."""


@dataclass(frozen=True, kw_only=True)
class ProductVersion:
    """A product as it was described from one time on; the last one of a product stands."""

    id: str
    product: str
    """Names the product in the store and in the audit trail: see `product_id`."""
    domain: str
    name: str
    ordinal: int
    """Counts the descriptions of a product, from 1."""
    spec: ProductSpec = field(default_factory=ProductSpec)
    file: str | None = None
    """Name of the manual's file."""
    at: datetime
    by: str
    """Who described it so."""


def check_pitch(pitch_mm: float | None) -> None:
    """Raise UsageError unless this can be a pixel pitch in millimetres; None says nothing."""
    if pitch_mm is None:
        return
    if not math.isfinite(pitch_mm) or not SMALLEST_PITCH_MM <= pitch_mm <= LARGEST_PITCH_MM:
        raise UsageError(
            f"a pixel of {pitch_mm:g} mm cannot be: give how many millimetres one pixel of the "
            f"picture shows, {SMALLEST_PITCH_MM:g} to {LARGEST_PITCH_MM:g} (a picture 1000 pixels "
            "wide of a part 50 mm wide has 0.05)"
        )


def check_zones(zones: Sequence[Zone]) -> None:
    """Raise UsageError unless every zone lies on the picture and has a name of its own."""
    names: set[str] = set()
    for zone in zones:
        name = zone.name.strip().casefold()
        if not name:
            raise UsageError("a zone has no name: write NAME=LEFT,TOP,WIDTH,HEIGHT")
        if name in names:
            raise UsageError(
                f"two zones are called {zone.name!r}: give each zone a name of its own"
            )
        names.add(name)
        _check_place(zone)


def _check_place(zone: Zone) -> None:
    values = (zone.left, zone.top, zone.width, zone.height)
    beyond = max(zone.left + zone.width, zone.top + zone.height)
    if not all(map(math.isfinite, values)) or min(zone.width, zone.height) <= 0:
        raise UsageError(f"the zone {zone.name!r} has no area: give it a width and a height")
    if min(zone.left, zone.top) < 0 or beyond > 1 + ROUNDING:
        shown = ", ".join(f"{100 * x:g}" for x in values)
        raise UsageError(
            f"the zone {zone.name!r} ({shown}) lies outside the picture: left, top, width and "
            "height are percent of the picture, so left + width and top + height are 100 at most"
        )


def named_revision(manual: Record, word: str | None, history: Sequence[ProductVersion]) -> str:
    """What a revision of a manual is called: `word`, else its earlier name, else the next number.

    Raises UsageError for a name that another manual of the product has already.
    """
    manuals = {x.spec.revision: x.spec.manual for x in history if x.spec.revision is not None}
    if word is None:
        known = next((x for x, sha256 in manuals.items() if sha256 == manual.sha256), None)
        return known or _next_number(manuals)
    name = word.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"{word[:LONGEST_NAME]!r} cannot name a revision: use 1 to {LONGEST_NAME} characters"
        )
    taken = next((x for x in manuals if x.casefold() == name.casefold()), None)
    if taken is not None and manuals[taken] != manual.sha256:
        raise UsageError(
            f"revision {taken!r} of {history[-1].name} is another manual already: give this one "
            "another name with --revision, or leave it out to count on"
        )
    return taken or name


def _next_number(taken: Collection[str]) -> str:
    return next(str(x) for x in count(len(taken) + 1) if str(x) not in taken)


def outdated(case: Case, assessment: Assessment) -> str | None:
    """In words, that a first look was made under another description of the product; else None.

    `made under revision A of the manual, not judged again yet`. For a decided case it is compared
    with the description that the case was decided under.
    """
    then, now = assessment.provenance.spec or ProductSpec(), case.spec or ProductSpec()
    made: list[str] = []
    if then.manual != now.manual:
        named = f"under revision {then.revision} of the manual"
        made.append(named if then.manual else "without the product's manual")
    if then.pitch_mm != now.pitch_mm:
        pitch = f"with {then.pitch_mm:g} mm per pixel" if then.pitch_mm else "without pixel pitch"
        made.append(pitch)
    if then.zones != now.zones:
        made.append("with other zones" if then.zones else "without zones")
    return f"made {', '.join(made)}; {_and_then(case, now)}" if made else None


def _and_then(case: Case, now: ProductSpec) -> str:
    if case.status is not CaseStatus.DECIDED:
        return "not judged again yet"
    revision = f" (revision {now.revision})" if now.revision else ""
    return f"the part was decided under a later description{revision}"
