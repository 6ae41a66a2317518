"""Made-up files and cases for the tests of domains."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from secondlook import (
    Assessment,
    Attachment,
    Case,
    CaseSource,
    Domain,
    IntakeFile,
    Opened,
    PassageMatch,
    Provenance,
    Query,
    Record,
    Role,
    Unused,
    Verdict,
)
from secondlook.cases import Scalar
from secondlook.intake.passages import note

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CaseFiles:
    """Builds the files of one domain's source; a name stands for its content."""

    domain: Domain

    def attachment(self, name: str, role: Role = Role.IMAGE, **facts: Scalar) -> Attachment:
        return Attachment(
            sha256=hashlib.sha256(name.encode()).hexdigest(),
            name=name,
            media_type="image/png",
            size=1,
            role=role,
            facts=facts,
        )

    def picture(
        self, source: str, row: int | None = None, role: Role = Role.IMAGE, **facts: Scalar
    ) -> IntakeFile:
        attachment = self.attachment(source, role, **facts)
        return IntakeFile(path=Path(source), source=source, attachment=attachment, row=row)

    def document(self, source: str, row: int | None = None) -> IntakeFile:
        attachment = self.attachment(source, Role.DOCUMENT)
        record = note(f"Text of {source}.", kind=self.domain.record_kind, name=source)
        return IntakeFile(
            path=Path(source), source=source, attachment=attachment, record=record, row=row
        )

    def any_file(self, rows: int) -> st.SearchStrategy[tuple[str, int | None, str]]:
        """(name, row, kind): few names, so that copies and shared names come up."""
        return st.tuples(
            st.sampled_from(["a.png", "a.txt", "b.png", "b.nii.gz", "d/a.png", "c.dcm"]),
            st.one_of(st.none(), st.integers(0, rows - 1)),
            st.sampled_from(["image", "volume", "document", "other", "study 1", "study 2"]),
        )

    def build(self, source: str, row: int | None, kind: str) -> IntakeFile:
        if kind == "document":
            return self.document(source, row)
        if kind.startswith("study"):
            return self.picture(source, row, Role.OTHER, study=kind)
        return self.picture(source, row, Role(kind))

    def assessment(self, verdict: Verdict) -> Assessment:
        return Assessment(
            id="1",
            case_id="1",
            created_at=NOW,
            provenance=Provenance(code_version="0", inputs="0"),
            findings=verdict.findings,
        )


def account(domain: Domain, source: CaseSource) -> tuple[list[Opened], list[Unused]]:
    """What a domain makes of a source, after checking that every file is in it exactly once."""
    opened: list[Opened] = []
    unused: list[Unused] = []
    for outcome in domain.open_cases(source):
        if isinstance(outcome, Opened):
            opened.append(outcome)
        else:
            unused.append(outcome)
    used = [file for x in opened for file in x.files]
    told = [id(x) for x in [*used, *(x.file for x in unused)]]
    assert sorted(told) == sorted(id(x) for x in source.files)
    assert all(x.reason for x in unused)
    for x in opened:
        hashes = [a.sha256 for a in x.case.attachments]
        assert len(set(hashes)) == len(hashes)
        assert {f.attachment.sha256 for f in x.files} <= set(hashes)
        assert x.case.domain == domain.name
    return opened, unused


def case_of(
    domain: Domain, attachments: Sequence[Attachment], records: Sequence[Record] = ()
) -> Case:
    return Case(
        id="1",
        domain=domain.name,
        title="1",
        product=None,
        attachments=tuple(attachments),
        records=tuple(records),
        opened_at=NOW,
    )


def match(query: Query, record: Record, similarity: float, passage: int = 0) -> PassageMatch:
    return PassageMatch(
        query=query, record=record, passage=record.passages[passage], similarity=similarity
    )
