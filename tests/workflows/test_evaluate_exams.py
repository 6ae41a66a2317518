"""The whole way: labelled cases of many patients, with notes, through `evaluate` and its table."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from labelled_plates import write_manifest
from secondlook.codec import to_plain
from secondlook.workspace import init_workspace
from secondlook_workflows import evaluate, learn
from secondlook_workflows.cli.evaluation import print_evaluation
from secondlook_workflows.context import Context, open_context
from secondlook_workflows.evaluating import EvaluateConfig, EvaluateReport
from secondlook_workflows.learning import LearnConfig
from secondlook_workflows.questions import ANYTHING

INSPECTOR = "defect-inspector"
PATIENTS, YOUNG, MEN = 22, 12, 2


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is learned from: 24 plates of four lots."""
    return write_manifest(tmp_path_factory.mktemp("known"), range(8), notes=True)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good and a pored plate of each patient, with facts as exams have them."""
    folder = tmp_path_factory.mktemp("unseen")
    seeds = range(100, 100 + PATIENTS)
    kinds = ("good", "pore")
    plain = write_manifest(folder, seeds, kinds=kinds, notes=True, name="plain.csv")
    with plain.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        patient = number // len(kinds)
        row |= {
            "group": f"p{patient}",
            "sex": "M" if patient < MEN else "F",
            "age": "12" if patient < YOUNG else "45",
            "note": row["note"] if number % 5 else "",
        }
    return write(folder / "cases.csv", rows)


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def learned(known: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A workspace with an adapter, heads alone."""
    home = tmp_path_factory.mktemp("learned") / "home"
    init_workspace(home).database.dispose()
    context = open_context(home)
    learn.run(LearnConfig(domain=INSPECTOR, manifest=known, product="plate", minutes=0), context)
    yield context
    context.workspace.database.dispose()


@pytest.fixture(scope="module")
def report(learned: Context, unseen: Path) -> EvaluateReport:
    """What is said of the unseen ones."""
    return measured(unseen, learned)


def measured(manifest: Path, context: Context, folds: int = 0) -> EvaluateReport:
    config = EvaluateConfig(
        domain=INSPECTOR, manifest=manifest, product="plate", folds=folds, minutes=0
    )
    return evaluate.run(config, context)


@pytest.mark.slow
def test_every_figure_has_its_interval_ablations_and_parts(report: EvaluateReport) -> None:
    assert (report.n, report.groups) == (2 * PATIENTS, PATIENTS)
    assert set(report.intervals) >= {ANYTHING, "pore"}
    pore = report.intervals["pore"]
    low, high = pore["auroc_interval"]
    assert low <= pore["auroc"] <= high
    assert set(pore["ablations"]) == {"image", "text", "shuffled_text"}
    assert report.per_label["pore"]["label_auroc"] == pore["auroc"]
    drawn = report.operating_point["pore"]
    assert drawn["sensitivity_interval"] is not None
    assert set(drawn["ablations"]) == {"image", "text", "shuffled_text"}
    assert report.abstained["n"] == sum(report.abstained["reasons"].values())


def test_parts_of_few_patients_have_no_figure(report: EvaluateReport) -> None:
    assert set(report.subgroups) == {"sex", "age"}
    women, men = (report.subgroups["sex"][x]["pore"] for x in "FM")
    assert (women["groups"], women["too_few"]) == (PATIENTS - MEN, None)
    assert women["sensitivity"] is not None
    assert set(men) == {"n", "groups", "too_few"}
    assert report.subgroups["age"]["under 18"]["pore"]["groups"] == YOUNG


def test_rows_in_another_order_are_the_same_measurement(
    learned: Context, unseen: Path, report: EvaluateReport
) -> None:
    with unseen.open(newline="") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(0).permutation(len(rows))
    other = measured(write(unseen.with_name("turned.csv"), [rows[i] for i in order]), learned)
    for name, cells in report.intervals.items():
        for figure in ("auroc_interval", "average_precision_interval", "auroc"):
            assert cells[figure] == pytest.approx(other.intervals[name][figure])
    for name, drawn in report.operating_point.items():
        assert drawn["sensitivity_interval"] == other.operating_point[name]["sensitivity_interval"]
    women = [x.subgroups["sex"]["F"]["pore"] for x in (report, other)]
    assert women[0]["found"] == women[1]["found"]
    assert report.abstained == other.abstained


def test_folds_have_the_same_fields(learned: Context, known: Path) -> None:
    folds = measured(known, learned, folds=2)
    assert folds.groups == 4
    assert set(folds.intervals) >= {ANYTHING, "pore", "scratch"}
    assert folds.intervals["pore"]["auroc_interval"] is None
    assert "20 groups, got 4" in folds.intervals["pore"]["why"]
    assert folds.subgroups == {}


def test_people_get_a_table(report: EvaluateReport, capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation(report)
    said = capsys.readouterr()
    lines = said.out.splitlines()
    asked = next(i for i, x in enumerate(lines) if x.startswith("asked"))
    assert lines[asked + 1].startswith("anything") and "–1.00)" in lines[asked + 1]
    assert [x.split()[0] for x in lines[asked + 2 : asked + 5]] == ["image", "text", "another"]
    assert "…" not in said.out, "nothing is cut off at 80 columns"
    assert any(x.startswith("sex M") and "too few" in x for x in lines)
    assert any(x.startswith("sex F") and "(" in x for x in lines)
    assert "scratch: needs cases with and without it, got 0" in said.err
    assert not any(x.startswith("scratch") for x in lines)


def test_programs_get_the_same(report: EvaluateReport) -> None:
    plain = json.loads(json.dumps(to_plain(report), allow_nan=False))
    assert {"intervals", "subgroups", "operating_point", "abstained"} <= plain.keys()
    assert isinstance(plain["intervals"]["pore"]["auroc_interval"], list)
