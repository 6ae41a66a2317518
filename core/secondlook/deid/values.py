"""Values of DICOM by their representation (VR): what is empty, what is a dummy, what is a number."""

import re
from typing import Any

DUMMY_TEXT = "REMOVED"
DUMMIES: dict[str, Any] = {
    "AS": "000Y",
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "IS": "0",
    "DS": "0",
    "UR": "urn:removed",
    "AT": 0,
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), DUMMY_TEXT),
    **dict.fromkeys(("FL", "FD", "SL", "SS", "SV", "UL", "US", "UV"), 0),
    **dict.fromkeys(("OB", "OW", "OF", "OL", "OD", "OV", "UN"), bytes(8)),
}
TEXT = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
LONG = frozenset({"LT", "ST", "UT", "UC"})
"""Text that people write by hand."""
MOMENTS = frozenset({"DA", "TM", "DT"})
BINARY = frozenset({"OB", "OW", "OF", "OL", "OD", "OV", "UN"})
NUMBER = frozenset("0123456789+-.eE ")
AGE = re.compile(r"(\d{1,3})([DWMY])")
OLDEST = 90
"""Years: everybody older is as old as this."""


def is_number(text: str) -> bool:
    """Whether a number that is written as text (VR DS, IS) holds nothing but one."""
    return not set(text) - NUMBER


def capped_age(age: str) -> str:
    """An age (VR AS) of at most 90 years; empty where it is none."""
    parts = AGE.fullmatch(age.strip(" \0"))
    if parts is None:
        return ""
    number, unit = int(parts[1]), parts[2]
    return f"{min(number, OLDEST) if unit == 'Y' else number:03}{unit}"


def binary_kept(tag: int) -> bool:
    """Whether bytes under a tag that the table does not list are pictures, curves or look-ups."""
    group = tag >> 16
    return group in (0x0064, 0x0066, 0x5400, 0x5600, 0x7FE0) or (
        group == 0x0028 and tag != 0x00282000  # an ICC profile names its maker, and anybody else
    )
