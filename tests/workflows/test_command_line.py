"""The commands as a user types them: exit status, JSON on standard output, words beside it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from plates import plate
from secondlook.store.worklist import WorklistFilter
from secondlook_workflows.cli.app import build
from secondlook_workflows.cli.console import print_table
from secondlook_workflows.context import open_context

CLI = build()


def run(*words: str, status: int = 0) -> Result:
    """Run a command and check its exit status."""
    outcome = CliRunner().invoke(CLI, list(words))
    assert outcome.exit_code == status, outcome.output
    return outcome


def run_json(*words: str, status: int = 0) -> Any:
    """Run a command with --json; what stands on standard output must be one document."""
    return json.loads(run(*words, "--json", status=status).stdout)


def test_the_main_job_from_an_empty_folder(goods: Path, parts: Path) -> None:
    learned = run_json("learn", "defect-inspector", "--goods", str(goods), "--product", "plate")
    assert learned["adapter"] == "defect-inspector/plate/1"
    assert {"mode", "backbone", "metrics", "seconds", "peak_rss_mb"} <= set(learned)
    manual = str(parts.parent / "manual.md")
    words = ("run", "defect-inspector", str(parts), "--record", manual, "--product", "plate")
    first = run_json(*words)
    assert (first["added"], first["assessed"]) == (2, 2)
    evidence = [
        e
        for case in first["cases"]
        for finding in case["assessment"]["findings"]
        for e in finding["evidence"]
        if e["kind"] == "passage"
    ]
    cited = evidence[0]
    assert _record_text(cited["record"])[cited["start"] : cited["end"]] == cited["text"]
    again = run_json(*words)
    assert (again["added"], again["assessed"], len(again["cases"])) == (0, 0, 2)

    listed = run_json("worklist")
    assert [x["title"] for x in listed["cases"]] == ["holed.png", "fine.png"]
    case = listed["cases"][0]["id"]
    assert "holed.png" in run("show", case[:8]).stdout
    decided = run_json(
        "decide", case[:8], "scrap", "--reviewer", "ada", "--finding", "anomaly=agree"
    )
    assert decided["disposition"] == "scrap"
    assert len(run_json("show", case)["decisions"]) == 1
    assert run_json("worklist")["counts"]["decided"] == 1
    assert run("export", "defect-inspector").stdout.count("\n") == 3
    assert run_json("db", "verify-audit")["problems"] == []
    assert run_json("db", "check")["problems"] == []


def _record_text(sha256: str) -> str:
    context = open_context()
    with context.workspace.database.read() as unit:
        cases = map(unit.cases.get, [x.id for x in unit.worklist.page(WorklistFilter()).rows])
        text = next(r.text for c in cases for r in c.records if r.sha256 == sha256)
    context.workspace.database.dispose()
    return text


def test_quarantined_files_give_status_three(parts: Path) -> None:
    (parts / "empty.png").touch()
    report = run_json("ingest", "defect-inspector", str(parts), status=3)
    bad = [x for x in report["files"] if x["outcome"] == "quarantined"]
    assert [x["reason"] for x in bad] == ["empty"]
    assert [x["reason"] for x in run_json("quarantine")] == ["empty"]


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    report = run_json("ingest", "defect-inspector", str(tmp_path / "nowhere"), status=3)
    assert report["files"][0]["reason"] == "not_found"


@pytest.mark.parametrize(
    ("words", "status", "part"),
    [
        (("ingest",), 2, "Missing argument"),
        (("evaluate", "defect-inspector"), 2, "exactly one of"),
        (("ingest", "astrology", "."), 2, "no domain is called 'astrology'"),
        (("worklist", "--domain", "astrology"), 2, "there is: defect-inspector"),
        (("show", "abc"), 2, "secondlook worklist"),
        (
            ("export", "defect-inspector", "--format", "xls"),
            2,
            "coco, csv, csv-findings, json, ncr-html, ncr-pdf",
        ),
        (("ingest", "defect-inspector", ".", "--product", "../x"), 2, "cannot name a product"),
        (("assess", "--adapter", "x/1"), 2, "x/1"),
        (("assess", "--queue", "--case", "abc"), 2, "abc"),
        (("jobs", "--cancel", "abc"), 2, "secondlook jobs"),
        (("learn", "defect-inspector", "--goods", "nowhere"), 1, "there is no nowhere"),
        (
            ("evaluate", "defect-inspector", "--manifest", "nowhere.csv"),
            1,
            "there is no nowhere.csv",
        ),
        (
            ("export", "defect-inspector", "--out", "/nonexistent/x.csv"),
            1,
            "No such file or directory",
        ),
    ],
)
def test_mistakes_are_answered_with_what_would_work(
    parts: Path, words: tuple[str, ...], status: int, part: str
) -> None:
    run("init")
    outcome = run(*words, status=status)
    assert part in " ".join((outcome.stderr + outcome.stdout).split())
    assert "Traceback" not in outcome.output


def test_without_a_workspace_the_answer_names_init() -> None:
    assert "secondlook init" in run("worklist", status=1).stderr


def test_a_manifest_without_the_right_columns_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "cases.csv"
    manifest.write_text("picture,label\na.png,x\n")
    outcome = run("ingest", "defect-inspector", str(manifest), status=1)
    assert "image" in outcome.stderr


def test_a_manifest_with_a_missing_file_opens_the_other_rows(tmp_path: Path) -> None:
    plate(1).save(tmp_path / "here.png")
    manifest = tmp_path / "cases.csv"
    manifest.write_text("case,image\na,here.png\nb,gone.png\nc,../outside.png\n")
    report = run_json("ingest", "defect-inspector", str(manifest), status=3)
    assert report["added"] == 1
    bad = {x["source"]: x["reason"] for x in report["files"] if x["outcome"] == "quarantined"}
    assert bad == {"gone.png": "not_found", "../outside.png": "outside_source"}


def test_doctor_looks_at_everything() -> None:
    run("init")
    checks = {x["name"]: x for x in run_json("doctor")}
    assert checks["database"]["ok"]
    assert checks["backbone minilm"]["ok"]
    assert checks["backbone starter"]["found"] == "loads"


def test_doctor_says_where_scores_are_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_VISION_BACKBONE", "untrained")
    run("init")
    checks = {x["name"]: x for x in run_json("doctor")}
    assert "untrained" in checks["backbone untrained"]["found"]


def test_version() -> None:
    assert run("--version").stdout.startswith("secondlook ")


def test_an_error_nobody_foresaw_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    run("init")
    monkeypatch.setattr("secondlook_workflows.assess.run", lambda *_: {}["patient text"])
    outcome = run("assess", status=1)
    assert "nobody foresaw (KeyError)" in outcome.stderr
    assert "patient text" not in outcome.output


def test_a_database_put_back_to_an_earlier_state_is_found_with_exported_heads(
    parts: Path, tmp_path: Path
) -> None:
    run("ingest", "defect-inspector", str(parts))
    home, heads = tmp_path / "home", tmp_path / "heads.jsonl"
    earlier = (home / "secondlook.db").read_bytes()
    case = run_json("worklist")["cases"][0]["id"]
    run("decide", case, "accept", "--reviewer", "ada")
    run("db", "verify-audit", "--export-heads", str(heads))
    assert run_json("db", "verify-audit", "--against", str(heads))["problems"] == []
    for file in home.glob("secondlook.db*"):
        file.unlink()
    (home / "secondlook.db").write_bytes(earlier)
    assert run_json("db", "verify-audit")["problems"] == []  # from inside, all is well
    found = run_json("db", "verify-audit", "--against", str(heads), status=1)["problems"]
    assert case in {x["chain"] for x in found}
    run("db", "verify-audit", "--against", str(parts / "fine.png"), status=2)


def test_a_decided_case_that_gains_a_manual_is_open_again(parts: Path) -> None:
    run("ingest", "defect-inspector", str(parts))
    case = run_json("worklist")["cases"][0]["id"]
    first = run_json("decide", case, "accept", "--reviewer", "ada")
    manual = str(parts.parent / "manual.md")
    run("ingest", "defect-inspector", str(parts), "--record", manual)
    assert case in {x["id"] for x in run_json("worklist")["cases"]}
    second = run_json("decide", case, "scrap", "--reviewer", "ada")
    assert second["amends"] == first["id"]


def test_no_path_is_kept_with_a_run(parts: Path) -> None:
    run("ingest", "defect-inspector", str(parts))
    context = open_context()
    with context.workspace.database.read() as unit:
        (recorded,) = unit.runs.all(limit=5)
    context.workspace.database.dispose()
    assert parts.name not in json.dumps(recorded.config)
    assert recorded.config["sources"][0].startswith("path ")


def test_every_command_has_help() -> None:
    import typer

    group = typer.main.get_command(CLI)
    names = list(group.commands)  # type: ignore[attr-defined]
    assert {"ingest", "assess", "run", "learn", "evaluate", "decide", "work", "ui"} <= set(names)
    for name in names:
        assert "Usage" in run(name, "--help").stdout


def test_a_table_in_a_pipe_keeps_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["case", "why"], [["abcdef12", "x" * 120]])
    assert "x" * 120 in capsys.readouterr().out
