"""Clauses of one manual that send the same part two ways."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from defect_inspector.clauses.model import STRICTNESS, Bounds, Clause, Contradiction
from defect_inspector.clauses.units import AREAS, LENGTHS, in_unit, quantity

MOST = 200  # clauses compared for one defect and measure
MOST_LISTED = 1000


def find_contradictions(clauses: Sequence[Clause]) -> tuple[Contradiction, ...]:
    """Pairs with a term, measure and zone in common, overlapping ranges, other dispositions.

    A clause without a zone holds in every zone. A clause without a limit contradicts one with a
    limit only where it is the milder one: `no cracks` and `cracks over 5 mm: rework` do.
    """
    groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for i, clause in enumerate(clauses):
        for term in clause.terms:
            groups[_stem(term), clause.per].append(i)
    found: dict[tuple[int, int], Contradiction] = {}
    for indices in groups.values():
        for pair in _clashes(clauses, indices[:MOST]):
            found.setdefault((pair.first, pair.second), pair)
    return tuple(found[x] for x in sorted(found)[:MOST_LISTED])


def _stem(term: str) -> str:
    """Singular and plural of English terms are one."""
    word = term.lower()
    for ending in ("es", "s"):
        if word.isascii() and len(word) > 4 and word.endswith(ending):
            return word.removesuffix(ending).removesuffix("e")
    return word.removesuffix("e")


def _clashes(clauses: Sequence[Clause], indices: Sequence[int]) -> Iterator[Contradiction]:
    for i, j in combinations(indices, 2):
        one, other = clauses[i], clauses[j]
        if one.disposition != other.disposition and _meet(one, other) and not _steps(one, other):
            stricter = max((i, j), key=lambda x: STRICTNESS.index(clauses[x].disposition))
            yield Contradiction(first=i, second=j, stricter=stricter)


def _steps(one: Clause, other: Clause) -> bool:
    """`over 0.1 mm rework`, `over 0.5 mm scrap`: the more, the stricter, and no contradiction."""
    if "any" in (one.measure, other.measure) or one.upper or other.upper:
        return False
    strict, mild = sorted((one, other), key=lambda x: -STRICTNESS.index(x.disposition))
    inner = _converted(strict, mild.unit)
    return bool(inner and inner.lower and mild.lower and inner.lower[0] > mild.lower[0])


def _meet(one: Clause, other: Clause) -> bool:
    """Whether one part can fall under both."""
    if one.zone is not None and other.zone is not None and one.zone.lower() != other.zone.lower():
        return False
    if one.severity and other.severity and one.severity != other.severity:
        return False
    if "any" in (one.measure, other.measure):
        return True
    if one.measure != other.measure:
        return False
    second = _converted(other, one.unit)
    if second is None:
        return False
    both = _both(one.bounds, second)
    touch = both.lower is not None and both.upper is not None and both.lower[0] == both.upper[0]
    return not both.empty and not touch  # `up to 2 mm` and `2 to 5 mm` share the limit alone


def _converted(clause: Clause, unit: str | None) -> Bounds | None:
    """The range of a clause in another unit of the same dimension."""
    if clause.unit == unit or unit is None or clause.unit is None:
        return clause.bounds if clause.unit == unit else None
    if not any(unit in x and clause.unit in x for x in (LENGTHS, AREAS)):
        return None
    ends = clause.bounds
    values = (ends.more_than, ends.at_least, ends.less_than, ends.at_most)
    more, least, less, most = (
        None if x is None else in_unit(quantity(x, clause.unit), unit) for x in values
    )
    return Bounds(more_than=more, at_least=least, less_than=less, at_most=most)


def _both(one: Bounds, other: Bounds) -> Bounds:
    """What lies in both ranges; its ends may be in the wrong order."""
    lows = [x for x in (one.lower, other.lower) if x is not None]
    highs = [x for x in (one.upper, other.upper) if x is not None]
    low = max(lows, key=lambda x: (x[0], not x[1]), default=None)
    high = min(highs, key=lambda x: (x[0], x[1]), default=None)
    return Bounds(
        more_than=low[0] if low and not low[1] else None,
        at_least=low[0] if low and low[1] else None,
        less_than=high[0] if high and not high[1] else None,
        at_most=high[0] if high and high[1] else None,
    )
