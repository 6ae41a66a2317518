"""Reads a note: its sections, the findings that it names and how, and what was known before."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from radiology_assistant.notes.assertion import Reach, asserted, reaches
from radiology_assistant.notes.ellipsis import doubts
from radiology_assistant.notes.note import Mention, Note, Section
from radiology_assistant.notes.phrases import Found
from radiology_assistant.notes.sections import sections_of
from radiology_assistant.notes.tokens import Sentence, Token, sentences_of
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
    mentions = tuple(x for section in sections for x in _mentions(text, section))
    return Note(sections, mentions, tuple(_passages(record, known)))


def _mentions(text: str, section: Section) -> Iterator[Mention]:
    """Sentence by sentence; what one doubts without a name, an earlier one may have named."""
    before: list[Mention] = []
    for sentence in sentences_of(text, section.start, section.end):
        tokens = sentence.tokens
        found = list(named(tokens))
        places = frozenset(x for item in found for x in item.at)
        denied = any(x.assertion == "negated" for x in before)
        said = reaches(tokens, places) if found or denied else ()
        named_here = [_mention(text, section, sentence, x, said) for x in found]
        both = [*before, *named_here]
        for doubt in doubts(tokens, said, places):
            _doubt(both, text, tokens, doubt)
        yield from both[: len(before)]
        before = both[len(before) :]
    yield from before


def _mention(
    text: str, section: Section, sentence: Sentence, item: Found[str], said: Sequence[Reach]
) -> Mention:
    tokens = sentence.tokens
    reach = asserted(item.at, said, tokens)
    assertion = reach.assertion if reach else section.assertion
    if reach and reach.hedged and section.raises:
        assertion = "uncertain"
    return Mention(
        label=item.value,
        start=tokens[item.first].start,
        end=tokens[item.beyond - 1].end,
        assertion=assertion,
        section=section.name,
        known=section.known,
        raises=section.raises,
        sentence=(sentence.start, sentence.end),
        cue=_cue(text, tokens, reach) if reach else "",
    )


def _doubt(mentions: list[Mention], text: str, tokens: Sequence[Token], doubt: Reach) -> None:
    """What was named last before the doubt is uncertain, where it was denied."""
    start = tokens[min(doubt.first, doubt.cue[0])].start
    earlier = (i for i, x in enumerate(mentions) if x.start < start)
    last = max(earlier, key=lambda i: mentions[i].start, default=None)
    if last is not None and mentions[last].assertion == "negated":
        cue = _cue(text, tokens, doubt)
        mentions[last] = replace(mentions[last], assertion="uncertain", cue=cue)


def _cue(text: str, tokens: Sequence[Token], reach: Reach) -> str:
    return text[tokens[reach.cue[0]].start : tokens[reach.cue[-1]].end]


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
