"""What can become of a file that is not accepted."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a file was put aside. The values are stable codes."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"
    UNPACKS_TOO_LARGE = "unpacks_too_large"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    UNSUPPORTED = "unsupported"
    NOT_FOUND = "not_found"
    OUTSIDE_SOURCE = "outside_source"
    LINK_LOOP = "link_loop"
    NOT_FINITE = "not_finite"
    ENCRYPTED = "encrypted"
    NO_TEXT = "no_text"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    PARSER_CRASHED = "parser_crashed"
    UNREADABLE = "unreadable"
    SEVERAL_PATIENTS = "several_patients"
    BURNED_IN = "burned_in"
    NOT_DEIDENTIFIED = "not_deidentified"


@dataclass(frozen=True)
class QuarantinedFile:
    """A file that was put aside; the others go on."""

    source: str
    """Path as the user knows it, relative to the source and safe to display."""
    reason: Reason
    detail: str
    """One sentence: the value that was met, and what would work. Never content."""
    sha256: str | None = None
    size: int | None = None
    row: int | None = None
    """Index of the manifest row that named the file."""


class Refused(Exception):
    """Raised while a file is parsed, to put it aside for a known reason."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def mebibytes(size: float) -> str:
    """A number of bytes for people: `12.3 MiB`."""
    return f"{size / 2**20:.1f} MiB"
