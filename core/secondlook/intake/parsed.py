"""What the parsing process hands back for an accepted file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from secondlook.cases import Facts, Passage, Role


class BlockKind(Enum):
    """What a stretch of a document is, before it is cut into passages."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"


@dataclass(frozen=True)
class Block:
    """`text[start:end]` is one heading, paragraph, list item or table row."""

    start: int
    end: int
    kind: BlockKind


@dataclass(frozen=True)
class Document:
    """The text of a document and its structure, in the order of the text."""

    text: str
    blocks: Sequence[Block]
    pages: Sequence[int] = ()
    """Start offset of each page; empty where the format has none."""


@dataclass(frozen=True)
class Parsed:
    """An accepted file: what it is, and the text of a document."""

    media_type: str
    role: Role
    facts: Facts = field(default_factory=dict)
    text: str | None = None
    passages: tuple[Passage, ...] = ()
