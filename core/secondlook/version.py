"""Which code ran: the release, as it stands in provenance and runs."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def code_version() -> str:
    """`secondlook 0.1.0`; `secondlook (not installed)` when run without installation."""
    try:
        return f"secondlook {version('secondlook')}"
    except PackageNotFoundError:
        return "secondlook (not installed)"
