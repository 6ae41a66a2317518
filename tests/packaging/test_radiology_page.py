"""The page for clinicians: who copies its commands gets from files to measured, decided exams."""

import csv
import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from labelled_plates import marked
from secondlook.intake.manifest import COLUMNS, FACTS, read_manifest
from secondlook_workflows.cli.app import build
from secondlook_workflows.demo.scans import write_scans

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "radiology.md"
pytestmark = pytest.mark.usefixtures("kept_parser")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
KINDS = {"normal": "good", "pneumonia": "pore", "fracture": "scratch"}


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [body for found, body in FENCE.findall(PAGE.read_text()) if found == language]


def commands() -> list[str]:
    """What stands behind every `$`, in the order of the page."""
    lines = [line for body in blocks("console") for line in body.splitlines()]
    assert all(line.startswith("$ secondlook ") for line in lines), lines
    return [line.removeprefix("$ secondlook ") for line in lines]


@dataclass
class Clinician:
    """Sits before an empty workspace with files of their own, and copies commands."""

    said: dict[str, str] = field(default_factory=dict)

    def copies(self, command: str) -> None:
        """Run one line of the page; CASE is an open exam of the worklist.

        Minutes of learning are left out: heads alone are learned, in seconds.
        """
        quick = command.replace("--minutes 5", "--minutes 0")
        words = [self.exam() if x == "CASE" else x for x in shlex.split(quick)]
        done = self.calls(*words)
        assert done.exit_code == 0, f"{command}\n{done.output}"
        self.said[command.split(" --")[0]] = done.output

    def exam(self) -> str:
        """The beginning of the id of the first exam that waits."""
        rows = json.loads(self.calls("worklist", "--json").stdout)["cases"]
        return str(rows[0]["id"])[:8]

    def calls(self, *words: str) -> Result:
        return CliRunner().invoke(build(), list(words))


@pytest.fixture
def clinician(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinician:
    """With made-up exams where the page puts them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("secondlook_workflows.serve.serve", lambda *_: None)
    write_scans(tmp_path)
    Path("labelled").mkdir()
    rows = [("image", "note", "label", "group", "sex", "age", "view")]
    for number in range(24):
        label = list(KINDS)[number % 3]
        marked(KINDS[label], number).save(f"labelled/{number}.png")
        sex, age = "FM"[number % 2], str(np.clip(20 + 3 * number, 0, 90))
        rows.append((f"{number}.png", "Cough.", label, f"P{number // 2}", sex, age, "PA"))
    with Path("labelled/labelled.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return Clinician()


@pytest.mark.slow
def test_its_commands_lead_from_files_to_measured_exams(
    clinician: Clinician, tmp_path: Path
) -> None:
    for command in commands():
        clinician.copies(command)
    said = clinician.said
    assert "reads every exam in full" in " ".join(
        said["intended-use show radiology-assistant"].split()
    )
    assert "7 new cases" in said["run radiology-assistant exams/exams.csv"]
    table = said["evaluate radiology-assistant"]
    for word in ("anything", "image alone", "another text", "too few", "sensitivity"):
        assert word in table, word
    assert "all is well" in said["db verify-audit"]
    assert "consolidation, right base" in (tmp_path / "decided.csv").read_text()


def test_its_manifests_are_manifests(tmp_path: Path) -> None:
    shown = blocks("csv")
    assert len(shown) == 2
    for number, text in enumerate(shown):
        names = next(csv.reader([text.splitlines()[0]]))
        assert set(names) <= {*COLUMNS, *FACTS}
        path = tmp_path / f"{number}.csv"
        path.write_text(text)
        assert len(read_manifest(path).rows) == 2


def test_it_shows_every_kind_of_step() -> None:
    verbs = {x.split()[0] for x in commands()}
    assert verbs >= {
        "intended-use", "run", "quarantine", "worklist", "show", "ui", "decide", "learn", "assess",
        "evaluate", "export", "db",
    }  # fmt: skip


def test_a_command_that_fails_would_be_noticed(clinician: Clinician) -> None:
    with pytest.raises(AssertionError, match="show nosuch"):
        clinician.copies("show nosuch")
