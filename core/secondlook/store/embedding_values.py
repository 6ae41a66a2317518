"""What the embeddings are asked and what they answer."""

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement

from secondlook.cases import Attachment, Passage
from secondlook.store.case_tables import CaseRow


class Space(NamedTuple):
    """Which vectors compare: those that one backbone made in one precision."""

    backbone: str
    """Fingerprint of its weights."""
    precision: str
    """What it computed in, such as `float32` or `bfloat16`."""


class ImageKey(NamedTuple):
    """Which picture."""

    case_id: str
    sha256: str


class PassageKey(NamedTuple):
    """Which passage; by the record's row number, because cases share records."""

    record_id: int
    ordinal: int


K = TypeVar("K", ImageKey, PassageKey)


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """Which cases to search; None leaves a field open."""

    domain: str | None = None
    product: str | None = None
    decided: bool = False
    """Only cases that are decided now."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """On the columns of `cases`; none where every case will do."""
        return [
            *([CaseRow.domain == self.domain] if self.domain is not None else []),
            *([CaseRow.product == self.product] if self.product is not None else []),
            *([CaseRow.decided.is_not(None)] if self.decided else []),
        ]


EVERY_CASE = CaseFilter()


@dataclass(frozen=True, kw_only=True)
class MissingImage:
    """A picture without a vector."""

    key: ImageKey
    attachment: Attachment


@dataclass(frozen=True, kw_only=True)
class MissingPassage:
    """A passage without a vector."""

    key: PassageKey
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Vectors(Generic[K]):
    """Some vectors and what each belongs to."""

    keys: tuple[K, ...]
    vectors: NDArray[np.float32]
    """(N, D)"""


@dataclass(frozen=True, kw_only=True)
class FoundCase:
    """What a search shows of a case."""

    id: str
    title: str
    decided: str | None
    """Code of the disposition that was decided; None while the case is open."""


@dataclass(frozen=True, kw_only=True)
class FoundPassage:
    """A passage, where it stands, and one of the cases that have its record."""

    case: FoundCase
    cases: int
    """How many cases of those searched have the record."""
    record: str
    """sha256 of the record."""
    record_name: str
    """What `case` calls it."""
    passage: Passage


@dataclass(frozen=True, kw_only=True)
class FoundImage:
    """A picture and its case."""

    case: FoundCase
    attachment: Attachment
