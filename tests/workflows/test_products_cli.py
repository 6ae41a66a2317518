"""The commands about products as a user types them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from defect_inspector.domain import DefectInspector
from plates import MANUAL
from secondlook import Assessment, Case, Verdict
from secondlook.workspace import default_home
from secondlook_workflows.cli.app import build

CLI = build()
INSPECTOR = "defect-inspector"


def run(*words: str, status: int = 0) -> Result:
    """Run a command and check its exit status."""
    outcome = CliRunner().invoke(CLI, list(words))
    assert outcome.exit_code == status, outcome.output
    return outcome


def run_json(*words: str, status: int = 0) -> Any:
    """Run a command with --json; what stands on standard output must be one document."""
    return json.loads(run(*words, "--json", status=status).stdout)


@pytest.fixture(autouse=True)
def begun(empty_home: Path) -> None:
    """There is an empty workspace: a copy is quicker than what each command would make itself."""
    shutil.copytree(empty_home, default_home())


@pytest.fixture
def manual(tmp_path: Path) -> str:
    """A manual."""
    (tmp_path / "first.md").write_text(MANUAL)
    return str(tmp_path / "first.md")


@pytest.fixture
def revised(tmp_path: Path) -> str:
    """Another revision of it."""
    (tmp_path / "second.md").write_text(MANUAL + "\n4.1 Cracks are never accepted.\n")
    return str(tmp_path / "second.md")


def test_a_product_from_its_description_to_a_revision(
    manual: str, revised: str, parts: Path
) -> None:
    zones = ("--zone", "rim=0,0,100,12.5", "--zone", "centre=25,25,50,50")
    added = run_json("products", "add", "plate", "--pitch", "0.05", *zones, "--manual", manual)
    spec = added["product"]["spec"]
    assert (spec["pitch_mm"], spec["revision"], added["changed"]) == (0.05, "1", True)
    assert [x["name"] for x in spec["zones"]] == ["rim", "centre"]
    assert spec["zones"][0]["height"] == 0.125
    ingested = run_json("ingest", INSPECTOR, str(parts), "--product", "plate")
    case = run_json("show", ingested["cases"][0])["case"]
    assert [x["name"] for x in case["records"]] == ["first.md"]
    assert case["spec"] == spec
    foreseen = run_json("products", "revise", "plate", "--manual", revised, "--dry-run")
    assert (foreseen["changed"], foreseen["cases"]["dry_run"]) == (True, True)
    assert run_json("products", "show", "plate")["spec"]["revision"] == "1"
    words = ("products", "revise", "plate", "--manual", revised, "--revision", "2026-04")
    assert run_json(*words)["product"]["spec"]["revision"] == "2026-04"
    assert run_json(*words)["changed"] is False
    case = run_json("show", ingested["cases"][0])["case"]
    assert [x["name"] for x in case["records"]] == ["second.md"]
    shown = run_json("products", "show", "plate")
    assert (shown["open"], shown["decided"], len(shown["history"])) == (2, 0, 2)
    changed = run_json("products", "set", "plate", "--pitch", "0.1", "--no-zones")
    assert changed["product"]["spec"] | {"manual": ""} == {
        "pitch_mm": 0.1,
        "zones": [],
        "revision": "2026-04",
        "manual": "",
    }
    forgotten = run_json("products", "set", "plate", "--no-pitch")
    assert forgotten["product"]["spec"]["pitch_mm"] is None
    assert [x["name"] for x in run_json("products", "list")] == ["plate"]
    assert run_json("products", "list", "--domain", "radiology-assistant") == []
    assert run_json("db", "verify-audit")["problems"] == []


def test_people_read_the_same(manual: str, revised: str) -> None:
    run("init")
    assert "products add NAME" in run("products", "list").stderr
    added = run("products", "add", "plate", "--pitch", "0.05", "--manual", manual)
    assert "plate is now: manual 1 (first.md), 0.05 mm per pixel, no zones" in added.stderr
    assert "no zones" in added.stderr
    revise = ("products", "revise", "plate", "--manual")
    assert "would be: manual 2" in run(*revise, revised, "--dry-run").stderr
    assert "nothing new: plate is manual 1" in run(*revise, manual).stderr
    run("products", "set", "plate", "--zone", "rim=0,0,100,12.5")
    assert "first.md" in run("products", "list").stdout
    shown = run("products", "show", "plate")
    assert "zone rim=0,0,100,12.5" in shown.stderr
    assert shown.stdout.count("first.md") == 3


def test_who_described_it_is_in_the_history(manual: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    run("products", "add", "plate", "--manual", manual)
    assert run_json("products", "show", "plate")["history"][0]["by"] == "ada"


@pytest.mark.parametrize(
    ("words", "status", "part"),
    [
        (("add", "../x"), 2, "cannot name a product"),
        (("add", "plate"), 2, "described already"),
        (("add", "b", "--pitch", "0"), 2, "how many millimetres"),
        (("add", "b", "--pitch", "5000"), 2, "how many millimetres"),
        (("add", "b", "--zone", "rim"), 2, "NAME=LEFT,TOP,WIDTH,HEIGHT"),
        (("add", "b", "--zone", "rim=50,0,60,10"), 2, "outside the picture"),
        (("add", "b", "--zone", "r=0,0,1,1", "--zone", "R=2,2,1,1"), 2, "two zones are called"),
        (("add", "b", "--revision", "B"), 2, "--manual"),
        (("add", "b", "--manual", "nowhere.pdf"), 1, "There is no such file"),
        (("add", "b", "--domain", "astrology"), 2, "there is: defect-inspector"),
        (("revise", "plaet", "--manual", "{}"), 2, "there is: plate"),
        (("revise", "plate", "--manual", "{}", "--revision", "A"), 2, "another manual already"),
        (("revise", "plate"), 2, "--manual"),
        (("set", "plaet", "--pitch", "1"), 2, "there is: plate"),
        (("set", "plate"), 2, "nothing to change"),
        (("set", "plate", "--zone", "r=0,0,1,1", "--no-zones"), 2, "either"),
        (("set", "plate", "--pitch", "1", "--no-pitch"), 2, "either"),
        (("show", "plaet"), 2, "there is: plate"),
        (("list", "--domain", "astrology"), 2, "there is: defect-inspector"),
    ],
)
def test_wrong_words_say_what_would_be_right(
    manual: str, revised: str, words: tuple[str, ...], status: int, part: str
) -> None:
    run("products", "add", "plate", "--manual", manual, "--revision", "A")
    given = [x.format(revised) for x in words]
    assert part in " ".join(run("products", *given, status=status).stderr.split())


def test_a_revision_says_how_many_change_from_what_to_what(
    manual: str, revised: str, parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judged(self: DefectInspector, case: Case, assessment: Assessment) -> Verdict | None:
        return Verdict() if "fine" in case.title else None

    monkeypatch.setattr(DefectInspector, "rejudge", judged)
    run("products", "add", "plate", "--manual", manual)
    run("run", INSPECTOR, str(parts), "--product", "plate")
    revise = ("products", "revise", "plate", "--manual", revised)
    assert "no recommendation -> accept: 1" in run(*revise, "--dry-run").stderr
    said = run(*revise).stderr
    assert "1 open cases were judged again; 0 of them stay as they were" in said
    assert "no recommendation -> accept: 1" in said
    assert "1 now wait for a new look" in said
    done = run_json("rejudge", "--product", "plate")
    assert (done["up_to_date"], done["waiting"], done["rejudged"]) == (1, 0, 0)
    words = ("rejudge", "--product", "plaet")
    assert "there is: plate" in run(*words, status=2).stderr
    assert run_json("db", "verify-audit")["problems"] == []


def test_a_case_that_fails_gives_status_three(
    manual: str, revised: str, parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: DefectInspector, case: Case, assessment: Assessment) -> Verdict | None:
        raise ZeroDivisionError

    monkeypatch.setattr(DefectInspector, "rejudge", breaks)
    run("products", "add", "plate", "--manual", manual)
    run("run", INSPECTOR, str(parts), "--product", "plate")
    done = run_json("products", "revise", "plate", "--manual", revised, status=3)
    assert list(done["cases"]["failed"].values()) == ["ZeroDivisionError"] * 2


def test_a_manual_is_corrected_by_hand(manual: str, parts: Path, tmp_path: Path) -> None:
    draft = tmp_path / "mine.txt"
    run("manual", "draft", manual, str(draft))
    written = draft.read_text()
    assert all(x.startswith("#") or not x for x in written.splitlines())
    run("manual", "draft", manual, str(draft), status=2)
    run("manual", "check", manual, "--corrections", str(draft), status=2)
    (line,) = (x for x in written.splitlines() if x.startswith("# line") and "dark hole" in x)
    told = run_json("manual", "check", manual)["clauses"]
    before = [x for x in told if "hole" in " ".join(x["terms"])]
    draft.write_text(written + line.split(":")[0][2:] + ": Holes are accepted.\n")
    after = run_json("manual", "check", manual, "--corrections", str(draft))["clauses"]
    assert {x["disposition"] for x in before} != {"accept"}
    assert {x["disposition"] for x in after if "hole" in " ".join(x["terms"])} == {"accept"}
    run_json("products", "add", "plate", "--manual", manual)
    ingested = run_json("ingest", INSPECTOR, str(parts), "--product", "plate")
    foreseen = ("products", "revise", "plate", "--manual", manual, "--corrections", str(draft))
    assert run_json(*foreseen, "--dry-run")["changed"]
    assert run_json("products", "show", "plate")["spec"]["revision"] == "1"
    assert run_json(*foreseen)["product"]["spec"]["revision"] == "2"
    assert not run_json(*foreseen)["changed"]
    case = run_json("show", ingested["cases"][0])["case"]
    assert [x["name"] for x in case["records"]] == ["first.md (corrected)"]


def test_corrections_need_a_manual(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("line 1: no rule\n")
    told = run("products", "add", "plate", "--corrections", str(tmp_path / "mine.txt"), status=2)
    assert "give it with --manual" in told.output
