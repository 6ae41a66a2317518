"""Regions as COCO annotations: what a person decided wins over what the machine said.

The format is that of cocodataset.org/#format-data, with fields of our own beside it. Images are
written as they come; annotations wait in a temporary file, since both cannot grow in one place.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from defect_inspector.exports.decided import Kept, decided_labels, drawn_by_hand, kept
from defect_inspector.exports.found import each
from defect_inspector.exports.images import Sized, place_image, sized
from defect_inspector.exports.outlines import Outlines, Polygon, area
from secondlook import (
    Act,
    AnomalyMap,
    Area,
    CaseExport,
    Evidence,
    ExportReader,
    Finding,
    FindingAct,
    Region,
    SecondlookError,
    __version__,
)

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of annotations that wait in memory; more wait on the disk."""


def write_coco(cases: Iterable[CaseExport], out: IO[bytes], reader: ExportReader) -> int:
    """One JSON object; in a folder with the pictures in `images/` beside it."""
    count = 0
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as waiting:
        book = _Book(reader)
        out.write(b'{"info": ' + _json(_info(reader)) + b', "licenses": [], "images": [')
        images = _List(out)
        annotations = _List(waiting)
        for item in cases:
            for number, image in enumerate(sized(item, reader), start=1):
                images.add(book.image(image, number, item))
                for annotation in book.annotations(image, item):
                    annotations.add(annotation)
            count += 1
        waiting.seek(0)
        out.write(b'\n], "annotations": [')
        shutil.copyfileobj(waiting, out)
        out.write(b'\n], "categories": ' + _json(book.categories()) + b"}\n")
    return count


class _List:
    """Writes the items of a JSON array, one a line."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._first = True

    def add(self, item: dict[str, Any]) -> None:
        self._out.write((b"\n" if self._first else b",\n") + _json(item))
        self._first = False


class _Book:
    """Numbers images, annotations and categories."""

    def __init__(self, reader: ExportReader) -> None:
        self._reader = reader
        self._labels = {x.code: i for i, x in enumerate(reader.domain.taxonomy.labels, start=1)}
        self._images = self._annotations = 0

    def image(self, image: Sized, number: int, item: CaseExport) -> dict[str, Any]:
        self._images += 1
        look, case = item.assessment, item.case
        return {
            "id": self._images,
            "file_name": place_image(image, number, item, self._reader),
            "width": image.width,
            "height": image.height,
            "case": case.id,
            "product": case.product,
            "original_name": image.attachment.name,
            "status": case.status.value,
            "recommended": look.disposition if look else None,
            "decided": item.decision.disposition if item.decision else None,
            "labels": decided_labels(item, self._reader.domain),
        }

    def annotations(self, image: Sized, item: CaseExport) -> Iterator[dict[str, Any]]:
        """Those of the image that was numbered last; what a person drew stands for the machine's."""
        drawn = drawn_by_hand(item)
        moved = {x.label for x in drawn if x.act is Act.EDIT}
        for finding in item.assessment.findings if item.assessment else ():
            found = kept(finding, item, self._reader.domain)
            if found is not None and finding.label not in moved:
                outlines = _outlines(finding, image, item, self._reader)
                for region in each(finding.evidence, Region):
                    if region.attachment == image.attachment.sha256:
                        polygons = outlines.of(region) if outlines else []
                        yield self._annotation(found, finding, region, polygons)
        for act in drawn:
            if act.area is not None and act.area.attachment == image.attachment.sha256:
                yield self._by_hand(act, act.area)

    def categories(self) -> list[dict[str, Any]]:
        titles = {x.code: x.title for x in self._reader.domain.taxonomy.labels}
        return [
            {"id": i, "name": x, "supercategory": "defect", "title": titles.get(x, x)}
            for x, i in self._labels.items()
        ]

    def _by_hand(self, act: FindingAct, area: Area) -> dict[str, Any]:
        found = Kept(label=act.held or act.label, whose="person")
        finding = Finding(label=act.label, title=act.label)
        region = Region(
            attachment=area.attachment,
            left=area.left,
            top=area.top,
            width=area.width,
            height=area.height,
            score=1.0,
        )
        drawn = self._annotation(found, finding, region, [])
        return drawn | {"score": None, "severity": act.severity, "frame": area.frame}

    def _annotation(
        self, found: Kept, finding: Finding, region: Region, polygons: list[Polygon]
    ) -> dict[str, Any]:
        self._annotations += 1
        category = self._labels.setdefault(found.label, len(self._labels) + 1)
        return {
            "id": self._annotations,
            "image_id": self._images,
            "category_id": category,
            "bbox": [region.left, region.top, region.width, region.height],
            "area": area(polygons) if polygons else region.width * region.height,
            "segmentation": polygons,
            "iscrowd": 0,
            "score": region.score,
            "probability": finding.probability,
            "region": region.name,
            "label_from": found.whose,
        }


def _outlines(
    finding: Finding, image: Sized, item: CaseExport, reader: ExportReader
) -> Outlines | None:
    """None where there is no map with a threshold."""
    look = item.assessment
    evidence: tuple[Evidence, ...] = (*finding.evidence, *(look.evidence if look else ()))
    maps = [x for x in each(evidence, AnomalyMap) if x.label is None]
    shown = next((x for x in maps if x.attachment == image.attachment.sha256), None)
    if shown is None or finding.threshold is None:
        return None
    try:
        return Outlines(reader.scores(shown), finding.threshold, (image.height, image.width))
    except SecondlookError as error:
        reader.warn(f"case {item.case.id[:12]}: its regions have no outlines: {error}")
        return None


def _info(reader: ExportReader) -> dict[str, Any]:
    return {
        "description": f"{reader.domain.title}: regions of inspected parts",
        "version": __version__,
        "year": reader.at.year,
        "date_created": reader.at.isoformat(),
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
