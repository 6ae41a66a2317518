"""COCO: images, regions with outlines, and labels as they were decided."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from defect_inspector.exports.coco import write_coco
from defect_inspector.exports.outlines import Outlines, area, trace
from export_parts import THRESHOLD, Counted, Parts, map_of_plate, plate
from secondlook.evidence import Region
from secondlook_workflows import export


def as_coco(parts: Parts) -> dict[str, Any]:
    """All parts, read back and checked."""
    out = io.BytesIO()
    with parts.reading() as (cases, reader):
        assert write_coco(cases, out, reader) == len(cases)
    found: dict[str, Any] = json.loads(out.getvalue())
    check(found)
    return found


def check(found: dict[str, Any]) -> None:
    """What readers of the format rely on."""
    assert set(found) == {"info", "licenses", "images", "annotations", "categories"}
    for name in ("images", "annotations", "categories"):
        numbers = [x["id"] for x in found[name]]
        assert numbers == list(range(1, len(numbers) + 1))
    images = {x["id"]: x for x in found["images"]}
    categories = {x["id"] for x in found["categories"]}
    assert len({x["file_name"] for x in found["images"]}) == len(images)
    for annotation in found["annotations"]:
        image = images[annotation["image_id"]]
        left, top, width, height = annotation["bbox"]
        assert left >= 0 and top >= 0 and width > 0 and height > 0
        assert left + width <= image["width"] and top + height <= image["height"]
        assert annotation["category_id"] in categories
        assert annotation["iscrowd"] == 0
        assert 0 < annotation["area"] <= width * height + 1e-6
        for polygon in annotation["segmentation"]:
            assert len(polygon) >= 6 and len(polygon) % 2 == 0
            for x, y in zip(polygon[::2], polygon[1::2], strict=True):
                assert left <= x <= left + width and top <= y <= top + height


def labels(found: dict[str, Any]) -> list[str]:
    """The category of each annotation."""
    names = {x["id"]: x["name"] for x in found["categories"]}
    return [names[x["category_id"]] for x in found["annotations"]]


def test_regions_become_annotations_with_outlines_of_the_map(parts: Parts) -> None:
    case = parts.decided()
    found = as_coco(parts)
    (image,) = found["images"]
    assert (image["width"], image["height"], image["case"]) == (600, 420, case)
    assert image["decided"] == "scrap"
    assert image["labels"] == ["pore"]
    scratch, pore = found["annotations"]
    assert pore["bbox"] == [390, 250, 20, 20]
    assert pore["segmentation"] == [[390.0, 250.0, 410.0, 250.0, 410.0, 270.0, 390.0, 270.0]]
    assert pore["area"] == 400
    assert pore["score"] == 4.5
    assert scratch["area"] == 13 * 100  # thirteen cells of ten by ten pixels
    assert scratch["region"] == "1"


def test_every_kind_of_the_taxonomy_is_a_category(parts: Parts) -> None:
    names = [x["name"] for x in as_coco(parts)["categories"]]
    taxonomy = parts.context.plugins.domain("defect-inspector").taxonomy
    assert names == [x.code for x in taxonomy.labels]


@pytest.mark.parametrize(
    ("decision", "wanted", "image_labels"),
    [
        (None, ["anomaly", "anomaly"], ["anomaly"]),
        (("scrap", {"anomaly": "agree"}), ["anomaly", "anomaly"], ["anomaly"]),
        (("scrap", {}), ["anomaly", "anomaly"], ["anomaly"]),
        (("hold", {}), ["anomaly", "anomaly"], ["anomaly"]),
        (("accept", {}), [], []),
        (("accept", {"anomaly": "agree"}), ["anomaly", "anomaly"], ["anomaly"]),
        (("scrap", {"anomaly": "reject", "pore": "add"}), ["pore", "pore"], ["pore"]),
        (("scrap", {"pore": "add"}), ["pore", "pore"], ["pore"]),
        (
            ("scrap", {"anomaly": "reject", "pore": "add", "scratch": "add"}),
            ["anomaly", "anomaly"],
            ["pore", "scratch"],
        ),
        (("hold", {"anomaly": "reject"}), [], []),
        (("scrap", {"anomaly": "reject"}), [], ["anomaly"]),
    ],
)
def test_what_a_person_decided_wins(
    parts: Parts, decision: Any, wanted: list[str], image_labels: list[str]
) -> None:
    case = parts.add()
    parts.look(case, label="anomaly", title="Anomaly of unknown type")
    if decision is not None:
        parts.decide(case, decision[0], **decision[1])
    found = as_coco(parts)
    assert labels(found) == wanted
    assert found["images"][0]["labels"] == image_labels


def test_a_label_the_taxonomy_lost_gets_a_category(parts: Parts) -> None:
    parts.look(parts.add(), label="old_kind", title="Old kind")
    assert labels(as_coco(parts)) == ["old_kind", "old_kind"]


def test_into_a_folder_the_pictures_come_along(parts: Parts, tmp_path: Path) -> None:
    first = parts.decided("one")
    second = parts.decided(
        "two", image=plate(2).convert("CMYK"), media_type="image/jpeg", name="two.jpg"
    )
    out = tmp_path / "dataset"
    config = export.ExportConfig(domain="defect-inspector", format="coco", out=out)
    report = export.run(config, parts.context)
    found = json.loads((out / "annotations.json").read_text())
    check(found)
    files = {x["case"]: out / x["file_name"] for x in found["images"]}
    assert {x.name for x in (out / "images").iterdir()} == {x.name for x in files.values()}
    assert report.files == 3
    with parts.workspace.database.read() as unit:
        stored = unit.cases.get(first).attachments[0].sha256
    assert files[first].read_bytes() == parts.workspace.blobs.path(stored).read_bytes()
    assert files[second].suffix == ".png"  # what not every program reads becomes PNG
    for image in found["images"]:
        with Image.open(out / image["file_name"]) as shown:
            assert (shown.size, shown.mode) == ((image["width"], image["height"]), "RGB")


def test_a_picture_that_is_gone_is_told(parts: Parts, tmp_path: Path) -> None:
    case = parts.decided()
    with parts.workspace.database.read() as unit:
        picture = unit.cases.get(case).attachments[0].sha256
    parts.workspace.blobs.path(picture).unlink()
    config = export.ExportConfig(domain="defect-inspector", format="coco", out=tmp_path / "d")
    assert "a picture is not in the export" in export.run(config, parts.context).warnings[0]


def test_no_case_is_kept_and_annotations_wait_on_the_disk(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("defect_inspector.exports.coco.IN_MEMORY", 100)
    parts.decided()
    out = io.BytesIO()
    with parts.reading() as (cases, reader):
        made = cases[0]
        many = Counted(50, lambda i: replace(made, case=replace(made.case, id=f"{i:064x}")))
        assert write_coco(many, out, reader) == 50
        assert many.most <= 2
    found = json.loads(out.getvalue())
    check(found)
    assert len(found["annotations"]) == 100


def test_outlines_cover_exactly_the_cells_of_their_place() -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        inside = rng.random((9, 11)) < 0.55
        drawn = Image.new("L", (110, 90))
        pen = ImageDraw.Draw(drawn)
        for loop in trace(inside):
            pen.polygon([(10 * x, 10 * y) for x, y in loop], fill=1)
        centres = np.asarray(drawn)[5::10, 5::10].astype(bool)
        assert centres[inside].all()
        beyond = centres & ~inside  # only holes are filled
        assert not (beyond & _reached(~inside)).any()


def _reached(free: Any) -> Any:
    """The free cells that a walk from outside reaches."""
    from scipy.ndimage import label

    places, _ = label(np.pad(free, 1, constant_values=True))
    return (places == places[0, 0])[1:-1, 1:-1]


def test_a_region_that_fits_no_place_of_the_map_has_no_outline() -> None:
    outlines = Outlines(map_of_plate(), THRESHOLD, (420, 600))
    elsewhere = Region(attachment="a", left=0, top=0, width=20, height=20, score=1)
    assert outlines.of(elsewhere) == []
    assert Outlines(map_of_plate(), 99.0, (420, 600)).of(elsewhere) == []


def test_the_area_is_that_of_the_polygons() -> None:
    assert area([[0, 0, 4, 0, 4, 3, 0, 3], [10, 10, 11, 10, 11, 11, 10, 11]]) == 13
