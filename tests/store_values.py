"""Made-up cases, assessments and tampering, for tests of the store."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from secondlook.assessments import Abstention, Assessment, BackboneRef, Finding, Flag, Provenance
from secondlook.cases import Attachment, NewCase, Passage, Record, Role
from secondlook.evidence import CitedPassage, Evidence, Region
from secondlook.store.database import Database
from secondlook.store.triggers import APPEND_ONLY

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BACKBONE = BackboneRef(name="tiny", revision="1", fingerprint="f" * 64, trained=False)


def digest(word: str) -> str:
    """A sha256 that stands for some content."""
    return hashlib.sha256(word.encode()).hexdigest()


def picture(word: str, role: Role = Role.IMAGE) -> Attachment:
    """An attachment whose content is `word`."""
    return Attachment(
        sha256=digest(word),
        name=f"{word}.png",
        media_type="image/png",
        size=3_000_000_000,
        role=role,
        facts={"width": 4, "spacing": 0.1},
    )


def record(words: Sequence[str], kind: str = "manual") -> Record:
    """A record with one passage a word."""
    content, passages, start = "\n".join(words), [], 0
    for i, word in enumerate(words):
        end = start + len(word)
        passages.append(
            Passage(ordinal=i, text=word, start=start, end=end, line=i + 1, page=1 + i // 50)
        )
        start = end + 1
    return Record(
        sha256=digest(content),
        name=f"{kind}.txt",
        media_type="text/plain",
        kind=kind,
        text=content,
        passages=tuple(passages),
    )


def new_case(word: str, **changes: Any) -> NewCase:
    """A case with one picture."""
    values: dict[str, Any] = {
        "domain": "parts",
        "title": f"Part {word}",
        "attachments": (picture(word),),
        "product": "tile",
    }
    return NewCase(**(values | changes))


def assessment(case_id: str, **changes: Any) -> Assessment:
    """An assessment with a finding and evidence of two kinds."""
    region = Region(attachment=digest("a"), left=1, top=2, width=3, height=4, score=0.1 + 0.2)
    passage = CitedPassage(
        record=digest("r"),
        record_name="manual.txt",
        text="No cracks ☂",
        start=0,
        end=11,
        line=1,
        page=None,
        similarity=0.5,
        query="crack",
    )
    evidence: tuple[Evidence, ...] = (region, passage)
    finding = Finding(label="crack", title="Crack", score=1 / 3, threshold=0.2, evidence=evidence)
    inputs = changes.pop("inputs", "i1")
    adapter = changes.pop("adapter", "parts/tile/1")
    values: dict[str, Any] = {
        "id": digest(f"{case_id}{adapter}{inputs}")[:32],
        "case_id": case_id,
        "created_at": NOON,
        "provenance": Provenance(
            code_version="0.1.0", inputs=inputs, adapter=adapter, backbones=(BACKBONE,)
        ),
        "findings": (finding,),
        "evidence": (region,),
        "disposition": "hold",
        "abstention": Abstention(part="text", reason="no_text", message="There is no text."),
        "flags": (Flag(code="blurred", message="The image is blurred."),),
        "score": 0.1 + 0.2,
        "priority": 1,
    }
    return Assessment(**(values | changes))


def add_case(database: Database, word: str, **changes: Any) -> str:
    """Store a made-up case; returns its id."""
    with database.write() as unit:
        added = unit.cases.add(new_case(word, **changes), actor="tests")
        unit.commit()
    return added.id


def add_assessment(database: Database, case_id: str, **changes: Any) -> bool:
    """Store a made-up assessment."""
    with database.write() as unit:
        new = unit.assessments.add(assessment(case_id, **changes), actor="tests")
        unit.commit()
    return new


@contextmanager
def behind_the_triggers(database: Database) -> Iterator[Any]:
    """A connection of somebody who owns the database and takes the triggers away."""
    with database.engine.connect() as connection:
        for table in APPEND_ONLY:
            for name in (f"{table}_no_update", f"{table}_no_delete"):
                on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
                connection.execute(text(f"DROP TRIGGER {name}{on}"))
        yield connection
        connection.commit()
