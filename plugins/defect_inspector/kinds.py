"""Which kind of defect a manual's word stands for.

A word is known from `kinds.toml`, from the titles that a site gave its own kinds, or because the
manual itself calls a known one so. What is known from none of these is a kind of its own.
"""

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from defect_inspector.clauses import Synonym
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.vocabulary import Phrases, tokens
from secondlook import Taxonomy

ANY = "any"
"""Stands for every kind."""
SENSE = "kind"


def kinds_in(text: str, words: Phrases) -> frozenset[str]:
    """The kinds that a text names; ANY among them where it speaks of defects as such."""
    found: set[str] = set()
    read = tokens(fold(text))
    at = 0
    while at < len(read):
        length, senses = words.longest(read, at)
        if SENSE in senses:
            found.add(senses[SENSE])
        at += max(length, 1)
    return frozenset(found)


def kinds_of(terms: Iterable[str], synonyms: Iterable[Synonym], words: Phrases) -> frozenset[str]:
    """The kinds that a clause is about; a term that is known from nowhere stands for itself."""
    groups = [frozenset((x.term, *x.others)) for x in synonyms]
    found: set[str] = set()
    for term in terms:
        names = {term}.union(*(x for x in groups if term in x))
        known = frozenset[str]().union(*(kinds_in(x, words) for x in names))
        specific = known - {ANY}
        found |= specific or known or {term}
    return frozenset(found)


@cache
def words_of(taxonomy: Taxonomy) -> Phrases:
    """The words for the kinds of a taxonomy."""
    return Phrases(_entries(taxonomy))


def _entries(taxonomy: Taxonomy) -> Iterator[tuple[str, str, str]]:
    codes = {x.code for x in taxonomy.labels} | {ANY}
    for code, phrases in _known().items():
        if code in codes:
            yield from ((SENSE, code, x) for x in phrases)
    for label in taxonomy.labels:
        if label.code not in _known():
            yield from ((SENSE, label.code, x) for x in (label.title, f"{label.title}s"))


@cache
def _known() -> dict[str, list[str]]:
    text = (files("defect_inspector") / "kinds.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
