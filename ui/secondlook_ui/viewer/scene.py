"""Everything that the viewer is told of a case."""

import base64
from functools import cache
from typing import Any

from secondlook_ui import colour, drafts, heading, look, shortcuts
from secondlook_ui.shown import Shown
from secondlook_ui.viewer import beside, marks
from secondlook_ui.viewer.series import Series, series_of

Scene = dict[str, Any]


def scene(page: Shown, *, machine: bool, marking: bool = False) -> Scene:
    """The pictures; what the machine says of them only if `machine`: else it is not sent at all."""
    series = series_of(page.case)
    told = [x.told(page.case) | (_marked(page, x) if machine else {}) for x in series]
    return {
        "case": page.case.id,
        "name": page.case.title,
        "facts": heading.facts(page),
        "marking": marking,
        "own": _own(page),
        "series": told,
        "first": _first(told),
        "beside": [x.told() for x in beside.companions_of(page)] if machine else [],
        "map": look.reveals_at_once(page.domain),
        "tool": "move" if series and series[0].photo else "window",
        "ramp": _ramp(),
        "keys": {act: key for act, (key, _) in shortcuts.PICTURE.items()},
        "help": [list(x) for x in shortcuts.PICTURE.values()],
    }


def _marked(page: Shown, series: Series) -> Scene:
    places = marks.places(page, series)
    start = places[0]["slice"] if places else series.start
    return {"places": places, "heats": marks.heats(page, series), "start": start}


def _own(page: Shown) -> list[Scene]:
    """The places that the reviewer drew or typed."""
    files = {x.sha256: n for n, x in enumerate(page.case.attachments)}
    acts = drafts.entered(page).acts
    areas = [x.area for x in acts if x.area is not None and x.area.attachment in files]
    return [
        {
            "file": files[x.attachment],
            "frame": x.frame or 0,
            "left": x.left,
            "top": x.top,
            "width": x.width,
            "height": x.height,
        }
        for x in areas
    ]


def _first(told: list[Scene]) -> int:
    """The first picture; a volume rather than a scout beside it is for the person to choose."""
    return next((n for n, x in enumerate(told) if x["places"]), 0)


@cache
def _ramp() -> str:
    return base64.b64encode(colour.ramp()).decode()
