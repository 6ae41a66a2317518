"""The one place that tells the store the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, timezone-aware UTC with microseconds."""
    return datetime.now(UTC)
