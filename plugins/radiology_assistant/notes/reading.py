"""Reads a note: its sections, the findings that it names and how, and what was known before."""

from collections.abc import Iterator
from functools import lru_cache

from radiology_assistant.notes.assertion import asserted, reaches
from radiology_assistant.notes.note import Mention, Note, Section
from radiology_assistant.notes.sections import sections_of
from radiology_assistant.notes.tokens import Sentence, sentences_of
from radiology_assistant.notes.vocabulary import named
from secondlook import Passage, Record

REMEMBERED = 16
"""Notes kept as they were read: one look asks several times."""


def read_note(record: Record) -> Note:
    """The sections and mentions of a note; all places are offsets into `record.text`."""
    return _read(record)


def before_reading(record: Record) -> tuple[Passage, ...]:
    """The passages that were known before the exam was read: what may feed a model.

    They are those of the sections indication, history and comparison, without the headings and
    up to where a report begins in them; of a text without any sections the whole, unless it reads
    like a report.
    """
    return _read(record).known


@lru_cache(maxsize=REMEMBERED)
def _read(record: Record) -> Note:
    text = record.text
    sections = sections_of(text)
    known = tuple(x for x in sections if x.known)
    mentions = tuple(
        mention
        for section in sections
        for sentence in sentences_of(text, section.start, section.end)
        for mention in _mentions(text, section, sentence)
    )
    return Note(sections, mentions, tuple(_passages(record, known)))


def _mentions(text: str, section: Section, sentence: Sentence) -> Iterator[Mention]:
    tokens = sentence.tokens
    found = list(named(tokens))
    places = frozenset(x for item in found for x in item.at)
    said = reaches(tokens, places) if found else ()
    for item in found:
        reach = asserted(item.at, said, tokens)
        yield Mention(
            label=item.value,
            start=tokens[item.first].start,
            end=tokens[item.beyond - 1].end,
            assertion=reach.assertion if reach else section.assertion,
            section=section.name,
            known=section.known,
            sentence=(sentence.start, sentence.end),
            cue=text[tokens[reach.cue[0]].start : tokens[reach.cue[-1]].end] if reach else "",
        )


def _passages(record: Record, known: tuple[Section, ...]) -> Iterator[Passage]:
    """The parts of the record's passages that lie in these sections."""
    line, counted = 1, 0
    for ordinal, (start, end, page) in enumerate(_cuts(record, known)):
        line += record.text.count("\n", counted, start)
        counted = start
        text = record.text[start:end]
        yield Passage(ordinal=ordinal, text=text, start=start, end=end, line=line, page=page)


def _cuts(record: Record, known: tuple[Section, ...]) -> Iterator[tuple[int, int, int | None]]:
    waiting = iter(known)
    section = next(waiting, None)
    for passage in record.passages:
        while section is not None and section.start < passage.end:
            start, end = max(section.start, passage.start), min(section.end, passage.end)
            piece = record.text[start:end] if start < end else ""
            if piece.strip():
                begin = start + len(piece) - len(piece.lstrip())
                yield begin, begin + len(piece.strip()), passage.page
            if section.end > passage.end:
                break
            section = next(waiting, None)
