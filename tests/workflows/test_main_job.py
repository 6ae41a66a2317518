"""The main job: learn from goods, ingest, assess, decide, export, each through its verb."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from plates import ingest_config, plate
from secondlook import AnomalyMap, CaseStatus, CitedPassage, Record
from secondlook.assessments import Assessment
from secondlook.decisions import Act, FindingAct
from secondlook.discovery import load_plugins
from secondlook.errors import (
    Conflict,
    ModelError,
    PluginError,
    UsageError,
)
from secondlook.intake.passages import note
from secondlook.settings import Settings
from secondlook.store.worklist import WorklistFilter
from secondlook_workflows import assess, decide, export, ingest, learn
from secondlook_workflows.assessor import Assessor
from secondlook_workflows.cases import case_document
from secondlook_workflows.context import Context


def _look(context: Context, case_id: str) -> Assessment:
    with context.workspace.database.read() as unit:
        case = unit.cases.get(case_id)
    return Assessor(context)._look(case)


def _latest(context: Context) -> dict[str, Assessment]:
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter()).rows
        found = {row.title: unit.assessments.latest(row.id) for row in rows}
    return {title: look for title, look in found.items() if look is not None}


def test_a_holed_plate_is_flagged_and_cites_its_clause(
    context: Context, learned: learn.LearnReport, ingested: ingest.IngestReport
) -> None:
    assert learned.state == "champion"
    report = assess.run(assess.AssessConfig(), context)
    assert (report.assessed, report.failed) == (2, {})
    looks = _latest(context)
    holed, fine = looks["holed.png"], looks["fine.png"]
    assert holed.disposition == "hold"
    assert fine.disposition == "accept"
    assert not fine.findings
    evidence = [e for f in holed.findings for e in f.evidence]
    assert any(isinstance(e, AnomalyMap) for e in evidence)
    cited = [e for e in evidence if isinstance(e, CitedPassage)]
    assert "hole or pore" in cited[0].text
    assert cited[0].line == 5
    assert not holed.flags  # the embedded backbone is a trained one
    assert holed.provenance.adapter == "defect-inspector/plate/1"


def test_the_worklist_puts_the_flagged_part_first(
    context: Context, learned: learn.LearnReport, ingested: ingest.IngestReport
) -> None:
    assess.run(assess.AssessConfig(), context)
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter(domain="defect-inspector")).rows
    assert [x.title for x in rows] == ["holed.png", "fine.png"]


def test_without_an_adapter_the_image_is_not_assessed_and_learning_mends_it(
    context: Context, ingested: ingest.IngestReport, goods: Path
) -> None:
    assess.run(assess.AssessConfig(), context)
    look = _latest(context)["fine.png"]
    assert look.abstention is not None
    assert look.abstention.reason == "no_adapter"
    assert look.disposition is None
    config = learn.LearnConfig(domain="defect-inspector", goods=goods, product="plate")
    learn.run(config, context)
    assert assess.run(assess.AssessConfig(), context).assessed == 2
    assert _latest(context)["fine.png"].abstention is None


def test_the_same_case_and_adapter_give_the_same_scores_after_reload(
    context: Context, learned: learn.LearnReport, ingested: ingest.IngestReport
) -> None:
    from secondlook_workflows.context import open_context

    case = ingested.cases[0]
    first = _look(context, case)
    again = _look(open_context(), case)
    assert first.score == pytest.approx(again.score, abs=1e-6)
    assert replace(first, id="", created_at=again.created_at) == replace(again, id="")


def test_ingest_twice_adds_nothing(
    context: Context, ingested: ingest.IngestReport, parts: Path
) -> None:
    again = ingest.run(ingest_config(parts), context)
    assert (ingested.added, again.added, again.changed) == (2, 0, 0)
    assert {x.outcome for x in again.files} == {ingest.Outcome.KNOWN}
    assert set(again.cases) == set(ingested.cases)


def test_a_new_manual_joins_known_cases_and_they_are_looked_at_again(
    context: Context, learned: learn.LearnReport, ingested: ingest.IngestReport, parts: Path
) -> None:
    assess.run(assess.AssessConfig(), context)
    (parts.parent / "manual.md").write_text("2.2 A hole in the surface is reworked by welding.\n")
    again = ingest.run(ingest_config(parts), context)
    assert (again.added, again.changed) == (0, 2)
    assert assess.run(assess.AssessConfig(), context).assessed == 2


def test_bad_files_are_quarantined_with_a_reason_and_neighbours_go_on(
    context: Context, parts: Path
) -> None:
    (parts / "empty.png").touch()
    (parts / "cut.png").write_bytes((parts / "fine.png").read_bytes()[:200])
    report = ingest.run(ingest_config(parts), context)
    assert report.added == 2
    reasons = {x.source: x.reason for x in report.quarantined}
    assert {Path(k).name: v for k, v in reasons.items()} == {
        "empty.png": "empty",
        "cut.png": "truncated",
    }
    with context.workspace.database.read() as unit:
        assert {x.reason for x in unit.quarantine.all()} == {"empty", "truncated"}


def test_a_case_that_cannot_be_read_any_more_fails_alone(
    context: Context, learned: learn.LearnReport, ingested: ingest.IngestReport
) -> None:
    with context.workspace.database.read() as unit:
        case = next(c for c in map(unit.cases.get, ingested.cases) if c.title == "fine.png")
    context.workspace.blobs.path(case.attachments[0].sha256).unlink()
    report = assess.run(assess.AssessConfig(), context)
    assert report.assessed == 1
    assert list(report.failed) == [case.id]
    with context.workspace.database.read() as unit:
        assert unit.cases.get(case.id).status is CaseStatus.FAILED


def test_a_decision_is_checked_stored_and_amended(
    context: Context, learned: learn.LearnReport, ingested: ingest.IngestReport
) -> None:
    assess.run(assess.AssessConfig(), context)
    config = decide.DecideConfig(
        case=ingested.cases[0][:12],
        disposition="scrap",
        reviewer="ada",
        acts=(decide.parse_act("anomaly=agree"),),
        key="k1",
    )
    first = decide.run(config, context)
    assert decide.run(config, context).id == first.id
    with pytest.raises(Conflict):
        decide.run(replace(config, key="k2"), context)
    second = decide.run(replace(config, key="k3", amend=True, disposition="accept"), context)
    assert second.amends == first.id
    with context.workspace.database.read() as unit:
        assert unit.audit.verify().problems == ()


def test_a_decision_on_an_older_first_look_is_refused_and_stores_nothing(
    context: Context, ingested: ingest.IngestReport, goods: Path
) -> None:
    case = ingested.cases[0]
    assess.run(assess.AssessConfig(), context)
    with context.workspace.database.read() as unit:
        seen = unit.assessments.latest(case)
    assert seen is not None
    learn.run(learn.LearnConfig(domain="defect-inspector", goods=goods, product="plate"), context)
    assess.run(assess.AssessConfig(), context)
    config = decide.DecideConfig(
        case=case,
        disposition="accept",
        reviewer="ada",
        basis=decide.Basis(assessment=seen.id),
    )
    with pytest.raises(Conflict, match="newer first look"):
        decide.run(config, context)
    with context.workspace.database.read() as unit:
        assert unit.decisions.of(case) == ()


@pytest.mark.parametrize(
    "change", [{"disposition": "explode"}, {"acts": (decide.parse_act("elf=agree"),)}]
)
def test_a_decision_outside_the_domain_s_words_is_refused(
    context: Context, ingested: ingest.IngestReport, change: dict[str, object]
) -> None:
    config = decide.DecideConfig(case=ingested.cases[0], disposition="accept", reviewer="ada")
    with pytest.raises(PluginError, match="there is:"):
        decide.run(replace(config, **change), context)  # type: ignore[arg-type]


def test_an_act_must_have_its_form() -> None:
    assert decide.parse_act("a=reject").act is Act.REJECT
    with pytest.raises(UsageError, match="LABEL=ACT"):
        decide.parse_act("anomaly")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_an_export_holds_every_case(
    context: Context, ingested: ingest.IngestReport, tmp_path: Path, kind: str
) -> None:
    assess.run(assess.AssessConfig(), context)
    out = tmp_path / f"cases.{kind}"
    report = export.run(
        export.ExportConfig(domain="defect-inspector", format=kind, out=out), context
    )
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file)) if kind == "csv" else json.load(file)
    assert report.cases == len(rows) == 2
    assert not [x for x in tmp_path.iterdir() if x.name.startswith(".")]


def test_a_csv_cell_never_becomes_a_formula(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "named"
    folder.mkdir()
    plate(1).save(folder / "=1+1.png")
    config = ingest.IngestConfig(domain="defect-inspector", sources=(folder,))
    ingest.run(config, context)
    out = tmp_path / "cases.csv"
    export.run(export.ExportConfig(domain="defect-inspector", format="csv", out=out), context)
    assert "'=1+1.png" in out.read_text()


def test_the_case_document_names_records_without_their_text(
    context: Context, ingested: ingest.IngestReport
) -> None:
    with context.workspace.database.read() as unit:
        document = case_document(ingested.cases[0], unit, context.withholding)
    record = document["case"]["records"][0]
    assert record["name"] == "manual.md"
    assert record["passages"] >= 3
    assert "text" not in record


def test_a_second_adapter_waits_as_challenger(
    context: Context, learned: learn.LearnReport, goods: Path
) -> None:
    config = learn.LearnConfig(domain="defect-inspector", goods=goods, product="plate", seed=1)
    second = learn.run(config, context)
    assert (second.adapter, second.state) == ("defect-inspector/plate/2", "challenger")


def test_learning_from_too_few_goods_says_how_many_it_needs(
    context: Context, tmp_path: Path
) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    plate(1).save(folder / "one.png")
    with pytest.raises(ModelError, match="at least 3"):
        learn.run(learn.LearnConfig(domain="defect-inspector", goods=folder), context)


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "", "x" * 65, "end."])
def test_a_product_that_cannot_name_a_folder_is_refused(
    context: Context, parts: Path, goods: Path, name: str
) -> None:
    with pytest.raises(UsageError, match="cannot name a product"):
        ingest.run(replace(ingest_config(parts), product=name), context)
    with pytest.raises(UsageError, match="cannot name a product"):
        learn.run(learn.LearnConfig(domain="defect-inspector", goods=goods, product=name), context)


def test_a_broken_adapter_leaves_its_cases_alone_and_others_go_on(
    context: Context, learned: learn.LearnReport, ingested: ingest.IngestReport, tmp_path: Path
) -> None:
    card = context.workspace.adapters / learned.adapter / "adapter.json"
    card.write_text(card.read_text().replace("threshold", "threshold "))
    notes = tmp_path / "notes.csv"
    notes.write_text("case,note\nexam,Chest pain\n")
    ingest.run(ingest.IngestConfig(domain="radiology-assistant", sources=(notes,)), context)
    report = assess.run(assess.AssessConfig(), context)
    assert (report.assessed, report.failed) == (1, {})
    assert "damaged" in report.skipped["defect-inspector/plate"]
    with context.workspace.database.read() as unit:
        assert {unit.cases.get(x).status for x in ingested.cases} == {CaseStatus.NEW}


def test_cases_of_a_plugin_that_is_not_loaded_wait(
    context: Context, ingested: ingest.IngestReport
) -> None:
    settings = Settings(disabled_plugins=("defect-inspector",))
    without = replace(context, plugins=load_plugins(settings))
    report = assess.run(assess.AssessConfig(), without)
    assert (report.assessed, report.failed) == (0, {})
    assert "no loaded plugin" in report.skipped["defect-inspector/plate"]


def test_an_adapter_is_never_used_for_another_product(
    context: Context, learned: learn.LearnReport, parts: Path
) -> None:
    other = ingest.run(replace(ingest_config(parts), product="bolt"), context)
    config = assess.AssessConfig(adapter=learned.adapter)
    assert assess.run(config, context).assessed == 0
    named = assess.run(replace(config, cases=other.cases), context)
    assert named.abstained == 2


def test_a_note_alone_is_a_record(context: Context) -> None:
    record: Record = note("No complaints.", kind="note", name="note")
    assert record.passages[0].text == "No complaints."


def test_a_case_shows_decided_cases_that_look_like_it(
    context: Context, learned: learn.LearnReport, ingested: ingest.IngestReport
) -> None:
    assess.run(assess.AssessConfig(), context)
    ids = _ids(context)
    acts = (FindingAct(label="pore", act=Act.ADD), FindingAct(label="anomaly", act=Act.REJECT))
    decided = decide.DecideConfig(
        case=ids["holed.png"], disposition="scrap", reviewer="ada", acts=acts
    )
    decide.run(decided, context)
    with context.workspace.database.read() as unit:
        (prior,) = case_document(ids["fine.png"], unit, context.withholding)["similar"]
        itself = case_document(ids["holed.png"], unit, context.withholding)["similar"]
    assert (prior["case"], prior["decided"]) == (ids["holed.png"], "scrap")
    assert prior["labels"] == ["pore"]
    assert 0 < prior["similarity"] < 1
    assert itself == []


def _ids(context: Context) -> dict[str, str]:
    with context.workspace.database.read() as unit:
        return {x.title: x.id for x in unit.worklist.page(WorklistFilter()).rows}
