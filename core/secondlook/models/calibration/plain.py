"""Calibrations as plain data for an adapter's card, and back."""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from secondlook.errors import ModelError

T = TypeVar("T")


def to_plain(value: object) -> dict[str, Any]:
    """A calibration (a dataclass) as a dict of numbers, strings, lists and dicts."""
    plain: dict[str, Any] = TypeAdapter(type(value)).dump_python(value, mode="json")
    return plain


def from_plain(kind: type[T], data: object) -> T:
    """The calibration that `to_plain` wrote. Raises ModelError where the data is not one."""
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        places = sorted({".".join(map(str, x["loc"])) or "the whole" for x in error.errors()})
        raise ModelError(
            f"the stored calibration is not a {kind.__name__}: {', '.join(places)} does not fit; "
            "restore the adapter from a copy or learn again"
        ) from None
