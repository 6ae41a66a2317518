"""Exports through their verb and command: which cases, to where, whole or not at all."""

import csv
import errno
import html
import io
import json
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from typer.testing import CliRunner

from export_parts import INSPECTOR, RADIOLOGY, Parts
from secondlook.errors import NotFound, UsageError
from secondlook.registry import Exporter
from secondlook.store.audit import AuditReport
from secondlook.store.worklist import CaseExport
from secondlook_workflows import verify_audit
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context
from secondlook_workflows.export import ExportConfig, ExportReport, run

CLI = build()


@pytest.fixture
def parts(context: Context) -> Parts:
    """A workspace for made-up parts."""
    return Parts(context)


def export(context: Context, **config: Any) -> ExportReport:
    """One export of the inspector, as CSV unless said otherwise."""
    return run(ExportConfig(**({"domain": INSPECTOR, "format": "csv"} | config)), context)


def titles(path: Path) -> set[str]:
    """Titles of the cases in a CSV."""
    return {x["title"] for x in csv.DictReader(io.StringIO(path.read_text()))}


def test_only_the_wanted_cases_are_exported(parts: Parts, tmp_path: Path) -> None:
    done, waiting = parts.decided("done"), parts.add("open")
    chosen = {
        "all": ({}, {"done", "open"}),
        "decided": ({"decided": True}, {"done"}),
        "open": ({"decided": False}, {"open"}),
        "named": ({"cases": (waiting[:9], waiting)}, {"open"}),
        "named and decided": ({"cases": (waiting, done), "decided": True}, {"done"}),
    }
    for name, (config, wanted) in chosen.items():
        out = tmp_path / f"{name}.csv"
        report = export(parts.context, out=out, **config)
        assert (titles(out), report.cases) == (wanted, len(wanted))


def test_since_is_when_it_was_decided_or_came_in(parts: Parts, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    early = parts.add("early"), parts.add("early and decided late")
    between = datetime.now(UTC)
    parts.add("late")
    parts.decide(early[1])
    wanted = {
        before: {"early", "early and decided late", "late"},
        between: {"early and decided late", "late"},
        between + timedelta(days=1): set(),
    }
    for number, (since, found) in enumerate(wanted.items()):
        out = tmp_path / f"{number}.csv"
        export(parts.context, out=out, since=since)
        assert titles(out) == found


def test_a_case_that_is_not_there_or_of_another_domain_is_refused(
    parts: Parts, tmp_path: Path
) -> None:
    other = parts.add("exam", domain=RADIOLOGY)
    for case, error in (("ffff", NotFound), (other, UsageError)):
        with pytest.raises(error):
            export(parts.context, out=tmp_path / "x.csv", cases=(case,))
    assert list(tmp_path.glob("*.csv")) == []


def test_a_file_that_is_there_stays_unless_it_is_forced(parts: Parts, tmp_path: Path) -> None:
    out = tmp_path / "cases.csv"
    out.write_text("mine")
    with pytest.raises(UsageError, match="--force"):
        export(parts.context, out=out)
    assert out.read_text() == "mine"
    export(parts.context, out=out, force=True)
    assert out.read_text().startswith("case,")


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file_is_never_replaced(parts: Parts, tmp_path: Path, force: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for out in (tmp_path, pipe):
        with pytest.raises(UsageError):
            export(parts.context, out=out, force=force)


def test_the_file_that_a_link_points_to_is_written(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "cases.csv"
    link.symlink_to(tmp_path / "elsewhere" / "real.csv")
    export(parts.context, out=link)
    assert link.is_symlink()
    assert link.read_text().startswith("case,")


def failing(error: Exception, **changes: Any) -> Exporter:
    """A format that fails after it has written something."""

    def write(cases: Iterable[CaseExport], out: IO[str]) -> int:
        out.write("half")
        raise error

    return Exporter(name="failing", description="", write=write, **changes)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_a_full_disk_or_ctrl_c_leaves_the_old_file(
    parts: Parts, tmp_path: Path, error: Exception
) -> None:
    parts.context.plugins.exporters["failing"] = failing(error)
    out = tmp_path / "cases.csv"
    out.write_text("mine")
    with pytest.raises(type(error)) as raised:
        export(parts.context, format="failing", out=out, force=True)
    assert out.read_text() == "mine"
    assert [x.name for x in tmp_path.iterdir() if x.name.startswith(".")] == []
    if isinstance(raised.value, OSError):
        assert raised.value.filename == str(out)


def test_a_folder_that_fails_does_not_appear(parts: Parts, tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    parts.context.plugins.exporters["failing"] = failing(error, folder="all.txt")
    with pytest.raises(OSError, match="No space"):
        export(parts.context, format="failing", out=tmp_path / "reports")
    assert [x for x in tmp_path.iterdir() if x.name != "home"] == []


def test_into_a_folder_that_is_there_nothing_is_overwritten(parts: Parts, tmp_path: Path) -> None:
    case = parts.decided("plate 7")
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "other.txt").write_text("other")
    mine = folder / f"plate-7-{case[:12]}.html"
    mine.write_text("mine")
    with pytest.raises(UsageError, match="--force"):
        export(parts.context, format="ncr-html", out=folder)
    assert mine.read_text() == "mine"
    report = export(parts.context, format="ncr-html", out=folder, force=True)
    assert report.files == 1
    assert mine.read_text().startswith("<!DOCTYPE html>")
    assert sorted(x.name for x in folder.iterdir()) == sorted(["other.txt", mine.name])


def test_a_format_of_a_plugin_from_before_still_works(parts: Parts, tmp_path: Path) -> None:
    def write(cases: Iterable[CaseExport], out: IO[str]) -> int:
        lines = [f"{x.case.title}\n" for x in cases]
        out.writelines(lines)
        return len(lines)

    old = Exporter(name="titles", description="one title a line", write=write)
    parts.context.plugins.exporters["titles"] = old
    parts.add("plate ü")
    export(parts.context, format="titles", out=tmp_path / "x")
    assert (tmp_path / "x").read_text(encoding="utf-8") == "plate ü\n"


def test_a_format_for_parts_is_not_for_patients(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="for defect-inspector only"):
        run(
            ExportConfig(domain=RADIOLOGY, format="ncr-html", out=tmp_path / "x.html"),
            parts.context,
        )


def invoke(*words: str, status: int = 0) -> Any:
    """The command line in this process."""
    outcome = CliRunner().invoke(CLI, ["export", INSPECTOR, *words])
    assert outcome.exit_code == status, outcome.output
    return outcome


def test_the_command_reports_as_json_and_prints_text(parts: Parts, tmp_path: Path) -> None:
    parts.decided("done")
    parts.add("open")
    out = tmp_path / "done.html"
    told = json.loads(
        invoke("--format", "ncr-html", "--out", str(out), "--decided", "--json").stdout
    )
    assert told == {"cases": 1, "out": str(out), "files": 1, "warnings": []}
    assert "done" in invoke("--since", "2026-01-01").stdout
    assert invoke("--format", "coco", "--open").stdout.startswith('{"info"')


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--format", "ncr-pdf"), "give --out"),
        (("--since", "yesterday"), "2026-03-31"),
        (("--json",), "--out"),
    ],
)
def test_what_cannot_be_done_is_said(parts: Parts, words: tuple[str, ...], part: str) -> None:
    assert part in invoke(*words, status=2).output


def test_a_picture_that_is_gone_is_told_and_ends_with_status_3(
    parts: Parts, tmp_path: Path
) -> None:
    case = parts.decided("plate 7")
    with parts.workspace.database.read() as unit:
        picture = unit.cases.get(case).attachments[0].sha256
    parts.workspace.blobs.path(picture).unlink()
    outcome = invoke("--format", "ncr-html", "--out", str(tmp_path / "x.html"), status=3)
    assert "a picture is not in its report" in outcome.stderr
    assert "There is no picture that can be shown" in (tmp_path / "x.html").read_text()


def verified(line: str, context: Context, tmp_path: Path) -> AuditReport:
    """What `db verify-audit --against` says to a line of a report."""
    against = tmp_path / "line.txt"
    against.write_text(line)
    return verify_audit.run(verify_audit.VerifyConfig(against=against), context)


def test_the_printed_audit_line_verifies_and_another_one_does_not(
    parts: Parts, tmp_path: Path
) -> None:
    case = parts.decided("plate 7")
    parts.decide(case, "rework")
    export(parts.context, format="ncr-html", out=tmp_path / "x.html")
    (printed,) = re.findall(r"<pre>(.*?)</pre>", (tmp_path / "x.html").read_text())
    line = html.unescape(printed)
    assert verified(line, parts.context, tmp_path).problems == ()
    chain, seq, digest = json.loads(line)
    assert (chain, seq) == (case, 4)
    other = json.dumps([chain, seq, digest[::-1]])
    assert verified(other, parts.context, tmp_path).problems
