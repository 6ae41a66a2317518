"""Whether a section stands in a clinical note or in a report of an exam.

Both have an `Assessment`, an `Examination` and a `Plan`: in a note they were written before the
exam was read, in a report afterwards. The other sections of the document tell which it is; where
nothing tells, it counts as a report. A document with sections of both (`HPI`, `Results`,
`Assessment`) may be either: what stands there feeds no model and raises the exam all the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from radiology_assistant.notes.headings import DOCUMENT, Kind
from radiology_assistant.notes.phrases import Phrases
from radiology_assistant.notes.tokens import tokens_of
from radiology_assistant.notes.vocabulary import data

REPORTED = frozenset({"technique", "comparison", "findings", "impression", "recommendation"})
"""Sections that reports have and clinical notes do not."""
EXAMINATION = "examination"
FIRST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading: `text[start:end]`."""

    kind: Kind
    start: int
    end: int
    doubtful: bool = False
    """Whether its document has sections of both, so that it may be of either."""


def placed(text: str, parts: Sequence[Part]) -> Iterator[Part]:
    """The parts, each as what it is in its document."""
    for document in _documents(parts):
        clinical, doubtful = _is_clinical(text, document), any(x.kind.clinical for x in document)
        for part in document:
            kind = part.kind
            if kind.in_report and not clinical:
                reported = replace(kind, section=kind.in_report, known=False)
                part = replace(part, kind=reported, doubtful=doubtful)
            yield part


def _documents(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """The parts of each document. A report begins one of its own behind another document only: in
    a report by itself other sections stand before that heading."""
    document: list[Part] = []
    for part in parts:
        in_bundle = bool(document) and document[0].kind.begins
        if part.kind.begins and (part.kind.section == DOCUMENT or in_bundle):
            yield document
            document = []
        document.append(part)
    yield document


def _is_clinical(text: str, document: Sequence[Part]) -> bool:
    if any(x.kind.section in REPORTED or _names_exam(text, x) for x in document):
        return False
    examined = any(x.kind.section == EXAMINATION for x in document)
    named = any(x.kind.clinical for x in document)
    begun = bool(document) and document[0].kind.begins
    return examined or named or begun


def _names_exam(text: str, part: Part) -> bool:
    """Whether it says which exam was made (`Examination: CT chest`) and not what was examined."""
    if part.kind.section != EXAMINATION:
        return False
    first = tokens_of(text, part.start, part.end)[:FIRST_WORDS]
    return not first or any(_imaging().at(first, x) for x in range(len(first)))


@cache
def _imaging() -> Phrases[bool]:
    return Phrases((x, True) for x in data("headings.toml")[EXAMINATION]["imaging"])
