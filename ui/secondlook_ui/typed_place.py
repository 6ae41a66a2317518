"""A place on a picture as four numbers that a person types, or that the viewer says was drawn."""

import re
from collections.abc import Mapping
from typing import Any

from secondlook.cases import Attachment, Case
from secondlook.decisions import Act, Area, FindingAct
from secondlook.domain import Domain
from secondlook.errors import SecondlookError
from secondlook_workflows.decide import DecideConfig
from secondlook_workflows.decide_words import check_words

FORM = "left / top / width / height"
NUMBERS = re.compile(
    r"\s*(\d{1,6})\s*[/,; x]\s*(\d{1,6})\s*[/,; x]\s*(\d{1,6})\s*[/,; x]\s*(\d{1,6})\s*"
)


def text_of(area: Area | None) -> str:
    """The numbers of a place; empty without one."""
    return f"{area.left}/{area.top}/{area.width}/{area.height}" if area else ""


def frames(picture: Attachment) -> int:
    """How many slices or frames it has; 1 of a flat picture."""
    count = picture.facts.get("frames")
    return count if isinstance(count, int) else 1


def read(text: str, picture: Attachment, frame: int | None) -> Area | None:
    """The place; None for no text. ValueError for what is not four numbers."""
    if not text.strip():
        return None
    found = NUMBERS.fullmatch(text)
    if found is None:
        raise ValueError(f"A place is four numbers in pixels: {FORM}")
    left, top, width, height = (int(x) for x in found.groups())
    at = frame if frames(picture) > 1 else None
    return Area(attachment=picture.sha256, left=left, top=top, width=width, height=height, frame=at)


def refusal(area: Area, case: Case, domain: Domain) -> str:
    """Why it is no place of this case, as deciding would say; empty where it is one."""
    label = domain.taxonomy.labels[0].code
    act = FindingAct(label=label, act=Act.ADD, area=area)
    said = DecideConfig(
        case=case.id, disposition=domain.dispositions[0].code, reviewer="", acts=(act,)
    )
    try:
        check_words(said, domain, case)
    except SecondlookError as error:
        return str(error)
    return ""


def drawn(told: Mapping[str, Any], case: Case) -> Area | None:
    """What the viewer says was drawn. It comes from the browser: None where it makes no sense."""
    numbers = [told.get(x) for x in ("file", "frame", "left", "top", "width", "height")]
    if not all(isinstance(x, int) and 0 <= x < 1_000_000 for x in numbers):
        return None
    file, frame, left, top, width, height = (int(str(x)) for x in numbers)
    if file >= len(case.attachments) or case.attachments[file] not in case.images():
        return None
    picture = case.attachments[file]
    at = frame if frames(picture) > 1 else None
    return Area(attachment=picture.sha256, left=left, top=top, width=width, height=height, frame=at)
