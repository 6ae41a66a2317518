"""The headings of a note. They are data, in `headings.toml`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from radiology_assistant.notes.reports import REPORT
from radiology_assistant.notes.vocabulary import data
from secondlook import Assertion

DOCUMENT = "document"
"""The section of text without a heading."""
LONGEST = 60
"""Characters of a heading."""
LEAD = re.compile(r"[^a-z.;!?\n]{0,12}+\Z")
MARKUP = re.compile(r"[\s#*_>•\-–—=|]*+(?:\(?\d{1,2}[.)]\s++)?+[*_]*+")
WORD = re.compile(r"[^\W\d_]++(?:['’][^\W\d_]++)*+")
ASIDE = re.compile(r"\s*+(?:[({\[][^(){}\[\]\n]{0,40}[)}\]]\s*+)?+[*_]*+\s*+$")
SEPARATOR = re.compile(r":|\s[-–—]\s")
JOINED = re.compile(r"\s*(?:,|/|&|\+|\band\b|\bund\b)\s*")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a heading stands for."""

    section: str
    known: bool
    assertion: Assertion
    clinical: bool
    """Whether only clinical notes have it."""
    begins: bool
    """Whether it begins a document of its own."""
    in_report: str
    """The section that it heads in a report; empty where it heads the same one everywhere."""


FIRST = Kind(DOCUMENT, known=True, assertion="affirmed", clinical=False, begins=False, in_report="")
"""Of what stands in front of the first heading."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: `text[start:beyond]`; the text under it begins at `beyond`."""

    start: int
    beyond: int
    kind: Kind


def headings_of(text: str) -> Iterator[Heading]:
    """The headings of a text, in order."""
    start = 0
    for line in text.split("\n"):
        beyond = start + len(line)
        begin = MARKUP.match(text, start, beyond)
        yield from _in_line(text, begin.end() if begin else start, beyond)
        start = beyond + 1


def _in_line(text: str, start: int, end: int) -> Iterator[Heading]:
    """The headings of one line: it is one, begins with one, or holds some with colons."""
    alone = _kind_of(text[start:end].strip(" *_#=:-–—")) if end - start <= LONGEST else None
    if alone is not None:
        yield Heading(text.rfind("\n", 0, start) + 1, end, alone)
        return
    begin = start
    line = text.rfind("\n", 0, start) + 1
    for mark in SEPARATOR.finditer(text, start, end):
        if mark[0] == ":" or begin == start:
            found = _before(text, begin, mark.start(), mark.end(), at_start=begin == start)
            if found is not None:
                first = found.start == start or LEAD.match(text, line, found.start)
                yield replace(found, start=line) if first else found
        begin = mark.end()


def _before(text: str, begin: int, colon: int, beyond: int, *, at_start: bool) -> Heading | None:
    """The longest heading that ends with this mark. Inside of a line it has a capital, or stands
    behind the end of a sentence."""
    least = max(begin, colon - LONGEST)
    aside = ASIDE.search(text, least, colon)
    stop = aside.start() if aside else colon
    for word in WORD.finditer(text, least, stop):
        first = at_start and word.start() == begin
        if not (first or _may_begin(text, word.start())):
            continue
        kind = _kind_of(text[word.start() : stop])
        if kind is not None:
            while beyond < len(text) and text[beyond] in "*_":
                beyond += 1
            return Heading(word.start(), beyond, kind)
    return None


def _may_begin(text: str, at: int) -> bool:
    before = text[max(0, at - 2) : at]
    if before[-1:].isalnum():
        return False
    return text[at].isupper() or before[:1] in tuple(".;!?)")


def _kind_of(words: str) -> Kind | None:
    """What a heading stands for: of several parts the first that is no more known than any."""
    plain = " ".join(words.lower().split())
    if not plain:
        return None
    parts = JOINED.split(plain) if plain not in _kinds() else [plain]
    kinds = [_lookup(x) for x in parts]
    found = [x for x in kinds if x is not None]
    return min(found, key=_sure) if len(found) == len(parts) else None


def _sure(kind: Kind) -> tuple[bool, bool]:
    """How surely it is known before: in a report not at all what only a clinical note knows."""
    return kind.known, not kind.in_report


def _lookup(words: str) -> Kind | None:
    known = _kinds()
    if words in known:
        return known[words]
    return next((known[x] for x in _begun() if words.startswith(x[:-1])), None)


@cache
def _kinds() -> dict[str, Kind]:
    return {
        name: Kind(
            section=section,
            known=entry.get("known", False),
            assertion=entry.get("assertion", "affirmed"),
            clinical=which == "clinical",
            begins=which == "begins",
            in_report=entry.get("in_report", ""),
        )
        for section, entry in data("headings.toml").items()
        if section != REPORT
        for which in ("names", "clinical", "begins")
        for name in entry.get(which, ())
    }


@cache
def _begun() -> tuple[str, ...]:
    return tuple(x for x in _kinds() if x.endswith("*"))
