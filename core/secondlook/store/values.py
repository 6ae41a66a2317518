"""Plain values of the domain to JSON and back, checked on the way in."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from secondlook.assessments import Abstention, BackboneRef, Flag
from secondlook.cases import ProductSpec
from secondlook.errors import BadValue, Conflict, StoreError
from secondlook.evidence import Evidence
from secondlook.store.base import storable

EVIDENCE: TypeAdapter[Evidence] = TypeAdapter(Annotated[Evidence, Field(discriminator="kind")])
ABSTENTION = TypeAdapter(Abstention)
BACKBONE = TypeAdapter(BackboneRef)
BACKBONES = TypeAdapter(tuple[BackboneRef, ...])
FLAGS = TypeAdapter(tuple[Flag, ...])
SPEC = TypeAdapter(ProductSpec)


def finite(value: float | None, what: str) -> float | None:
    """`value` if it orders and travels as JSON; BadValue for NaN and infinities."""
    if value is not None and not math.isfinite(value):
        raise BadValue(f"Tried to store {value} as {what}: it must be a finite number.")
    return value


def plain(facts: Mapping[str, Any], what: str) -> dict[str, Any]:
    """A JSON object without NaN or infinities, at the top level or below."""
    for key, value in facts.items():
        if isinstance(value, float):
            finite(value, f"{key!r} of {what}")
        elif isinstance(value, Mapping):
            plain(value, what)
    return dict(facts)


def named(reviewer: str, what: str) -> str:
    """The name of whoever acts; StoreError for nobody."""
    if not reviewer.strip():
        raise StoreError(f"Tried to {what} without a reviewer. Name who does.")
    return storable(reviewer, "a reviewer's name")


def key_taken(case_id: str, key: str) -> Conflict:
    """What to say where a key names another act. Not which: it may be a read that is hidden."""
    return Conflict(
        f"Tried to act on case {case_id[:12]} under the key {key!r}: it names another act. Use a "
        "new key for each act."
    )
