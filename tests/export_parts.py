"""Made-up parts with first looks and decisions, for tests of exports: no model, no intake."""

import hashlib
import io
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from secondlook.assessments import Abstention, Assessment, BackboneRef, Finding, Flag, Provenance
from secondlook.cases import Attachment, NewCase, Passage, ProductSpec, Record, Role
from secondlook.decisions import Act, FindingAct
from secondlook.evidence import AnomalyMap, Evidence, Measurement, Region, Ruling
from secondlook.maps import encode_map
from secondlook.store.worklist import CaseExport
from secondlook.workspace import Workspace
from secondlook_workflows.context import Context
from secondlook_workflows.export_cases import Choice, chosen
from secondlook_workflows.export_reader import StoredReader

INSPECTOR, RADIOLOGY = "defect-inspector", "radiology-assistant"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
THRESHOLD = 2.0
CLAUSES = (
    "2.1 Scratches: a scratch longer than 5 mm is not permitted. Such plates are reworked.",
    "2.3 Pores and holes: any pore, pit or blowhole with a diameter above 1 mm leads to scrap.",
    "2.4 Stains: a stain that remains after cleaning is held for the quality engineer.",
)
SPEC = ProductSpec(pitch_mm=0.05, revision="C")
"""What a test puts on its cases as their product's description."""


def digest(text: str) -> str:
    """A sha256 that stands for some content."""
    return hashlib.sha256(text.encode()).hexdigest()


def manual(clauses: Sequence[str] = CLAUSES, name: str = "cover-plate.pdf") -> Record:
    """A manual of one clause a line, on page 3."""
    text, passages, start = "\n".join(clauses), [], 0
    for i, clause in enumerate(clauses):
        end = start + len(clause)
        passages.append(Passage(ordinal=i, text=clause, start=start, end=end, line=40 + i, page=3))
        start = end + 1
    return Record(
        sha256=digest(text),
        name=name,
        media_type="application/pdf",
        kind="manual",
        text=text,
        passages=tuple(passages),
    )


def plate(seed: int = 0, size: tuple[int, int] = (600, 420)) -> Image.Image:
    """A brushed plate with a scratch at (120..250, 80..110) and a pore at (400, 260)."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(165, 9, (size[1], 1, 1)) + rng.normal(0, 5, (size[1], size[0], 1))
    pixels = np.clip(np.repeat(rows, 3, axis=2) + (0, 2, 5), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    pen.line((122, 82, 248, 108), fill=(226, 228, 232), width=3)
    pen.ellipse((392, 252, 410, 270), fill=(45, 40, 38))
    return image


def map_of_plate() -> np.ndarray[Any, np.dtype[np.float32]]:
    """A map (42, 60) of the plate: ten pixels a cell, unusual along the scratch and at the pore."""
    scores = np.full((42, 60), 0.4, dtype=np.float32)
    for column in range(12, 25):
        scores[8 + (column - 12) // 5, column] = 3.0
    scores[25:27, 39:41] = 4.5
    return scores


SCRATCH = Region(attachment="", left=120, top=80, width=130, height=30, score=3.0, name="1")
PORE = Region(attachment="", left=390, top=250, width=20, height=20, score=4.5, name="2")


def ruling(record: Record, ordinal: int, **changes: Any) -> Ruling:
    """The clause of this position in the manual, held against the pore."""
    passage = record.passages[ordinal]
    values: dict[str, Any] = {
        "record": record.sha256,
        "record_name": record.name,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "line": passage.line,
        "page": passage.page,
        "number": passage.text.split()[0],
        "disposition": "scrap",
        "applies": True,
    }
    return Ruling(**(values | changes))


def rulings(record: Record) -> tuple[Ruling, ...]:
    """Of a manual: one rule decides, one applies as well, of one nobody can tell."""
    return (
        ruling(
            record, 0, disposition="rework", region="1",
            limit="length above 5 mm", measured="length 6.4 mm",
        ),
        ruling(
            record, 1, decides=True, region="2",
            limit="diameter above 1 mm", measured="diameter 1.1 mm",
        ),
        ruling(
            record, 2, disposition="hold", applies=None, region="2",
            note="Nobody can tell from a picture whether cleaning removes it.",
        ),
    )  # fmt: skip


def places(picture: str) -> tuple[Evidence, ...]:
    """The two regions, and what was measured on them."""
    return (
        replace(SCRATCH, attachment=picture),
        replace(PORE, attachment=picture),
        Measurement(name="length", value=6.4123, unit="mm", region="1"),
        Measurement(name="diameter", value=1.1, unit="mm", region="2"),
        Measurement(name="area", value=0.9503, unit="mm^2", region="2"),
    )


def new_case(title: str, attachment: Attachment, record: Record, domain: str) -> NewCase:
    """A part with one picture and a manual."""
    return NewCase(
        domain=domain,
        title=title,
        product="cover plate",
        attachments=(attachment,),
        records=(record,),
        name=title,
    )


def first_look(case: str, **changes: Any) -> Assessment:
    """A first look that recommends scrap."""
    values: dict[str, Any] = {
        "id": digest(f"look at {case}")[:32],
        "case_id": case,
        "created_at": NOON,
        "provenance": Provenance(
            code_version="secondlook 0.1.0",
            inputs="d" * 64,
            adapter="defect-inspector/cover-plate/3",
            backbones=(
                BackboneRef(name="starter", revision="1", fingerprint="f" * 64, trained=True),
            ),
            spec=SPEC,
        ),
        "disposition": "scrap",
        "score": 2.25,
    }
    return Assessment(**(values | changes))


@dataclass
class Parts:
    """Adds parts to a workspace."""

    context: Context

    @property
    def workspace(self) -> Workspace:
        return self.context.workspace

    def add(
        self,
        title: str = "plate 7",
        *,
        image: Image.Image | None = None,
        record: Record | None = None,
        domain: str = INSPECTOR,
        name: str = "plate-7.png",
        media_type: str = "image/png",
    ) -> str:
        """A new case with one picture; its id."""
        shown = image or plate(len(title) + sum(map(ord, title)))
        attachment = self._attachment(shown, name, media_type)
        with self.workspace.database.write() as unit:
            new = new_case(title, attachment, record or manual(), domain)
            case = unit.cases.add(new, actor="test").id
            unit.commit()
        return case

    def look(
        self, case: str, *, label: str = "pore", title: str = "Pore or blowhole", **changes: Any
    ) -> None:
        """A first look at a case with one finding, two regions, a map and rulings."""
        with self.workspace.database.read() as unit:
            whole = unit.cases.get(case)
        picture, record = whole.attachments[0].sha256, whole.records[0]
        given = changes.pop("rulings", rulings(record))
        finding = Finding(
            label=label,
            title=title,
            score=4.5,
            threshold=THRESHOLD,
            probability=0.91,
            severity="clear",
            evidence=(self._map(picture), *places(picture), *given),
        )
        with self.workspace.database.write() as unit:
            look = first_look(case, **({"findings": (finding,)} | changes))
            unit.assessments.add(look, actor="test")
            unit.commit()

    def many(self, count: int) -> None:
        """Decided parts, all with the same picture and manual."""
        record, attachment = manual(), self._attachment(plate(), "plate.png", "image/png")
        evidence = (
            self._map(attachment.sha256),
            *places(attachment.sha256),
            *rulings(record),
        )
        finding = Finding(
            label="pore", title="Pore", score=4.5, threshold=THRESHOLD, evidence=evidence
        )
        with self.workspace.database.write() as unit:
            for number in range(count):
                new = new_case(f"plate {number}", attachment, record, INSPECTOR)
                case = unit.cases.add(new, actor="test").id
                look = first_look(case, findings=(finding,))
                unit.assessments.add(look, actor="test")
                unit.decisions.add(
                    case, reviewer="Ada Lund", disposition="scrap", assessment_id=look.id
                )
                if number % 500 == 0:
                    unit.commit()
            unit.commit()

    def decide(
        self, case: str, disposition: str = "scrap", *, reason: str = "", **acts: str
    ) -> None:
        """A decision; earlier ones are amended."""
        with self.workspace.database.write() as unit:
            before, look = unit.decisions.of(case), unit.assessments.latest(case)
            unit.decisions.add(
                case,
                reviewer="Ada Lund",
                disposition=disposition,
                reason=reason,
                assessment_id=look.id if look else None,
                acts=[FindingAct(label=x, act=Act(y)) for x, y in acts.items()],
                amends=before[-1].id if before else None,
            )
            unit.commit()

    def decided(self, title: str = "plate 7", **case: Any) -> str:
        """A part that was looked at and scrapped, its finding agreed to."""
        identity = self.add(title, **case)
        self.look(identity)
        self.decide(identity, reason="Pore in the sealing face.", pore="agree")
        return identity

    def _attachment(self, image: Image.Image, name: str, media_type: str) -> Attachment:
        buffer = io.BytesIO()
        image.save(buffer, format=media_type.removeprefix("image/"))
        return Attachment(
            sha256=self.workspace.blobs.put_bytes(buffer.getvalue()),
            name=name,
            media_type=media_type,
            size=buffer.tell(),
            role=Role.IMAGE,
            facts={"width": image.width, "height": image.height},
        )

    def _map(self, picture: str) -> AnomalyMap:
        blob = self.workspace.blobs.put_bytes(encode_map(map_of_plate()))
        return AnomalyMap(attachment=picture, blob=blob, low=0.4, high=4.5)

    @contextmanager
    def reading(
        self, spec: ProductSpec | None = SPEC
    ) -> Iterator[tuple[list[CaseExport], StoredReader]]:
        """All parts, with what an exporter reads."""
        with self.workspace.database.read() as unit:
            choice = Choice(domain=INSPECTOR, ids=(), decided=None, since=None)
            cases = [replace(x, case=replace(x.case, spec=spec)) for x in chosen(choice, unit)]
            yield cases, self.reader(unit.audit)

    def reader(self, audit: Any) -> StoredReader:
        """What exporters of the inspector may read, at noon."""
        return StoredReader(
            domain=self.context.plugins.domain(INSPECTOR),
            at=NOON,
            plugins=self.context.plugins,
            blobs=self.workspace.blobs,
            audit=audit,
        )


STRANGE = Abstention(
    part="image",
    reason="unfamiliar",
    message="1 of 1 pictures look like no such part at all, so what was found there may be no defect.",
)
CAUTION = Flag(code="blurred", message="The picture is less sharp than the good parts.")


class Counted:
    """Cases one after the other; how many of them were ever alive at once."""

    def __init__(self, count: int, make: Callable[[int], CaseExport]) -> None:
        self._count, self._make = count, make
        self._alive = 0
        self.most = 0

    def __iter__(self) -> Iterator[CaseExport]:
        for number in range(self._count):
            item = self._make(number)
            weakref.finalize(item, self._gone)
            self._alive += 1
            self.most = max(self.most, self._alive)
            yield item

    def _gone(self) -> None:
        self._alive -= 1
