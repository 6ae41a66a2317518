"""Products from the command line's side: described, revised, and their open cases judged again."""

import csv
import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lathe
from lathe import Lathe
from plates import plate
from plugin_files import write_distribution
from secondlook import Assessment, Case, CaseStatus, Measurement, Provenance
from secondlook.engine import inputs_digest
from secondlook.errors import IntakeError, NotFound, UsageError
from secondlook.store.worklist import WorklistFilter
from secondlook_workflows import assess, decide, describe, export, ingest, rejudge
from secondlook_workflows.context import Context
from secondlook_workflows.describe import parse_zone
from secondlook_workflows.rejudged import Change
from secondlook_workflows.rejudger import Rejudger
from store_values import BACKBONE, NOON, new_case

LOOSE, STRICT = "limit 50", "limit 20"


@pytest.fixture
def shop(context: Context) -> Context:
    """A workspace that has a lathe."""
    context.plugins.domains["lathe"] = Lathe()
    return context


@pytest.fixture
def manuals(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """A loose manual and a strict one."""
    found = {}
    for name in (LOOSE, STRICT):
        found[name] = tmp_path / f"{name}.txt"
        found[name].write_text(f"A scratch may be long, {name} in all.")
    yield found


def turn(context: Context, *lengths: int, measured: bool = True) -> list[str]:
    """Shafts with a scratch of so many pixels, each with a first look; their ids."""
    cases = []
    for length in lengths:
        with context.workspace.database.write() as unit:
            title = f"shaft {length}"
            new = new_case(title, domain="lathe", product="shaft", title=title)
            case = unit.cases.get(unit.cases.add(new, actor="tests").id)
            unit.assessments.add(first_look(case, length, measured), actor="tests")
            unit.commit()
        cases.append(case.id)
    return cases


def first_look(case: Case, length: int, measured: bool) -> Assessment:
    """What a model might have seen."""
    evidence = (Measurement(name="length", value=length, unit="px"),) if measured else ()
    made_by = Provenance(
        code_version="1", inputs=inputs_digest(case, {}), backbones=(BACKBONE,), spec=case.spec
    )
    return Assessment(
        id=f"{length:032}",
        case_id=case.id,
        created_at=NOON,
        provenance=made_by,
        evidence=evidence,
        disposition="accept",
    )


def recommended(context: Context) -> dict[str, str | None]:
    """What is recommended for each shaft, by title."""
    with context.workspace.database.read() as unit:
        statuses = frozenset(CaseStatus)
        page = unit.worklist.page(WorklistFilter(domain="lathe", statuses=statuses), limit=900)
    return {x.title: x.recommended for x in page.rows}


def status(context: Context, case_id: str) -> CaseStatus:
    """Where a case stands."""
    with context.workspace.database.read() as unit:
        return unit.cases.get(case_id).status


def looks(context: Context, case_id: str) -> tuple[Assessment, ...]:
    """All assessments of a case."""
    with context.workspace.database.read() as unit:
        return unit.assessments.history(case_id)


def sound(context: Context) -> bool:
    """Whether the audit trail verifies."""
    with context.workspace.database.read() as unit:
        return unit.audit.verify().problems == ()


def state(context: Context) -> tuple[int, list[tuple[str, int, str]]]:
    """How many rows there are, and where every audit chain ends."""
    with context.workspace.database.read() as unit:
        return context.workspace.database.rows(), list(unit.audit.heads())


def add(context: Context, manual: Path | None = None, **values: Any) -> describe.Described:
    """Describe the shaft."""
    return describe.add("lathe", "shaft", context, manual=manual, **values)


def revise(context: Context, manual: Path, **values: Any) -> describe.Described:
    """Revise its manual."""
    return describe.revise("lathe", "shaft", manual, context, **values)


def test_a_revision_judges_open_cases_again_and_no_decided_one(
    shop: Context, manuals: dict[str, Path]
) -> None:
    add(shop, manuals[LOOSE], revision="A")
    small, large, decided = turn(shop, 10, 40, 41)
    config = decide.DecideConfig(case=decided, disposition="accept", reviewer="ann")
    decide.run(config, shop)
    done = revise(shop, manuals[STRICT], revision="B")
    assert (done.changed, done.product.spec.revision) == (True, "B")
    assert (done.cases.rejudged, done.cases.changed) == (2, 1)
    assert done.cases.changes == [Change(before="accept", after="scrap", cases=1)]
    assert recommended(shop) == {"shaft 10": "accept", "shaft 40": "scrap", "shaft 41": "accept"}
    assert [len(looks(shop, x)) for x in (small, large, decided)] == [2, 2, 1]
    before, after = looks(shop, large)
    assert after.provenance.backbones == before.provenance.backbones == (BACKBONE,)
    with shop.workspace.database.read() as unit:
        case, stays = unit.cases.get(large), unit.cases.get(decided)
        event = unit.audit.events(large)[-1]
    assert after.provenance.inputs == inputs_digest(case, {})
    assert (event.action, event.body["rejudged"]) == ("case.assessed", before.id)
    assert [x.spec.revision for x in (case, stays) if x.spec] == ["B", "A"]
    assert [x.name for x in stays.records] == ["limit 50.txt"]
    assert sound(shop)


def test_the_same_manual_again_is_no_revision_and_says_so(
    shop: Context, manuals: dict[str, Path]
) -> None:
    add(shop, manuals[LOOSE])
    turn(shop, 40)
    first = revise(shop, manuals[STRICT])
    again = revise(shop, manuals[STRICT])
    assert (first.changed, again.changed) == (True, False)
    assert again.product == first.product
    assert (again.cases.rejudged, again.cases.up_to_date) == (0, 1)


def test_a_manual_that_comes_back_brings_back_what_was_said(
    shop: Context, manuals: dict[str, Path]
) -> None:
    add(shop, manuals[LOOSE], revision="A")
    (case,) = turn(shop, 40)
    revise(shop, manuals[STRICT], revision="B")
    done = revise(shop, manuals[LOOSE])
    assert done.product.spec.revision == "A"
    assert done.cases.changes == [Change(before="scrap", after="accept", cases=1)]
    assert recommended(shop) == {"shaft 40": "accept"}
    assert [x.id for x in looks(shop, case)][-1] == f"{40:032}"  # the first look stands again
    assert sound(shop)


def test_a_pitch_or_zones_judge_open_cases_again(shop: Context, manuals: dict[str, Path]) -> None:
    add(shop, manuals[STRICT])
    turn(shop, 40)
    zone = parse_zone("rim=0,0,100,12.5")
    done = describe.change("lathe", "shaft", shop, zones=(zone,))
    assert done.cases.changes == [Change(before="accept", after="scrap", cases=1)]
    done = describe.change("lathe", "shaft", shop, pitch_mm=0.1)
    assert done.cases.changes == [Change(before="scrap", after="accept", cases=1)]
    assert (done.product.spec.zones, done.product.spec.pitch_mm) == ((zone,), 0.1)
    same = describe.change("lathe", "shaft", shop, pitch_mm=0.1)
    assert (same.changed, same.cases.up_to_date) == (False, 1)
    with pytest.raises(UsageError, match="nothing to change"):
        describe.change("lathe", "shaft", shop)


def test_cases_that_were_there_first_follow_the_first_description(
    shop: Context, manuals: dict[str, Path]
) -> None:
    turn(shop, 40)
    assert add(shop, manuals[STRICT]).cases.changed == 1
    with pytest.raises(UsageError, match="products revise"):
        add(shop, manuals[STRICT])


def test_a_dry_run_tells_what_would_change_and_writes_nothing(
    shop: Context, manuals: dict[str, Path]
) -> None:
    add(shop, manuals[LOOSE])
    turn(shop, 10, 40, 45)
    (unseen,) = turn(shop, 12, measured=False)
    (breaks,) = turn(shop, 13)
    before = state(shop)
    blobs = sorted(shop.workspace.home.rglob("*"))
    foreseen = describe.foresee("lathe", "shaft", manuals[STRICT], shop)
    assert state(shop) == before
    assert [x for x in sorted(shop.workspace.home.rglob("*")) if x not in blobs] == []
    assert (foreseen.changed, foreseen.product.spec.revision) == (True, "2")
    assert foreseen.cases.dry_run
    done = revise(shop, manuals[STRICT])
    assert replace(foreseen.cases, dry_run=False) == done.cases
    assert done.cases.changes == [Change(before="accept", after="scrap", cases=2)]
    assert (done.cases.rejudged, done.cases.waiting) == (3, 1)
    assert done.cases.failed == {breaks: "ZeroDivisionError"}
    assert status(shop, unseen) is CaseStatus.NEW
    same = describe.foresee("lathe", "shaft", manuals[STRICT], shop)
    assert (same.changed, same.cases.rejudged, same.cases.up_to_date) == (False, 0, 3)


def test_a_new_look_after_judging_again_is_kept(
    shop: Context, manuals: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shop, manuals[LOOSE])
    (case,) = turn(shop, 40)
    revise(shop, manuals[STRICT])
    plain = Lathe.assess
    closer = lambda self, case, outputs: replace(plain(self, case, outputs), score=7.0)
    monkeypatch.setattr(Lathe, "assess", closer)
    assert assess.run(assess.AssessConfig(cases=(case,)), shop).assessed == 1
    assert [x.score for x in looks(shop, case)] == [0.0, 1.0, 7.0]
    assert assess.run(assess.AssessConfig(cases=(case,)), shop).assessed == 1
    assert len(looks(shop, case)) == 3
    assert sound(shop)


def test_nobody_decides_on_an_outdated_look_unawares(
    shop: Context, manuals: dict[str, Path], tmp_path: Path
) -> None:
    add(shop, manuals[LOOSE], revision="A")
    (case,) = turn(shop, 40, measured=False)
    revise(shop, manuals[STRICT], revision="B")
    told = "made under revision A of the manual; not judged again yet"
    config = decide.DecideConfig(case=case, disposition="accept", reviewer="ann")
    with pytest.raises(decide.Outdated, match="under revision A .*--anyway"):
        decide.run(config, shop)
    assert status(shop, case) is CaseStatus.NEW
    (row,) = table(shop, tmp_path / "before.csv")
    assert (row["recommended"], row["manual_revision"], row["case_revision"], row["outdated"]) == (
        "accept", "A", "B", told,
    )  # fmt: skip
    decide.run(replace(config, anyway=True), shop)
    (row,) = table(shop, tmp_path / "after.csv")
    assert "decided under a later description (revision B)" in row["outdated"]
    assess.run(assess.AssessConfig(cases=(case,)), shop)
    (row,) = table(shop, tmp_path / "later.csv")
    assert (row["recommended"], row["later_recommended"]) == ("accept", "scrap")
    (named,) = table(shop, tmp_path / "named.csv", cases=(case,))
    assert named == row
    assert sound(shop)


def table(context: Context, out: Path, **choice: Any) -> list[dict[str, str]]:
    """The shafts as they are exported."""
    export.run(export.ExportConfig(domain="lathe", format="csv", out=out, **choice), context)
    return list(csv.DictReader(io.StringIO(out.read_text())))


def test_a_failure_that_comes_late_leaves_what_others_judged(
    shop: Context, manuals: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shop, manuals[LOOSE])
    (case,) = turn(shop, 40)
    plain = Lathe.rejudge

    def breaks(self: Lathe, case: Case, assessment: Assessment) -> Any:
        monkeypatch.setattr(Lathe, "rejudge", plain)
        rejudge.run(rejudge.RejudgeConfig(domain="lathe"), shop)  # another process
        raise ZeroDivisionError

    monkeypatch.setattr(Lathe, "rejudge", breaks)
    done = revise(shop, manuals[STRICT])
    assert (done.cases.failed, done.cases.up_to_date) == ({}, 1)
    assert (status(shop, case), recommended(shop)) == (CaseStatus.ASSESSED, {"shaft 40": "scrap"})


def test_a_first_look_that_does_not_tell_enough_is_taken_again(
    shop: Context, manuals: dict[str, Path]
) -> None:
    add(shop, manuals[LOOSE])
    (case,) = turn(shop, 40, measured=False)
    done = revise(shop, manuals[STRICT])
    assert (done.cases.waiting, done.cases.rejudged) == (1, 0)
    assert status(shop, case) is CaseStatus.NEW
    assert len(looks(shop, case)) == 1  # and it stands until then
    assert rejudge.run(rejudge.RejudgeConfig(), shop).waiting == 0
    assert assess.run(assess.AssessConfig(domain="lathe"), shop).assessed == 1
    assert recommended(shop) == {"shaft 40": "scrap"}
    assert sound(shop)


def test_a_case_that_breaks_the_domain_fails_and_the_next_one_follows(
    shop: Context, manuals: dict[str, Path]
) -> None:
    add(shop, manuals[LOOSE])
    breaks, _ = turn(shop, 13, 40)
    done = revise(shop, manuals[STRICT])
    assert (done.cases.failed, done.cases.rejudged) == ({breaks: "ZeroDivisionError"}, 1)
    assert status(shop, breaks) is CaseStatus.FAILED
    assert assess.waiting(assess.AssessConfig(domain="lathe"), shop) == [breaks]


class _Impatient:
    """Presses Ctrl-C after some cases."""

    def __init__(self, after: int) -> None:
        self._left = after

    def start(self, title: str, total: int | None) -> None:
        assert total == 5

    def advance(self, steps: int = 1) -> None:
        self._left -= steps
        if not self._left:
            raise KeyboardInterrupt


def test_ctrl_c_and_again_goes_on(shop: Context, manuals: dict[str, Path]) -> None:
    add(shop, manuals[LOOSE])
    turn(shop, 1, 2, 30, 40, 50)
    calm, shop.progress = shop.progress, _Impatient(2)
    stopped = revise(shop, manuals[STRICT])
    assert (stopped.cases.interrupted, stopped.cases.rejudged) == (True, 2)
    shop.progress = calm
    again = revise(shop, manuals[STRICT])
    assert (again.cases.interrupted, again.cases.rejudged, again.cases.up_to_date) == (False, 3, 2)
    assert list(recommended(shop).values()).count("scrap") == 3


KILLED = """
import os, signal, sys
sys.modules |= {"torch": None, "transformers": None}
from secondlook_workflows import rejudger
from secondlook_workflows.cli import main

left, store = int(os.environ["STORES"]), rejudger.Rejudger._store
def counted(*given):
    global left
    done, left = store(*given), left - 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
rejudger.Rejudger._store = counted
main()
"""


def test_a_kill_in_the_middle_and_again_without_torch(
    shop: Context, manuals: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shop, manuals[LOOSE])
    turn(shop, 1, 2, 30, 40, 50)
    text = Path(lathe.__file__).read_text()
    installed = write_distribution(tmp_path / "installed", "lathe", text)
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    words = ["products", "revise", "shaft", "--domain", "lathe", "--manual", manuals[STRICT]]
    command = [sys.executable, "-c", KILLED, *map(str, words)]
    for stores, returned in ((2, -9), (99, 0)):
        monkeypatch.setenv("STORES", str(stores))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == returned, done.stderr
    assert "3 open cases were judged again" in done.stderr
    assert "2 were up to date" in done.stderr
    assert list(recommended(shop).values()).count("scrap") == 3
    assert sound(shop)


def test_a_case_that_changes_meanwhile_is_read_again(
    shop: Context, manuals: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shop, manuals[LOOSE])
    (case,) = turn(shop, 40)
    meanwhile(lambda: describe.change("lathe", "shaft", shop, pitch_mm=0.1), monkeypatch)
    done = revise(shop, manuals[STRICT])
    assert (done.cases.rejudged, done.cases.up_to_date) == (0, 1)  # the other one was first
    assert recommended(shop) == {"shaft 40": "accept"}  # 4 mm
    assert len(looks(shop, case)) == 2


def test_a_case_that_is_decided_meanwhile_is_left(
    shop: Context, manuals: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shop, manuals[LOOSE])
    (case,) = turn(shop, 40)
    config = decide.DecideConfig(case=case, disposition="accept", reviewer="ann", anyway=True)
    meanwhile(lambda: decide.run(config, shop), monkeypatch)
    done = revise(shop, manuals[STRICT])
    assert (done.cases.rejudged, done.cases.left) == (0, {case: "it is decided"})
    assert len(looks(shop, case)) == 1


def meanwhile(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something the first time that a case is judged again, before that is stored."""
    plain = Lathe.rejudge

    def then(self: Lathe, case: Case, assessment: Assessment) -> Any:
        monkeypatch.setattr(Lathe, "rejudge", plain)
        act()
        return plain(self, case, assessment)

    monkeypatch.setattr(Lathe, "rejudge", then)


def test_a_case_whose_manual_changes_during_the_look_waits_for_another(
    shop: Context, manuals: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shop, manuals[LOOSE])
    with shop.workspace.database.write() as unit:
        new = new_case("shaft 40", domain="lathe", product="shaft", title="shaft 40")
        case = unit.cases.add(new, actor="tests").id
        unit.commit()
    plain = Lathe.recommend

    def slowly(self: Lathe, case: Case, verdict: Any) -> str | None:
        monkeypatch.setattr(Lathe, "recommend", plain)
        revise(shop, manuals[STRICT])
        return plain(self, case, verdict)

    monkeypatch.setattr(Lathe, "recommend", slowly)
    assess.run(assess.AssessConfig(domain="lathe"), shop)
    assert status(shop, case) is CaseStatus.NEW
    assess.run(assess.AssessConfig(domain="lathe"), shop)
    assert (status(shop, case), recommended(shop)["shaft 40"]) == (CaseStatus.ASSESSED, "scrap")


def test_a_domain_that_is_not_loaded_leaves_its_cases(
    shop: Context, manuals: dict[str, Path]
) -> None:
    add(shop, manuals[LOOSE])
    (case,) = turn(shop, 40)
    with shop.workspace.database.write() as unit:
        unit.products.change("lathe", "shaft", pitch_mm=2, actor="ann")
        unit.commit()
    del shop.plugins.domains["lathe"]
    report = Rejudger(shop).all([[case]])
    assert list(report.skipped) == ["lathe"]
    assert status(shop, case) is CaseStatus.ASSESSED


def test_rejudge_of_some_cases_says_what_it_leaves(shop: Context, manuals: dict[str, Path]) -> None:
    add(shop, manuals[STRICT])
    judged, decided = turn(shop, 40, 45)
    with shop.workspace.database.write() as unit:
        unit.decisions.add(decided, reviewer="ann", disposition="accept")
        waits = unit.cases.add(new_case("x", domain="lathe"), actor="tests").id
        unit.products.change("lathe", "shaft", pitch_mm=2, actor="ann")
        unit.commit()
    config = rejudge.RejudgeConfig(cases=(judged[:12], decided, waits))
    report = rejudge.run(config, shop)
    assert report.rejudged == 1
    assert report.left[decided] == "it is decided"
    assert "first look" in report.left[waits]
    for wrong, what in (
        (rejudge.RejudgeConfig(product="shfat"), "'shfat'; there is: shaft, tile"),
        (rejudge.RejudgeConfig(domain="astrology"), "'astrology'"),
        (rejudge.RejudgeConfig(cases=(judged,), domain="lathe"), "either"),
        (rejudge.RejudgeConfig(cases=("zz",)), "worklist"),
    ):
        with pytest.raises((UsageError, NotFound), match=what):
            rejudge.run(wrong, shop)


def blank_pdf(path: Path) -> Path:
    """A PDF with a page and no text, as a scanner makes it."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.write(path)
    return path


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("empty.pdf", "0 bytes; copy it again"),
        ("scan.pdf", "scanned pages need OCR first"),
        ("blank.txt", "holds no text"),
        ("part.png", "image/png and cannot be a manual: give a PDF"),
        ("nowhere.pdf", "There is no such file"),
        ("noise.bin", "cannot be used"),
        (".", "only files are read"),
    ],
)
def test_what_cannot_be_a_manual_changes_nothing(
    shop: Context, manuals: dict[str, Path], tmp_path: Path, name: str, what: str
) -> None:
    (tmp_path / "empty.pdf").touch()
    blank_pdf(tmp_path / "scan.pdf")
    (tmp_path / "blank.txt").write_text(" \n")
    plate(1).save(tmp_path / "part.png")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 9)
    add(shop, manuals[LOOSE])
    before = state(shop)
    for verb in (describe.revise, describe.foresee):
        with pytest.raises(IntakeError, match=what):
            verb("lathe", "shaft", tmp_path / name, shop)
    with pytest.raises(IntakeError, match=what):
        describe.add("lathe", "another", shop, manual=tmp_path / name)
    assert state(shop) == before


@pytest.mark.parametrize(
    "text", ["rim", "rim=", "rim=1,2,3", "rim=1,2,3,4,5", "rim=a,b,c,d", "=0,0,10,10", "0,0,10,10"]
)
def test_a_zone_that_cannot_be_read_shows_the_form(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=LEFT,TOP,WIDTH,HEIGHT"):
        parse_zone(text)


def test_ingest_links_the_manual_beside_the_records_of_its_own(
    shop: Context, manuals: dict[str, Path], tmp_path: Path
) -> None:
    add(shop, manuals[LOOSE], revision="A")
    revise(shop, manuals[STRICT], revision="B")
    (tmp_path / "parts").mkdir()
    plate(1).save(tmp_path / "parts" / "shaft 40.png")
    (tmp_path / "note.txt").write_text("Seen at noon.")
    config = ingest.IngestConfig(
        domain="lathe",
        sources=(tmp_path / "parts",),
        records=(tmp_path / "note.txt", manuals[LOOSE]),
        product="shaft",
    )
    report = ingest.run(config, shop)
    (note,) = report.notes
    assert "limit 50.txt is revision A" in note
    assert "revision B" in note
    with shop.workspace.database.read() as unit:
        (case,) = unit.cases.load(report.cases)
    assert [x.name for x in case.records] == ["note.txt", "limit 20.txt"]
    again = ingest.run(config, shop)
    assert (again.added, again.changed) == (0, 0)
