"""What a person is told of files that are kept and not assessed, and of series with gaps."""

from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from typer.testing import CliRunner

from made_series import write_series
from secondlook.deid.names import plain_source
from secondlook_workflows import ingest
from secondlook_workflows.cli.app import build
from secondlook_workflows.cli.text import ingested
from secondlook_workflows.context import Context
from secondlook_workflows.gather import names_given
from secondlook_workflows.ingest import IngestReport, Outcome


def read(source: Path, context: Context) -> IngestReport:
    config = ingest.IngestConfig(domain="radiology-assistant", sources=(source,))
    return ingest.run(config, context)


def test_what_is_kept_and_not_assessed_says_why(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "scans"
    write_series(folder, [0, 5])
    report = Path(str(get_testdata_file("test-SR.dcm"))).read_bytes()
    (folder / "report.dcm").write_bytes(report)
    found = read(folder, context)
    (kept,) = [x for x in found.files if x.reason]
    named = plain_source("report.dcm", context.workspace.database.pseudonyms)
    assert (kept.source, kept.outcome) == (named, Outcome.OPENED)
    assert kept.reason == "structured_report"
    assert found.notes == ()
    ingested(found)
    assert f"{named}: opened, not assessed (a structured report" in capsys.readouterr().err


def test_gaps_are_told_when_files_are_taken_in(context: Context, tmp_path: Path) -> None:
    write_series(tmp_path / "scans", [0, 202.5, 203.75, 205])
    (note,) = read(tmp_path / "scans", context).notes
    assert "axial series of 4 slices: uneven_spacing: its slices do not lie at even" in note


def test_at_a_terminal_files_go_by_the_names_they_came_with(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "scans"
    write_series(folder, [0, 5])
    (folder / "torn.dcm").write_bytes(
        (folder / min(x.name for x in folder.iterdir())).read_bytes()[:200]
    )
    found = read(folder, context)
    names = names_given((folder,), (), context.workspace.database.pseudonyms)
    ingested(found, names)
    told = capsys.readouterr().err
    assert "torn.dcm (kept as " in told
    ingested(found)
    assert "torn" not in capsys.readouterr().err


def test_a_file_that_a_manifest_names_is_found_by_its_pseudonym(
    context: Context, tmp_path: Path
) -> None:
    (tmp_path / "exams.csv").write_text("image\nRoe.dcm\n")
    pseudonyms = context.workspace.database.pseudonyms
    outcome = CliRunner().invoke(
        build(),
        ["patients", "which", plain_source("Roe.dcm", pseudonyms), str(tmp_path / "exams.csv")],
    )
    assert (outcome.exit_code, "Roe.dcm" in outcome.output) == (0, True)
