"""The sections of a note, by its headings."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from radiology_assistant.notes.documents import Part, placed
from radiology_assistant.notes.headings import DOCUMENT, FIRST, Heading, headings_of
from radiology_assistant.notes.note import Section
from radiology_assistant.notes.reports import may_be_report, reads_like_report, report_in

FINDINGS = "findings"


def sections_of(text: str) -> tuple[Section, ...]:
    """The sections of a text in order; text in front of the first heading is a `document`."""
    first, last = Heading(0, 0, FIRST), Heading(len(text), len(text), FIRST)
    pieces = pairwise([first, *headings_of(text), last])
    parts = [
        Part(x.kind, x.beyond, y.start)
        for x, y in pieces
        if text[x.beyond : y.start].strip() or x.kind.begins
    ]
    written = [x for x in placed(text, parts) if text[x.start : x.end].strip()]
    following = pairwise([*written, None])
    return tuple(part for x, after in following if x for part in _parted(text, x, after))


def _parted(text: str, part: Part, after: Part | None) -> Iterator[Section]:
    """A section, told apart from a report that follows in it without a heading of its own."""
    section = _section(part)
    if part.kind.section == DOCUMENT:
        yield _of_document(text, section, after)
        return
    cut = report_in(text, part.start, part.end) if section.known else part.end
    if text[part.start : cut].strip():
        sure = not part.kind.in_report or not may_be_report(text, part.start, cut)
        yield replace(section, end=cut, known=section.known and sure)
    if text[cut : part.end].strip():
        yield Section(FINDINGS, cut, part.end, known=False, raises=False)


def _of_document(text: str, section: Section, after: Part | None) -> Section:
    """Text without any heading: written before only as a whole, and where its document has no
    other section behind it. What may be a report as well feeds no model, and raises an exam."""
    last = after is None or after.kind.section == DOCUMENT
    whole = last or (after is not None and after.kind.begins)
    raises = whole and not reads_like_report(text, section.start, section.end)
    known = raises and last and not may_be_report(text, section.start, section.end)
    return replace(section, known=known, raises=raises)


def _section(part: Part) -> Section:
    kind = part.kind
    raises = kind.known or part.doubtful
    return Section(
        kind.section, part.start, part.end, kind.known, raises=raises, assertion=kind.assertion
    )
