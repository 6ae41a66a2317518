"""The words of the project as frozen dataclasses: what a case is.

What is said about a case is in `evidence`, `assessments` and `decisions`. All are plain values:
they know nothing of database rows, tensors or widgets, so every part of the system can hand them
on. Times are timezone-aware UTC; sizes are bytes; regions are pixels of the attachment they name,
with the origin at the top left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Facts: TypeAlias = Mapping[str, Scalar]
"""Small structured facts beside an object (modality, rows, spacing …); never free text of a note."""
NOTHING = "nothing"
"""Stands beside the labels of a taxonomy for a case in which nothing is to be found."""
GROUP = "group"
"""The fact of a case that says what it is never to be parted from (its patient, its lot)."""


class Role(StrEnum):
    """What an attachment is good for."""

    IMAGE = "image"
    VOLUME = "volume"
    DOCUMENT = "document"
    OTHER = "other"
    """Kept with the case, but nothing here can look at it (a structured report, a waveform)."""


class CaseStatus(StrEnum):
    """Where a case stands: the machine's state, apart from its opinion."""

    NEW = "new"
    ASSESSED = "assessed"
    FAILED = "failed"
    DECIDED = "decided"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One stored file of a case, named by the sha256 of its content."""

    sha256: str
    name: str
    """The file name as it came, without folders."""
    media_type: str
    size: int
    role: Role
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of a record that can be cited: `record.text[start:end] == passage.text`."""

    ordinal: int
    """Position in the record, from 0."""
    text: str
    start: int
    end: int
    line: int
    """First line in the record's text, from 1."""
    page: int | None = None
    """Page of the source document, from 1; None where the format has no pages."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Text beside the images (manual, specification, clinical note), split into passages."""

    sha256: str
    """Content hash of the source file (of the UTF-8 text, where there is no file)."""
    name: str
    media_type: str
    kind: str
    """`manual`, `specification`, `note` or another word of the domain."""
    text: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A named rectangle on the pictures of a product, in shares of their width and height."""

    name: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class ProductSpec:
    """What is known of the product that a case is one of."""

    pitch_mm: float | None = None
    """Millimetres per pixel of its pictures; None where nobody has said."""
    zones: tuple[Zone, ...] = ()
    revision: str | None = None
    """Of its manual, as people call it; the manual is among the records of the case."""
    manual: str | None = None
    """sha256 of that manual's record."""


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """A case as a domain opens it from intake, before the store has given it an identity."""

    domain: str
    title: str
    attachments: tuple[Attachment, ...]
    records: tuple[Record, ...] = ()
    product: str | None = None
    name: str | None = None
    """The source's own name for the case, such as a manifest's `case` column."""
    key: str | None = None
    """When given, it alone identifies the case: what arrives later under the same key joins it
    (the files of one imaging study). Without it a case is identified by its pictures."""
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One unit of review: a part, or an imaging exam, with everything that belongs to it."""

    id: str
    domain: str
    title: str
    product: str | None
    attachments: tuple[Attachment, ...]
    records: tuple[Record, ...]
    opened_at: datetime
    facts: Facts = field(default_factory=dict)
    spec: ProductSpec | None = None
    """None where the product is not described."""
    status: CaseStatus = CaseStatus.NEW
    version: int = 1
    """Counts changes; a write names the version it was made against."""

    def images(self) -> tuple[Attachment, ...]:
        """The attachments with a picture in them, in the order they were attached."""
        return tuple(a for a in self.attachments if a.role in (Role.IMAGE, Role.VOLUME))
