"""Exams through the verbs: what an adapter was learned with is all that it looks at."""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from labelled_plates import marked

sys.path.append(str(Path(__file__).parents[1] / "core"))
import bad_files

from secondlook import LabelProbabilities, SliceShare
from secondlook.assessments import Assessment
from secondlook.errors import UsageError
from secondlook.store.worklist import WorklistFilter
from secondlook_workflows import assess, ingest, learn
from secondlook_workflows.context import Context
from secondlook_workflows.learning import LearnConfig

RADIOLOGY = "radiology-assistant"
KINDS = {"normal": "good", "pneumothorax": "pore"}


def radiograph(path: Path, kind: str, seed: int, **values: object) -> Path:
    """A made radiograph; its study is its own."""
    stored = np.asarray(marked(KINDS[kind], seed), np.uint16) * 16
    elements = {"Modality": "CR", "ViewPosition": "PA", "StudyInstanceUID": f"1.2.{seed}"}
    dataset = bad_files.dicom(stored, **(elements | values))
    path.write_bytes(bad_files.dicom_bytes(dataset))
    return path


def manifest(folder: Path, rows: Iterable[tuple[str, str, str]]) -> Path:
    """Images (several with `;`), label, group."""
    path = folder / "exams.csv"
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["case", "image", "label", "group"])
        writer.writerows([str(i), *row] for i, row in enumerate(rows))
    return path


@pytest.fixture(scope="module")
def radiographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("radiographs")
    rows = []
    for seed in range(12):
        for number, kind in enumerate(KINDS):
            view = "AP" if seed % 3 else "PA"
            file = radiograph(
                folder / f"{kind}-{seed}.dcm", kind, 100 * seed + number, ViewPosition=view
            )
            rows.append((file.name, kind, f"patient {seed // 2}"))
    return manifest(folder, rows)


def looks(source: Path, context: Context) -> list[Assessment]:
    """The first looks at what lies in a folder, in the order of the worklist."""
    config = ingest.IngestConfig(domain=RADIOLOGY, sources=(source,), pixels_checked=True)
    ingest.run(config, context)
    assess.run(assess.AssessConfig(), context)
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter()).rows
        found = [unit.assessments.latest(row.id) for row in rows]
    return [x for x in found if x is not None]


def learned(context: Context, source: Path, **further: object) -> learn.LearnReport:
    config = LearnConfig(domain=RADIOLOGY, manifest=source, minutes=0, **further)  # type: ignore[arg-type]
    return learn.run(config, context)


def card_of(context: Context, adapter: str) -> dict:  # type: ignore[type-arg]  # as it is stored
    with context.workspace.database.read() as unit:
        return unit.adapters.get(adapter).card


def test_eligibility_and_thresholds_stand_on_the_card(context: Context, radiographs: Path) -> None:
    report = learned(context, radiographs)
    card = card_of(context, report.adapter)["answers"]
    assert card["eligibility"]["values"] == {
        "kind": ["picture"], "modality": ["CR"], "view": ["AP", "PA"]
    }  # fmt: skip
    assert card["thresholds"]["sensitivity"] == 0.95
    assert card["thresholds"]["points"]["pneumothorax"]["sensitivity"] >= 0.95
    assert any("it looks at: kind: picture; modality: CR" in x for x in report.notes)


def test_only_what_is_like_is_assessed(context: Context, radiographs: Path, tmp_path: Path) -> None:
    learned(context, radiographs)
    new = tmp_path / "new"
    new.mkdir()
    radiograph(new / "a.dcm", "pneumothorax", 9001)
    radiograph(new / "b.dcm", "normal", 9002, ViewPosition="LL")
    radiograph(new / "c.dcm", "normal", 9003, Modality="MG")
    marked("good", 9004).save(new / "d.png")
    found = looks(new, context)
    assert len(found) == 4
    (assessed,) = (x for x in found if x.abstention is None)
    assert [x.label for x in assessed.findings] == ["pneumothorax"]
    assert any(isinstance(x, LabelProbabilities) for x in assessed.evidence)
    others = [x for x in found if x.abstention is not None]
    assert {x.disposition for x in others} == {"not_assessed"}
    assert {x.abstention.reason for x in others if x.abstention} == {"not_eligible"}
    said = " ".join(x.abstention.message for x in others if x.abstention)
    for reason in ("its view is LL", "its modality is MG", "its modality is not stated"):
        assert reason in said
    assert not any(x.findings for x in others)


def test_a_manifest_says_what_a_png_cannot(
    context: Context, radiographs: Path, tmp_path: Path
) -> None:
    learned(context, radiographs)
    lines = ["case,image,view,modality"]
    for name, view in (("stated", "pa"), ("other", "LL"), ("silent", "")):
        marked(KINDS["pneumothorax"], 9101 + len(lines)).save(tmp_path / f"{name}.png")
        lines.append(f"{name},{name}.png,{view},CR")
    source = tmp_path / "new.csv"
    source.write_text("\n".join(lines))
    found = [x.abstention for x in looks(source, context)]
    refused = [x.message for x in found if x is not None and x.reason == "not_eligible"]
    assert (len(found), len(refused)) == (3, 2)
    assert "its view is LL" in " ".join(refused)
    assert "its view is not stated" in " ".join(refused)


def test_people_narrow_what_it_is_for(context: Context, radiographs: Path) -> None:
    report = learned(context, radiographs, eligible={"view": "AP", "age_years": "18-90"})
    rule = card_of(context, report.adapter)["answers"]["eligibility"]
    assert rule["values"]["view"] == ["AP"]
    assert rule["ranges"] == {"age_years": [18, 90]}
    assert rule["narrowed"] == ["age_years", "view"]


@pytest.mark.parametrize("asked", [{"view": "LATERAL"}, {"weight": "3"}])
def test_nobody_widens_it(context: Context, radiographs: Path, asked: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="--eligible"):
        learned(context, radiographs, eligible=asked)


def test_parts_are_bound_to_no_facts(context: Context, radiographs: Path) -> None:
    config = LearnConfig(
        domain="defect-inspector", manifest=radiographs, minutes=0, eligible={"view": "PA"}
    )
    with pytest.raises(UsageError, match="is bound by none"):
        learn.run(config, context)


def test_volumes_are_learned_and_the_slice_that_counted_is_told(
    context: Context, tmp_path: Path
) -> None:
    from made_series import write_series

    rows = []
    for seed in range(10):
        for number, kind in enumerate(KINDS):
            folder = tmp_path / f"{kind}-{seed}"
            uid = f"1.2.{10 * seed + number + 1}"
            # The box of the phantom is in sight, or the series ends below it.
            low = -20.0 if kind == "pneumothorax" else -60.0
            files = write_series(
                folder, [low + 8 * i for i in range(7)], shift=(2.5 * seed - 12, 0.0),
                StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.1",
            )  # fmt: skip
            names = ";".join(f"{folder.name}/{x.name}" for x in files)
            rows.append((names, kind, f"patient {seed}"))
    report = learned(context, manifest(tmp_path, rows[:-2]))
    card = card_of(context, report.adapter)["answers"]
    assert card["eligibility"]["values"]["kind"] == ["volume"]
    found = looks(tmp_path / "pneumothorax-9", context)
    assert len(found) == 1
    shares = [x for x in found[0].evidence if isinstance(x, SliceShare)]
    assert len(shares) == 3
    assert {x.depth for x in shares} == {7}
    assert shares[0].share >= shares[-1].share
