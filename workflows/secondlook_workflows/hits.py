"""What a search found: a case, and the passage or the picture of it that matched."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from secondlook.evidence import CitedPassage
from secondlook.store.embedding_values import (
    FoundCase,
    FoundImage,
    FoundPassage,
    ImageKey,
    PassageKey,
)

if TYPE_CHECKING:
    from secondlook.models.search import Near


@dataclass(frozen=True, kw_only=True)
class MatchedPicture:
    """A stored picture that matched."""

    attachment: str
    """sha256 of the attachment."""
    name: str
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A case, and what of it matched."""

    case: str
    title: str
    similarity: float
    """Cosine, -1 to 1."""
    matched: CitedPassage | MatchedPicture
    decided: str | None
    """Code of the disposition that was decided; None while the case is open."""
    cases: int = 1
    """How many of the searched cases have this record; `case` is the one with the smallest id."""


def passage_hit(near: "Near[PassageKey]", found: FoundPassage, words: str) -> Hit:
    passage = found.passage
    matched = CitedPassage(
        record=found.record,
        record_name=found.record_name,
        text=passage.text,
        start=passage.start,
        end=passage.end,
        line=passage.line,
        page=passage.page,
        similarity=near.similarity,
        query=words,
    )
    return _hit(found.case, near.similarity, matched, found.cases)


def picture_hit(near: "Near[ImageKey]", found: FoundImage) -> Hit:
    matched = MatchedPicture(attachment=found.attachment.sha256, name=found.attachment.name)
    return _hit(found.case, near.similarity, matched)


def _hit(
    case: FoundCase, similarity: float, matched: CitedPassage | MatchedPicture, cases: int = 1
) -> Hit:
    return Hit(
        case=case.id,
        title=case.title,
        similarity=similarity,
        matched=matched,
        decided=case.decided,
        cases=cases,
    )
