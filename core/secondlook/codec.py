"""Our dataclasses as plain JSON values."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter


def to_plain(value: object) -> Any:
    """Dictionaries, lists and scalars that `json.dump` takes; times as ISO 8601."""
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
