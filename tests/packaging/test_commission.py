"""The page on commissioning: a person who copies its commands gets to a decided, exported part."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from plates import plate
from secondlook.decisions import Act, FindingAct
from secondlook_workflows import decide
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import open_context

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "commission.md"
LEARNING = "learn defect-inspector --decided --product cover-plate --minutes 5"
pytestmark = pytest.mark.usefixtures("kept_parser")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """What stands behind every `$`, in the order of the page."""
    shown = [body for language, body in FENCE.findall(PAGE.read_text()) if language == "console"]
    lines = [line for body in shown for line in body.splitlines()]
    assert all(line.startswith("$ secondlook ") for line in lines), lines
    return [line.removeprefix("$ secondlook ") for line in lines]


def manuals() -> list[str]:
    """The two manuals that the page shows."""
    return [body for language, body in FENCE.findall(PAGE.read_text()) if language == "markdown"]


def corrections() -> str:
    """The corrections that the page shows."""
    [shown] = [body for language, body in FENCE.findall(PAGE.read_text()) if language == "text"]
    return str(shown)


@dataclass
class Person:
    """Sits before an empty workspace with files of their own, and copies commands."""

    said: dict[str, str] = field(default_factory=dict)
    """What each command printed."""

    def copies(self, command: str) -> None:
        """Run one line of the page; CASE is a flagged part of the worklist."""
        words = [self.flagged() if x == "CASE" else x for x in shlex.split(command)]
        done = self.calls(*words)
        assert done.exit_code == 0, f"{command}\n{done.output}"
        self.said[command] = done.output

    def flagged(self) -> str:
        """The beginning of the id of an open part that a clause scraps, or of any open part."""
        rows = json.loads(self.calls("worklist", "--json").stdout)["cases"]
        return min(rows, key=lambda x: x["recommended"] != "scrap")["id"][:8]

    def calls(self, *words: str) -> Result:
        return CliRunner().invoke(build(), list(words))

    def reviews(self, _port: int, _host: str, _welcome: str | None) -> None:
        """On the review page: decide all but two flagged parts, and name the kind of each defect."""
        context = open_context()
        rows = json.loads(self.calls("worklist", "--json").stdout)["cases"]
        left = [x for x in rows if x["recommended"] == "scrap"][:2]
        assert len(left) == 2, rows
        for row in rows:
            if row not in left:
                found = row["title"].startswith("holed")
                acts = (FindingAct(label="pore", act=Act.ADD),) if found else ()
                outcome = "scrap" if found else "accept"
                decide.run(
                    decide.DecideConfig(
                        case=row["id"], disposition=outcome, reviewer="Anna", acts=acts
                    ),
                    context,
                )
        context.workspace.database.dispose()


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    """With pictures where the page puts them and its manuals beside them."""
    monkeypatch.chdir(tmp_path)
    for name in ("good", "today"):
        Path("photos", name).mkdir(parents=True)
    for seed in range(24):
        plate(seed).save(f"photos/good/{seed}.png")
    for seed in range(100, 106):
        plate(seed).save(f"photos/today/fine-{seed}.png")
        plate(seed + 100, hole=True).save(f"photos/today/holed-{seed}.png")
    for name, text in zip(("manual.md", "manual-b.md"), manuals(), strict=True):
        Path(name).write_text(text)
    return Person()


@pytest.mark.slow
def test_its_commands_lead_to_a_decided_part(
    person: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("secondlook_workflows.serve.serve", person.reviews)
    for command in commands():
        person.copies(command)
    said = person.said
    assert "challenger" in said[LEARNING]
    assert "4 clauses read" in said["manual check manual.md"]
    shown = said["products show cover-plate"]
    assert "0.1" in shown and "A (manual.md)" in shown
    [foreseen] = [said[x] for x in said if "--dry-run" in x]
    [revised] = [said[x] for x in said if x.startswith("products revise") and "--dry" not in x]
    assert "scrap -> hold: 1" in foreseen
    assert foreseen.splitlines()[-1] == revised.splitlines()[-1]
    assert Path("corrections.txt").read_text().count("\n# line ") == 4
    Path("corrections.txt").write_text(corrections())
    checked = person.calls("manual", "check", "manual.md", "--corrections", "corrections.txt")
    assert checked.exit_code == 0, checked.output
    assert "≤ 4 mm" in checked.output and "cracks" not in checked.output
    assert "all is well" in said["db verify-audit"]
    cases = json.loads((tmp_path / "parts.json").read_text())
    assert len(cases) == 12 and (tmp_path / "parts.csv").stat().st_size


def test_it_shows_every_kind_of_step() -> None:
    verbs = {x.split()[0] for x in commands()}
    assert verbs >= {
        "manual", "products", "learn", "run", "worklist", "ui", "decide", "export", "db",
    }  # fmt: skip


def test_a_command_that_fails_would_be_noticed(person: Person) -> None:
    with pytest.raises(AssertionError, match="products show nosuch"):
        person.copies("products show nosuch")


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda x: x.name)
def test_every_link_and_picture_of_a_page_exists(page: Path) -> None:
    prose = FENCE.sub("", page.read_text())
    targets = re.findall(r"\]\(([^)\s]+)[^)]*\)", prose)
    files = [x.partition("#")[0] for x in targets if not re.match(r"[a-z]+:|#", x)]
    assert [x for x in files if not (page.parent / x).exists()] == []
