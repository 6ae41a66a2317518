"""Clauses before they have a place, and what one sentence or row gave."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from defect_inspector.clauses.context import Before
from defect_inspector.clauses.model import STRICTNESS, Bounds

PENDING = "pending"
"""The disposition of a draft whose severity alone is said, until the manual says what that means."""


UNSAID = "what happens to the part is not said"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A clause before it has a place."""

    terms: tuple[str, ...]
    measure: str
    bounds: Bounds
    unit: str | None
    per: str | None
    zone: str | None
    severity: str | None
    disposition: str
    joint: int | None = None
    """Drafts of one sentence with the same number hold only together."""
    weak: bool = False
    """Whether it is only said to be forbidden, or bad: what happens may be said right behind."""
    implied: bool = False
    """Whether it is what a bare upper limit forbids: no word was said of it."""


@dataclass
class Reading:
    """What one sentence gave."""

    drafts: list[Draft] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    last: Before | None = None
    beyond: str | None = None
    """What is to happen to all that exceeds the limits above, where the sentence says only that."""
    beyond_all: bool = False
    """Whether that is said of all limits above, not only of the last."""
    severities: dict[str, str] = field(default_factory=dict)
    """What is to happen to defects of a severity, where the sentence says no more than that."""


def beyond_of(draft: Draft) -> Iterator[Draft]:
    """`at most 5 mm`, and no word on what happens: more is not permitted."""
    bounds = draft.bounds.beyond()
    if bounds is not None:
        yield replace(draft, bounds=bounds, disposition="scrap", implied=True)


def stepped(drafts: list[Draft]) -> list[Draft]:
    """`accept up to | rework up to`: each range of a row begins where the one before ends."""
    done: list[Draft] = []
    for draft in drafts:
        before = next((x for x in reversed(done) if _same(x, draft)), None)
        lower = before.bounds.beyond() if before else None
        open_below = draft.bounds.lower is None and draft.bounds.upper is not None
        higher = before and open_below and before.bounds.upper and draft.bounds.upper
        if lower and higher and before and before.disposition != draft.disposition:
            ends = replace(draft.bounds, more_than=lower.more_than, at_least=lower.at_least)
            draft = draft if ends.empty else replace(draft, bounds=ends)
        done.append(draft)
    return done


def _same(one: Draft, other: Draft) -> bool:
    kinds = [(x.terms, x.measure, x.unit, x.zone) for x in (one, other)]
    return kinds[0] == kinds[1]


def ended(earlier: Draft, later: Draft) -> Draft:
    """`over 2 mm rework, over 5 mm scrap`: the first ends where the second begins."""
    one, two = earlier.bounds, later.bounds
    same = (earlier.terms, earlier.measure, earlier.unit) == (
        later.terms,
        later.measure,
        later.unit,
    )
    open_ends = one.upper is None and two.upper is None and bool(one.lower and two.lower)
    if not (same and open_ends) or _strictness(earlier) >= _strictness(later):
        return earlier
    assert one.lower and two.lower
    if one.lower[0] >= two.lower[0]:
        return earlier
    under = two.below() or Bounds()
    return replace(earlier, bounds=replace(one, less_than=under.less_than, at_most=under.at_most))


def _strictness(draft: Draft) -> int:
    return STRICTNESS.index(draft.disposition) if draft.disposition in STRICTNESS else 0
