"""Dates and times of DICOM moved by an offset; what is no date becomes empty."""

import re
from datetime import datetime, timedelta

DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(\.\d{1,6})?)?)?")
MOMENT = re.compile(r"(\d{4}(?:\d{2}){0,5})(\.\d{1,6})?([+-]\d{4})?")
SHAPE = "%Y%m%d%H%M%S"
START = "00010101000000"
"""What stands where a moment is given only to the year, month or hour."""
MIDDAY = "120000"


def moved_date(date: str, offset: timedelta) -> str:
    """A date (VR DA) that stands alone. Midday, as the time of day is not known."""
    parts = DATE.fullmatch(date.strip(" \0"))
    return _moved("".join(parts.groups()) + MIDDAY, offset)[:8] if parts else ""


def moved_time(time: str, offset: timedelta) -> str:
    """A time (VR TM) that stands alone: it goes round the clock."""
    return moved_pair("20000101", time, offset)[1]


def moved_pair(date: str, time: str, offset: timedelta) -> tuple[str, str]:
    """A date and the time that belongs to it, as one moment; both empty if either is none."""
    day, clock = DATE.fullmatch(date.strip(" \0")), TIME.fullmatch(time.strip(" \0"))
    if day is None or clock is None:
        return "", ""
    digits = "".join(x or "" for x in clock.groups()[:3])
    moment = _moved("".join(day.groups()) + digits.ljust(6, "0"), offset)
    return moment[:8], moment[8 : 8 + len(digits)] + (clock[4] or "") if moment else ""


def moved_moment(moment: str, offset: timedelta) -> str:
    """A moment (VR DT), to the digits that it was given to."""
    parts = MOMENT.fullmatch(moment.strip(" \0"))
    if parts is None:
        return ""
    digits, fraction, zone = parts.groups()
    whole = _moved(digits + START[len(digits) :], offset)
    return whole[: len(digits)] + (fraction or "") + (zone or "") if whole else ""


def _moved(digits: str, offset: timedelta) -> str:
    try:
        moved = datetime.strptime(digits, SHAPE) + offset
    except (ValueError, OverflowError):
        return ""
    return moved.strftime(SHAPE).rjust(len(START), "0")
