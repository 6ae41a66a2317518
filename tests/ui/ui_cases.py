"""Made-up cases with first looks, straight into a store: no model, no intake."""

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from PIL import Image

from secondlook.assessments import Abstention, Assessment, BackboneRef, Finding, Flag, Provenance
from secondlook.cases import Attachment, NewCase, Passage, Record, Role
from secondlook.decisions import Act, FindingAct
from secondlook.evidence import AnomalyMap, CitedPassage, Evidence, Region
from secondlook.maps import encode_map
from secondlook.store.adapters import AdapterInfo
from secondlook.store.embedding_values import ImageKey, Space
from secondlook.workspace import Workspace
from secondlook_workflows import intended_use
from secondlook_workflows.context import open_context

INSPECTOR, RADIOLOGY = "defect-inspector", "radiology-assistant"
CLAUSE = "4.2 A pore wider than 1 mm in the ground surface leads to scrap."
THRESHOLD = 2.0
BACKBONE = "f" * 64


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
        more: tuple[Evidence, ...] = (),
    ) -> Assessment:
        """A first look at a case: `found` is a finding's title, None finds nothing.

        `more` is further evidence of the case as a whole.
        """
        finding = self._finding(case_id, found, score) if found else None
        evidence = (*(() if finding else self._places(case_id, score)), *more)
        return self.store(
            case_id,
            (finding,) if finding else (),
            evidence,
            abstention=abstention,
            flags=flags,
            trained=trained,
            adapter=adapter,
            score=score,
        )

    def label_only(self, case_id: str, label: str, *more: Evidence) -> Assessment:
        """A first look by learned labels alone: no score, no threshold, no anomaly map."""
        finding = Finding(
            label=label,
            title=label.capitalize(),
            probability=0.83,
            evidence=(self.label_map(case_id, label), *more),
        )
        return self.store(case_id, (finding,), trained=True)

    def store(
        self,
        case_id: str,
        findings: tuple[Finding, ...],
        evidence: tuple[Evidence, ...] = (),
        *,
        abstention: Abstention | None = None,
        flags: tuple[Flag, ...] = (),
        trained: bool = False,
        adapter: str = "defect-inspector/plate/1",
        score: float = 3.0,
    ) -> Assessment:
        """A first look with these findings."""
        assessment = Assessment(
            id=uuid4().hex,
            case_id=case_id,
            created_at=datetime.now(UTC),
            provenance=Provenance(
                code_version="secondlook 0.0",
                inputs=uuid4().hex,
                adapter=adapter,
                backbones=(
                    BackboneRef(name="toy", revision="1", fingerprint=BACKBONE, trained=trained),
                ),
            ),
            findings=findings,
            evidence=evidence,
            disposition="hold" if findings else "accept",
            abstention=abstention,
            flags=flags,
            score=score / THRESHOLD,
            priority=int(bool(findings)),
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

    def adapter(self, card: dict[str, Any]) -> str:
        """An adapter without files, which has this card; its id."""
        info = AdapterInfo(
            id="defect-inspector/plate/1",
            domain=INSPECTOR,
            product="plate",
            version=1,
            backbone=BackboneRef(name="toy", revision="1", fingerprint=BACKBONE, trained=True),
            path="defect-inspector/plate/1",
            sha256="a" * 64,
            state="champion",
            card=card,
            created_at=datetime.now(UTC),
        )
        with self.workspace.database.write() as unit:
            unit.adapters.add(info, actor="test")
            unit.commit()
        return info.id

    def label_map(self, case_id: str, label: str, high: float = 0.4) -> AnomalyMap:
        """A map of what speaks for a label: the upper left corner of the first picture."""
        scores = np.zeros((8, 8), dtype=np.float32)
        scores[:2, :2] = high
        blob = self.workspace.blobs.put_bytes(encode_map(scores))
        picture = self.picture(case_id)
        return AnomalyMap(attachment=picture, blob=blob, low=0.0, high=high, label=label)

    def picture(self, case_id: str) -> str:
        """The sha256 of the first picture of a case."""
        with self.workspace.database.read() as unit:
            return unit.cases.get(case_id).attachments[0].sha256

    def vector(self, case_id: str, *numbers: float) -> None:
        """Keep this vector, at unit length, for the first picture of a case."""
        row = np.asarray(numbers, dtype=np.float32)
        key = ImageKey(case_id, self.picture(case_id))
        with self.workspace.database.write() as unit:
            space = Space(BACKBONE, "float32")
            unit.embeddings.images.add(space, [key], row[None] / np.linalg.norm(row))
            unit.commit()

    def decided(self, title: str, disposition: str = "scrap", **case: str) -> str:
        """A new case with a finding that somebody agreed to, and the case decided."""
        case_id = self.assessed(title, **case)  # type: ignore[arg-type]
        with self.workspace.database.write() as unit:
            act = FindingAct(label="anomaly", act=Act.AGREE)
            unit.decisions.add(case_id, reviewer="Bert", disposition=disposition, acts=[act])
            unit.commit()
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
        picture = self.picture(case_id)
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


def acknowledge_all(home: Path, *reviewers: str) -> None:
    """Each of them acknowledged the intended use of every domain."""
    context = open_context(home)
    for reviewer in reviewers:
        for name in context.plugins.domains:
            intended_use.acknowledge(name, reviewer, context)
    context.workspace.database.dispose()


def neighbours(
    maker: CaseMaker, count: int, *, title: str = "decided", **case: str
) -> tuple[str, list[str]]:
    """The case `at hand`, and decided ones beside it, the nearest first."""
    others = [maker.decided(f"{title} {x}", **case) for x in range(count)]
    for angle, other in enumerate(others, start=1):
        maker.vector(other, 1, angle / 4)
    at_hand = maker.assessed("at hand", **case)
    maker.vector(at_hand, 1, 0)
    return at_hand, others


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
