"""Notes without names: what the files of the same case say of its patient, and what looks like it.

What counts as the same case is what joins a note to an exam: the rows of a manifest, or a name
that differs only in its ending. A record for all cases is redacted by all files of the call.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from secondlook.cases import Attachment, Record
from secondlook.deid.identity import Identity
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.names import parted, plain_case
from secondlook.deid.spoken import named_in
from secondlook.deid.text import Redactor
from secondlook.domain import IntakeFile, ManifestRow

TEXT = "text/plain"
KEPT_FACTS = ("pages", "resource", "resources", "attachments_read", "attachments_unread")
"""Counts and codes."""


@dataclass(frozen=True)
class Source:
    """A file of the call, with what its case is known by."""

    name: str
    """As the user knows it."""
    identity: Identity
    row: int | None
    shared: bool


class Scopes:
    """Who must not be named in which note."""

    def __init__(self, sources: Sequence[Source], rows: Sequence[ManifestRow]) -> None:
        self._all = {x.identity for x in sources}
        self._rows = rows
        self._beside: dict[PurePosixPath, list[Source]] = {}
        self._studies: dict[str, set[Identity]] = {}
        self._cases: dict[str | int, list[int]] = {}
        self._of_row: dict[int, list[Source]] = {}
        for source in sources:
            if source.row is not None:
                self._of_row.setdefault(source.row, []).append(source)
            else:
                self._beside.setdefault(_stem(source.name), []).append(source)
            if study := source.identity.study:
                self._studies.setdefault(study, set()).add(source.identity)
        for i, row in enumerate(rows):
            self._cases.setdefault(row.case or i, []).append(i)

    def of_file(self, source: Source) -> Redactor:
        """For a document among the files."""
        if source.row is not None:
            return self.of_row(source.row)
        called = named_in(source.name)
        if source.shared:
            return Redactor.of([*self._all, called])
        known = {x.identity for x in self._beside[_stem(source.name)]}
        studies = {x.study for x in known} - {""}
        return Redactor.of([*known, *(y for x in studies for y in self._studies[x]), called])

    def of_row(self, row: int) -> Redactor:
        """For the note of a row, and the documents that it names."""
        rows = self._cases[self._rows[row].case or row]
        named = [x for i in rows for x in self._of_row.get(i, ())]
        cells = [cell for i in rows for cell in (self._rows[i].case, self._rows[i].group)]
        called = named_in(*cells, *(x.name for x in named))
        return Redactor.of([*{x.identity for x in named}, called])


def redacted_file(file: IntakeFile, redactor: Redactor) -> IntakeFile:
    """A document whose stored bytes are its redacted text."""
    assert file.record is not None
    record = redacted_record(file.record, redactor)
    name = f"{parted(PurePosixPath(file.source).name)[0]}.txt"
    facts = {x: y for x, y in file.attachment.facts.items() if x in KEPT_FACTS}
    attachment = Attachment(
        sha256=record.sha256,
        name=name,
        media_type=TEXT,
        size=len(record.text.encode()),
        role=file.attachment.role,
        facts=facts,
    )
    return replace(file, attachment=attachment, record=replace(record, name=name))


def redacted_record(record: Record, redactor: Redactor) -> Record:
    """The same text with the same passages, without names."""
    text = redactor.note(record.text)
    passages = tuple(replace(x, text=text[x.start : x.end]) for x in record.passages)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(record, sha256=digest, media_type=TEXT, text=text, passages=passages)


def told_apart(
    rows: Sequence[ManifestRow], outcomes: Sequence[tuple[int | None, IntakeFile | object]]
) -> dict[int, str]:
    """By row without a name and without a picture, what tells it from the others: its texts as
    they came. Without names those of two patients may read alike, and one exam would be lost."""
    texts: dict[int, list[str]] = {
        i: [x.note.sha256] if x.note else [] for i, x in enumerate(rows) if x.case is None
    }
    for row, file in outcomes:
        if row in texts and isinstance(file, IntakeFile):
            if file.record is None:
                del texts[row]  # a picture is the case, whatever is written beside it
            else:
                texts[row].append(file.record.sha256)
    seen: Counter[str] = Counter()
    apart: dict[int, str] = {}
    for row, digests in texts.items():
        digest = " ".join(sorted(digests))
        apart[row] = f"{digest}\0{seen[digest]}"
        seen[digest] += 1
    return apart


def redacted_rows(
    rows: Sequence[ManifestRow],
    scopes: Scopes,
    pseudonyms: Pseudonyms,
    apart: Mapping[int, str],
) -> Iterator[ManifestRow]:
    """The rows without names of cases, and their notes without names of people.

    apart: names for rows that have none, see `told_apart`.
    """
    for i, row in enumerate(rows):
        note = row.note
        if note is not None:
            line = note.name.rpartition(", ")[2]
            note = replace(redacted_record(note, scopes.of_row(i)), name=f"manifest, {line}")
        called = apart.get(i) if row.case is None else row.case
        case = None if called is None else plain_case(called, pseudonyms)
        yield replace(row, case=case, note=note)


def _stem(source: str) -> PurePosixPath:
    path = PurePosixPath(source.replace("\\", "/"))
    return path.with_name(parted(path.name)[0])
