"""The sections of a note, by its headings. The headings are data, in `headings.toml`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from radiology_assistant.notes.note import Section
from radiology_assistant.notes.reports import REPORT, reads_like_report, report_in
from radiology_assistant.notes.vocabulary import data
from secondlook import Assertion

DOCUMENT = "document"
FINDINGS = "findings"
LONGEST = 60
"""Characters of a heading."""
LEAD = re.compile(r"[^a-z.;!?\n]{0,12}+\Z")
MARKUP = re.compile(r"[\s#*_>•\-–—=|]*+(?:\(?\d{1,2}[.)]\s++)?+[*_]*+")
WORD = re.compile(r"[^\W\d_]++(?:['’][^\W\d_]++)*+")
ASIDE = re.compile(r"\s*+(?:[({\[][^(){}\[\]\n]{0,40}[)}\]]\s*+)?+[*_]*+\s*+$")
SEPARATOR = re.compile(r":|\s[-–—]\s")
JOINED = re.compile(r"\s*(?:,|/|&|\+|\band\b|\bund\b)\s*")


@dataclass(frozen=True, slots=True)
class _Kind:
    section: str
    known: bool
    assertion: Assertion


@dataclass(frozen=True, slots=True)
class _Heading:
    start: int
    beyond: int
    """Where the text under it begins."""
    kind: _Kind


def sections_of(text: str) -> tuple[Section, ...]:
    """The sections of a text in order; text in front of the first heading is a `document`."""
    found = list(_headings(text))
    first = _Heading(0, 0, _kinds()[DOCUMENT])
    last = _Heading(len(text), len(text), first.kind)
    pieces = pairwise([first, *found, last])
    sections = [
        Section(x.kind.section, x.beyond, y.start, x.kind.known, x.kind.assertion)
        for x, y in pieces
        if text[x.beyond : y.start].strip()
    ]
    following = pairwise([*sections, None])
    return tuple(part for x, after in following if x for part in _parted(text, x, after))


def _parted(text: str, section: Section, after: Section | None) -> Iterator[Section]:
    """A section, told apart from a report that follows in it without a heading of its own.

    Text without any heading is known before only as a whole, where its document has no other
    section behind it and does not read like a report.
    """
    if section.name == DOCUMENT:
        last = after is None or after.name == DOCUMENT
        known = last and not reads_like_report(text, section.start, section.end)
        yield replace(section, known=known)
        return
    cut = report_in(text, section.start, section.end) if section.known else section.end
    if text[section.start : cut].strip():
        yield replace(section, end=cut)
    if text[cut : section.end].strip():
        yield Section(FINDINGS, cut, section.end, known=False)


def _headings(text: str) -> Iterator[_Heading]:
    start = 0
    for line in text.split("\n"):
        beyond = start + len(line)
        begin = MARKUP.match(text, start, beyond)
        yield from _in_line(text, begin.end() if begin else start, beyond)
        start = beyond + 1


def _in_line(text: str, start: int, end: int) -> Iterator[_Heading]:
    """The headings of one line: it is one, begins with one, or holds some with colons."""
    alone = _kind_of(text[start:end].strip(" *_#=:-–—")) if end - start <= LONGEST else None
    if alone is not None:
        yield _Heading(text.rfind("\n", 0, start) + 1, end, alone)
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


def _before(text: str, begin: int, colon: int, beyond: int, *, at_start: bool) -> _Heading | None:
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
            return _Heading(word.start(), beyond, kind)
    return None


def _may_begin(text: str, at: int) -> bool:
    before = text[max(0, at - 2) : at]
    if before[-1:].isalnum():
        return False
    return text[at].isupper() or before[:1] in tuple(".;!?)")


def _kind_of(words: str) -> _Kind | None:
    """What a heading stands for: of several parts the first that is no more known than any."""
    plain = " ".join(words.lower().split())
    if not plain:
        return None
    parts = JOINED.split(plain) if plain not in _kinds() else [plain]
    kinds = [_lookup(x) for x in parts]
    found = [x for x in kinds if x is not None]
    return min(found, key=lambda x: x.known) if len(found) == len(parts) else None


def _lookup(words: str) -> _Kind | None:
    known = _kinds()
    if words in known:
        return known[words]
    return next((known[x] for x in _begun() if words.startswith(x[:-1])), None)


@cache
def _kinds() -> dict[str, _Kind]:
    return {
        name: _Kind(section, entry.get("known", False), entry.get("assertion", "affirmed"))
        for section, entry in data("headings.toml").items()
        if section != REPORT
        for name in entry["names"]
    }


@cache
def _begun() -> tuple[str, ...]:
    return tuple(x for x in _kinds() if x.endswith("*"))
