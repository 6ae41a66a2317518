"""The demo: a described product, holes that a clause of its manual decides, the way on."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from secondlook import Assessment, Ruling
from secondlook.store.worklist import WorklistFilter
from secondlook.workspace import default_home, init_workspace
from secondlook_workflows import demo
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Silent, open_context
from secondlook_workflows.demo import plates

HOLED, SCRATCHED = "plate-104.png", "plate-102.png"


def one_note(folder: Path) -> Path:
    """A case of the other domain, without a picture."""
    path = folder / "notes.csv"
    path.write_text("case,note\nexam,No complaints.\n")
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[], demo.DemoReport]:
    """The demo from a few plates, without the minute of learning and the scans."""
    monkeypatch.setattr(plates, "GOODS", 16)
    monkeypatch.setattr(plates, "PARTS", 4)
    monkeypatch.setattr(demo, "write_scans", one_note)
    monkeypatch.setattr(demo, "MINUTES", 0.0)
    init_workspace(default_home()).database.dispose()
    return lambda: demo.run(Silent())


def looks(report: demo.DemoReport) -> dict[str, Assessment]:
    """The standing first looks by title."""
    context = open_context()
    with context.workspace.database.read() as unit:
        found = {x.title: unit.assessments.latest(x.id) for x in report.page.rows}
    context.workspace.database.dispose()
    return {title: look for title, look in found.items() if look is not None}


def deciding(look: Assessment) -> Ruling:
    """The clause that decides."""
    [ruling] = [x for f in look.findings for x in f.evidence if isinstance(x, Ruling) and x.decides]
    return ruling


def called(words: str) -> str:
    """What a command of the application prints."""
    done = CliRunner().invoke(build(), shlex.split(words)[1:])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_hole_is_measured_and_scrapped_by_a_clause_and_the_next_steps_work(
    run: Callable[[], demo.DemoReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = run()
    found = looks(first)
    ruling = deciding(found[HOLED])
    assert found[HOLED].disposition == "scrap"
    assert (ruling.number, ruling.record_name, ruling.line) == ("2.7", "manual.md", 27)
    assert ruling.measured.startswith("width 1.7") and " mm (±" in ruling.measured
    assert found[SCRATCHED].disposition == "hold"
    assert deciding(found[SCRATCHED]).note == "only if it is a crack", "a person tells"
    told = {x.split()[1]: called(x) for x in first.next_steps}
    assert "10 clauses read" in told["manual"]
    assert HOLED in told["show"]
    assert "scrap -> hold: 1" in told["products"]
    assert (tmp_path / "cases.csv").stat().st_size

    assert called(first.next_steps[2].removesuffix(" --dry-run"))
    again = run()
    assert [x.id for x in again.page.rows] == [x.id for x in first.page.rows]
    assert looks(again)[HOLED].disposition == "hold", "the revision stands"
    assert [x.split()[1] for x in again.next_steps] == ["manual", "products", "export"]


def test_a_workspace_of_an_earlier_demo_gets_the_product_too(
    run: Callable[[], demo.DemoReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(demo, "_describe_once", lambda *_: None)
        assert looks(run())[HOLED].disposition == "hold"
    assert looks(run())[HOLED].disposition == "scrap"
    context = open_context()
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter(product=demo.PRODUCT)).rows
        assert len({x.id for x in rows}) == len(rows) == plates.PARTS
    context.workspace.database.dispose()
