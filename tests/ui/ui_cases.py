"""Made-up cases with first looks, straight into a store: no model, no intake."""

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import numpy as np
from PIL import Image

from secondlook.cases import (
    Abstention,
    AnomalyMap,
    Assessment,
    Attachment,
    BackboneRef,
    CitedPassage,
    Evidence,
    Finding,
    Flag,
    NewCase,
    Passage,
    Provenance,
    Record,
    Region,
    Role,
)
from secondlook.maps import encode_map
from secondlook.workspace import Workspace

INSPECTOR, RADIOLOGY = "defect-inspector", "radiology-assistant"
CLAUSE = "4.2 A pore wider than 1 mm in the ground surface leads to scrap."
THRESHOLD = 2.0


@dataclass
class CaseMaker:
    """Adds cases to a workspace, each with a picture of its own."""

    workspace: Workspace

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._added: dict[str, NewCase] = {}

    def add(
        self,
        title: str = "plate",
        *,
        domain: str = INSPECTOR,
        clause: str = CLAUSE,
        name: str = "plate.png",
        extra: tuple[Attachment, ...] = (),
    ) -> str:
        """A new case; its id."""
        record = _record(clause, f"manual of {name}")
        new = NewCase(
            domain=domain,
            title=title,
            product="plate",
            attachments=(self._picture(next(self._numbers), name), *extra),
            records=(record,),
            name=f"case {next(self._numbers)}",
        )
        with self.workspace.database.write() as unit:
            case = unit.cases.add(new, actor="test").id
            unit.commit()
        self._added[case] = new
        return case

    def gain(self, case_id: str) -> None:
        """The same case comes in again with one file more."""
        more = Attachment(
            sha256=uuid4().hex * 2, name="more.dcm", media_type="a/b", size=1, role=Role.OTHER
        )
        new = self._added[case_id]
        with self.workspace.database.write() as unit:
            unit.cases.add(replace(new, attachments=(*new.attachments, more)), actor="test")
            unit.commit()

    def look(
        self,
        case_id: str,
        *,
        found: str | None = "Anomaly",
        score: float = 3.0,
        abstention: Abstention | None = None,
        flags: tuple[Flag, ...] = (),
        trained: bool = False,
        adapter: str = "defect-inspector/plate/1",
    ) -> Assessment:
        """A first look at a case: `found` is a finding's title, None finds nothing."""
        finding = self._finding(case_id, found, score) if found else None
        assessment = Assessment(
            id=uuid4().hex,
            case_id=case_id,
            created_at=datetime.now(UTC),
            provenance=Provenance(
                code_version="secondlook 0.0",
                inputs=uuid4().hex,
                adapter=adapter,
                backbones=(
                    BackboneRef(name="toy", revision="1", fingerprint="f" * 64, trained=trained),
                ),
            ),
            findings=(finding,) if finding else (),
            evidence=() if finding else self._places(case_id, score),
            disposition="hold" if finding else "accept",
            abstention=abstention,
            flags=flags,
            score=score / THRESHOLD,
            priority=int(bool(finding)),
        )
        with self.workspace.database.write() as unit:
            unit.assessments.add(assessment, actor="test")
            unit.commit()
        return assessment

    def assessed(self, title: str = "plate", *, score: float = 3.0, **case: str) -> str:
        """A new case with a finding."""
        case_id = self.add(title, **case)  # type: ignore[arg-type]
        self.look(case_id, score=score)
        return case_id

    def volume(self, slices: int) -> Attachment:
        """A stack of flat slices, each a little lighter, stored."""
        stack = [Image.new("L", (40, 30), 20 * x) for x in range(slices)]
        buffer = io.BytesIO()
        stack[0].save(buffer, format="TIFF", save_all=True, append_images=stack[1:])
        data = buffer.getvalue()
        return Attachment(
            sha256=self.workspace.blobs.put_bytes(data),
            name="stack.tif",
            media_type="image/tiff",
            size=len(data),
            role=Role.VOLUME,
            facts={"frames": slices},
        )

    def _finding(self, case_id: str, title: str, score: float) -> Finding:
        return Finding(
            label="anomaly",
            title=title,
            score=score,
            threshold=THRESHOLD,
            severity="major",
            evidence=(*self._places(case_id, score), self._citation(case_id)),
        )

    def _places(self, case_id: str, score: float) -> tuple[Evidence, ...]:
        with self.workspace.database.read() as unit:
            picture = unit.cases.get(case_id).attachments[0].sha256
        scores = np.full((8, 8), 0.5, dtype=np.float32)
        scores[3:5, 3:5] = score
        blob = self.workspace.blobs.put_bytes(encode_map(scores))
        mapped = AnomalyMap(attachment=picture, blob=blob, low=0.5, high=score)
        if score <= THRESHOLD:
            return (mapped,)
        box = Region(attachment=picture, left=36, top=36, width=24, height=24, score=score)
        return (mapped, box)

    def _citation(self, case_id: str) -> CitedPassage:
        with self.workspace.database.read() as unit:
            record = unit.cases.get(case_id).records[0]
        passage = record.passages[0]
        return CitedPassage(
            record=record.sha256,
            record_name=record.name,
            text=passage.text,
            start=passage.start,
            end=passage.end,
            line=passage.line,
            page=7,
            similarity=0.6,
            query="pore",
        )

    def _picture(self, seed: int, name: str) -> Attachment:
        data = plate(seed)
        return Attachment(
            sha256=self.workspace.blobs.put_bytes(data),
            name=name,
            media_type="image/png",
            size=len(data),
            role=Role.IMAGE,
            facts={"height": 96, "width": 96},
        )


def plate(seed: int) -> bytes:
    """A grey plate of 96 pixels with grain and a dark hole, as PNG."""
    grain = np.random.default_rng(seed).normal(150, 6, (96, 96))
    grain[40:56, 40:56] = 30
    buffer = io.BytesIO()
    Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def _record(text: str, name: str) -> Record:
    whole = Passage(ordinal=0, text=text, start=0, end=len(text), line=1)
    return Record(
        sha256=uuid4().hex * 2,
        name=name,
        media_type="text/plain",
        kind="manual",
        text=text,
        passages=(whole,),
    )
