"""Table E.1-1 of DICOM PS3.15 as data: an action for each tag, and what each option makes of it.

`annex_e.csv` is the table of edition 2026c; its option columns are those of edition 2024d, which
agrees with it in every tag that both have. Tags that the dictionary does not know yet have no name.
"""

import csv
from collections.abc import Collection, Mapping
from enum import Enum
from functools import cache
from importlib.resources import files

from secondlook.deid.options import Option


class Action(Enum):
    """What becomes of an element."""

    DUMMY = "D"
    EMPTY = "Z"
    REMOVE = "X"
    KEEP = "K"
    CLEAN = "C"
    UID = "U"


RESOLVED = {
    "D": Action.DUMMY,
    "Z": Action.EMPTY,
    "X": Action.REMOVE,
    "U": Action.UID,
    "X/Z": Action.EMPTY,
    "X/D": Action.DUMMY,
    "Z/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z/U*": Action.UID,
}
"""Where the table leaves a choice by what the object's definition asks for, the answer that every
definition allows: what may be absent may be empty, and what may be empty may hold a dummy."""
OVERLAYS = range(0x6000, 0x6100)
CURVES = range(0x5000, 0x5100)
Row = Mapping[str, str]


@cache
def rows() -> Mapping[int, Row]:
    """The rows of the table by tag; those of repeating groups are left to `action`."""
    text = (files("secondlook.deid") / "annex_e.csv").read_text(encoding="ascii")
    table = csv.DictReader(text.splitlines())
    return {int(x["tag"], 16): x for x in table if "x" not in x["tag"]}


def action(tag: int, options: Collection[Option]) -> Action | None:
    """What the profile with these options does to a tag; None where the table does not list it.

    Overlays and curves go whole: their data is removed, and a description of nothing is wrong.
    """
    if tag >> 16 in OVERLAYS or tag >> 16 in CURVES:
        return Action.REMOVE
    row = rows().get(tag)
    if row is None:
        return None
    if Option.RETAIN_MODIFIED_DATES in options and row[Option.RETAIN_MODIFIED_DATES]:
        return Action.CLEAN  # also those of a device that is kept
    said = {row[x] for x in options if x is not Option.RETAIN_SAFE_PRIVATE}
    for code in ("K", "C"):
        if code in said:
            return Action(code)
    return RESOLVED[row["basic"]]
