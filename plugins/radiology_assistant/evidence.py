"""What notes say of urgent findings: sentences that name one, and passages that come close."""

from collections.abc import Iterable, Iterator, Sequence

from radiology_assistant.notes import Mention, read_note
from radiology_assistant.notes.vocabulary import labels
from radiology_assistant.settings import RadiologySettings
from radiology_assistant.taxonomy import CRITICAL, TAXONOMY, URGENT
from secondlook import (
    Assertion,
    Case,
    Evidence,
    Finding,
    Flag,
    Label,
    PassageMatch,
    Record,
    Statement,
)

PRIORITY = {CRITICAL: 2, URGENT: 1}
TITLES: dict[Assertion, str] = {
    "affirmed": "Note mentions",
    "uncertain": "Note suspects",
    "hypothetical": "Note asks about",
    "historical": "Note tells of an earlier",
    "negated": "Note denies",
}
"""What a finding is called by the strongest that is said of it; the strongest first."""
STRENGTH = tuple(TITLES)
RAISES = frozenset({"affirmed", "uncertain", "hypothetical"})
"""A question about a finding is why an exam is urgent; what is denied or past is none."""
LEFT_OUT = Flag(
    code="report_in_note",
    message=(
        "The notes hold a report, sections of one (findings, impression), or text that may be one, "
        "written after an exam was read. It feeds no model, and of a report nothing counts in the "
        "first look, unless the setting `read_reports` is on."
    ),
)
TECHNIQUE = "technique"
"""What was asked for, or how an exam was made: by itself no report of it."""
Stated = tuple[Record, Mention]


def find_mentions(
    matches: Sequence[PassageMatch],
    settings: RadiologySettings,
    records: Sequence[Record] = (),
    *,
    reports: bool = False,
) -> tuple[Finding, ...]:
    """One finding per label that a note names or comes close to; the most pressing first.

    It carries the label's severity where a note affirms, suspects or asks about it; what is denied,
    past, or only comes close is shown and raises nothing.

    Args:
        records: the notes; those of the matches where none are given.
        reports: whether what was written after an exam was read counts too.
    """
    notes = records or tuple({x.record.sha256: x.record for x in matches}.values())
    stated = list(_stated(notes, reports=reports))
    findings = (_finding(label, stated, matches, settings) for label in TAXONOMY.labels)
    found = [x for x in findings if x is not None]
    return tuple(sorted(found, key=lambda x: (-priority(x), -(x.score or 0))))


def priority(finding: Finding) -> int:
    """2 for a critical finding that a note speaks for, 1 for an urgent one, else 0."""
    return PRIORITY.get(finding.severity or "", 0)


def note_flags(case: Case) -> Sequence[Flag]:
    """The caution about reports among the notes of a case."""
    notes = [read_note(x) for x in case.records]
    written = any(not x.known and x.name != TECHNIQUE for note in notes for x in note.sections)
    named = any(not x.known for note in notes for x in note.mentions)
    return (LEFT_OUT,) if written or named else ()


def _stated(records: Iterable[Record], *, reports: bool) -> Iterator[Stated]:
    """What is said of labels of the taxonomy, the strongest first."""
    said = ((record, x) for record in records for x in read_note(record).mentions)
    kept = [x for x in said if labels()[x[1].label] and (reports or x[1].raises)]
    yield from sorted(kept, key=lambda x: STRENGTH.index(x[1].assertion))


def _finding(
    label: Label,
    stated: Sequence[Stated],
    matches: Sequence[PassageMatch],
    settings: RadiologySettings,
) -> Finding | None:
    named = _once(x for x in stated if labels()[x[1].label] == label.code)
    said: list[Statement] = [_cite(*x) for x in named[: settings.max_passages]]
    close = _close(matches, label.code, settings.min_similarity)
    if not said and not close:
        return None
    strongest = said[0].assertion if said else None
    others = [x.cite() for x in close if not any(_within(x, y) for y in said)]
    evidence: tuple[Evidence, ...] = (*said, *others)
    return Finding(
        label=label.code,
        title=f"{TITLES[strongest] if strongest else 'Note comes close to'}: {label.title}",
        score=close[0].similarity if close else None,
        threshold=settings.min_similarity if close else None,
        severity=label.severity if strongest in RAISES else None,
        evidence=evidence[: settings.max_passages],
    )


def _once(stated: Iterable[Stated]) -> list[Stated]:
    """A sentence that names a finding twice alike is cited once."""
    return list({(x.sha256, y.sentence, y.assertion): (x, y) for x, y in stated}.values())


def _cite(record: Record, mention: Mention) -> Statement:
    start, end = mention.sentence
    places = [x for x in record.passages if x.start <= start]
    return Statement(
        record=record.sha256,
        record_name=record.name,
        text=record.text[start:end],
        start=start,
        end=end,
        line=record.text.count("\n", 0, start) + 1,
        page=places[-1].page if places else None,
        names=record.text[mention.start : mention.end],
        assertion=mention.assertion,
        section=mention.section,
        cue=mention.cue,
    )


def _within(match: PassageMatch, sentence: Statement) -> bool:
    passage = match.passage
    same = match.record.sha256 == sentence.record
    return same and passage.start < sentence.end and sentence.start < passage.end


def _close(matches: Sequence[PassageMatch], label: str, least: float) -> list[PassageMatch]:
    close = [x for x in matches if x.query.label == label and x.similarity >= least]
    return sorted(close, key=lambda x: -x.similarity)
