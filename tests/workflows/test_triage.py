"""Priorities, promotion and triage only, as commands and reports give them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from radiology_assistant.policy_settings import TriageSettings
from secondlook.assessments import Finding
from secondlook.cases import CaseStatus, Role
from secondlook.decisions import Act, FindingAct
from secondlook.errors import StoreError
from secondlook.evidence import AnomalyMap, LabelProbabilities, Region
from secondlook.store import clock
from secondlook.store.worklist import WorklistFilter
from secondlook.withholding import Withholding
from secondlook_workflows import export, intended_use, prioritise, promote, simulate, standing
from secondlook_workflows.cases import case_document
from secondlook_workflows.context import Context
from secondlook_workflows.prioritise import PrioritiseConfig
from secondlook_workflows.simulate import SimulateConfig
from store_values import assessment, behind_the_triggers, digest, new_case, picture

RADIOLOGY = "radiology-assistant"
SECRET = 0.8317


@pytest.fixture
def banded(context: Context) -> Context:
    """Exams wait in bands, as the radiology assistant sets them."""
    queue = TriageSettings().queue()
    context.plugins.domains[RADIOLOGY].queue = lambda: queue  # type: ignore[method-assign]
    return Context(context.workspace, context.plugins)


def add(context: Context, word: str, *, hours: float = 0.0, **changes: Any) -> str:
    """An exam that came some hours ago."""
    came = datetime.now(UTC) - timedelta(hours=hours)
    with pytest.MonkeyPatch.context() as then, context.workspace.database.write() as unit:
        then.setattr(clock, "now", lambda: came)
        case = unit.cases.add(new_case(word, domain=RADIOLOGY, **changes), actor="tests").id
        unit.commit()
    return case


def look(context: Context, case: str, *found: str, priority: int = 1, **changes: Any) -> None:
    """A first look with findings that have all there is to hide."""
    findings = tuple(_finding(x) for x in found)
    answers = LabelProbabilities(probabilities={"stroke": SECRET}, possible=(), coverage=0.9)
    values = {
        "findings": findings,
        "evidence": (answers,),
        "abstention": None,
        "flags": (),
        "disposition": "routine",
    }
    with context.workspace.database.write() as unit:
        made = assessment(case, priority=priority, score=SECRET, **(values | changes))
        unit.assessments.add(made, actor="tests")
        unit.commit()


def _finding(label: str) -> Finding:
    place = Region(attachment=digest("a"), left=1, top=2, width=3, height=4, score=SECRET)
    shown = AnomalyMap(attachment=digest("a"), blob=digest("map"), low=0.0, high=SECRET)
    return Finding(label=label, title=label.title(), probability=SECRET, evidence=(place, shown))


def lines(context: Context) -> list[standing.Line]:
    """The worklist of open exams."""
    promote.run(context, batches=1)
    with context.workspace.database.read() as unit:
        page = unit.worklist.page(WorklistFilter(domain=RADIOLOGY))
    return [standing.line(x, context) for x in page.rows]


def test_who_waited_too_long_is_listed_first_and_it_says_why(banded: Context) -> None:
    old, young = add(banded, "a", hours=4 + 1 / 6), add(banded, "b")
    look(banded, young, priority=2)
    first, second = lines(banded)
    assert (first.row.id, first.band, first.why) == (
        old,
        "Critical",
        "waited 4 h 10 min, promoted",
    )
    assert (second.row.id, second.band) == (young, "Urgent")


def test_promoting_is_done_once_however_often_it_is_asked(banded: Context) -> None:
    for word in "abc":
        add(banded, word, hours=5)
    assert [promote.run(banded), promote.run(banded)] == [3, 0]


def test_many_are_promoted_in_batches(banded: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.store.priorities.BATCH", 2)
    for number in range(5):
        add(banded, str(number), hours=5)
    assert promote.run(banded, batches=1) == 2
    assert promote.run(banded) == 3


def test_a_worker_promotes_and_fits_the_limits(banded: Context) -> None:
    """The program itself knows the bands only once the radiology assistant hands them out."""
    case = add(banded, "a", hours=5)
    promoter = promote.Promoter(banded, every=60)
    assert promoter.look() and promoter.look()
    banded.workspace.database.refit()
    (only,) = lines(banded)
    assert (only.row.id, only.band) == (case, "Critical")


def test_a_busy_database_puts_promotion_off(
    banded: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(_: Context, **_options: object) -> int:
        raise StoreError("busy")

    monkeypatch.setattr(promote, "run", busy)
    with caplog.at_level("DEBUG", logger="secondlook"):
        assert promote.Promoter(banded, every=60).look()
    assert "put off" in caplog.text


def test_a_person_moves_a_case_and_the_list_says_so(banded: Context) -> None:
    case = add(banded, "a")
    look(banded, case, priority=1)
    intended_use.acknowledge(RADIOLOGY, "ann", banded)
    config = PrioritiseConfig(case=case[:10], band="critical", reviewer="ann")
    prioritise.run(config, banded)
    (line,) = lines(banded)
    assert (line.band, line.why) == ("Critical", "raised by a person")
    lower = PrioritiseConfig(case=case, band="routine", reviewer="ann", reason="old film")
    prioritise.run(lower, banded)
    assert lines(banded)[0].why == "set by a person"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(-5, "0 min"), (7.9, "7 min"), (60, "1 h"), (250, "4 h 10 min"), (1440, "1 day")]
    + [(3 * 1440 + 250, "3 days 4 h")],
)
def test_spans_are_said_as_people_do(minutes: float, text: str) -> None:
    assert standing.span(timedelta(minutes=minutes)) == text


@pytest.fixture
def withheld(banded: Context) -> Context:
    """Triage only."""
    banded.plugins.domains[RADIOLOGY].triage_only = True
    return banded


def no_secret(text: str) -> None:
    """Nothing of the finding, its number, place or map is in it."""
    for secret in (str(SECRET), "0.83", "troke", "region", "anomaly_map", digest("map")):
        assert secret not in text, secret


def document(context: Context, case: str) -> str:
    """What `show --json` prints."""
    with context.workspace.database.read() as unit:
        return json.dumps(case_document(case, unit, context.withholding))


def test_triage_only_withholds_from_show(withheld: Context) -> None:
    case = add(withheld, "a")
    look(withheld, case, "stroke", priority=3, disposition="critical")
    text = document(withheld, case)
    no_secret(text)
    assert "A flag was raised" in text and '"disposition": "critical"' in text


def test_without_the_mode_it_is_all_there(banded: Context) -> None:
    """So that the tests beside this one can fail."""
    case = add(banded, "a")
    look(banded, case, "stroke", priority=3)
    for secret in (str(SECRET), "troke", "region", digest("map")):
        assert secret in document(banded, case)


def test_triage_only_withholds_from_the_list(withheld: Context) -> None:
    for word, found in (("a", ("stroke",)), ("b", ())):
        look(withheld, add(withheld, word), *found)
    shown = [standing.document(x) for x in lines(withheld)]
    no_secret(json.dumps(shown))
    assert [(x["headline"], x["score"]) for x in shown] == [("flagged", None), ("no flag", None)]
    assert {x["turn"] for x in shown} == {0.0}, "in a domain that orders by score it is the score"


@pytest.mark.parametrize("format", ["json", "csv", "csv-findings"])
def test_triage_only_withholds_from_exports(
    withheld: Context, format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    case = add(withheld, "a")
    look(withheld, case, "stroke")
    export.run(export.ExportConfig(domain=RADIOLOGY, format=format), withheld)
    text = capsys.readouterr().out
    assert case in text or format == "csv-findings"
    no_secret(text.replace("regions", ""))


def test_what_was_withheld_is_still_stored(withheld: Context) -> None:
    case = add(withheld, "a")
    look(withheld, case, "stroke")
    with withheld.workspace.database.read() as unit:
        stored = unit.assessments.latest(case)
    assert stored is not None and stored.findings[0].probability == SECRET


@pytest.mark.parametrize(("table", "applies"), [({"triage_only": True}, True), ({}, False)])
def test_a_plugin_that_is_missing_is_judged_by_its_settings(
    table: dict[str, Any], applies: bool
) -> None:
    assert Withholding({}, {RADIOLOGY: table}).applies(RADIOLOGY) is applies


def test_an_abstention_is_shown_with_its_reason(withheld: Context) -> None:
    from secondlook.assessments import Abstention

    case = add(withheld, "a")
    declined = Abstention(part="image", reason="threshold_expired", message="They have expired.")
    look(withheld, case, abstention=declined)
    text = document(withheld, case)
    assert "threshold_expired" in text and "No flag was raised" not in text
    assert lines(withheld)[0].row.headline is None


def test_the_history_of_the_site_is_simulated(banded: Context) -> None:
    start = datetime.now(UTC) - timedelta(days=3)
    for number in range(60):
        case = add(banded, str(number), hours=72 - number)
        sick, seen = number % 4 == 0, number % 5 != 0
        look(banded, case, *(["stroke"] if sick and seen else []), inputs=f"i{number}")
        decided = start + timedelta(days=2, minutes=6 * number)
        with pytest.MonkeyPatch.context() as then, banded.workspace.database.write() as unit:
            then.setattr(clock, "now", lambda at=decided: at)
            act = FindingAct(label="stroke", act=Act.AGREE if seen else Act.ADD)
            standing_look = unit.assessments.latest(case)
            assert standing_look is not None
            unit.decisions.add(
                case,
                reviewer="ann",
                disposition="critical" if sick else "routine",
                acts=(act,) if sick else (),
                assessment_id=standing_look.id,
            )
            unit.commit()
    config = SimulateConfig(domain=RADIOLOGY, days=3, runs=2)
    report = simulate.run(config, banded)
    rates = report.site.rates["stroke"]
    assert (rates.prevalence, rates.sensitivity, rates.specificity) == (0.25, 0.8, 1.0)
    assert report.site.minutes == pytest.approx(6)
    assert report.site.per_hour == pytest.approx(60 / 59, rel=0.05)
    assert any("too few decided cases" in x for x in report.notes)


def invoke(*words: str) -> Any:
    """The command line in this process."""
    from secondlook_workflows.cli.app import build

    return CliRunner().invoke(build(), list(words))


def test_the_commands_say_what_is_missing(context: Context) -> None:
    told = invoke("prioritise", "abc", "urgent", "--reviewer", "ann")
    assert told.exit_code == 2
    told = invoke("simulate", "defect-inspector")
    assert told.exit_code == 2


def test_counts_and_status_stay_as_they_are(banded: Context) -> None:
    case = add(banded, "a", hours=5)
    promote.run(banded)
    with banded.workspace.database.read() as unit:
        assert unit.cases.get(case).status is CaseStatus.NEW
        assert unit.cases.get(case).version == 1


def test_a_broken_record_is_said_on_the_list_and_of_the_case(banded: Context) -> None:
    case, sound = add(banded, "a", hours=5), add(banded, "b")
    with behind_the_triggers(banded.workspace.database) as connection:
        broken = text("UPDATE audit_heads SET signature = 'x' WHERE chain = :case")
        connection.execute(broken, {"case": case})
    promote.run(banded)
    with banded.workspace.database.read() as unit:
        page = unit.worklist.page(WorklistFilter(domain=RADIOLOGY))
        first, second = standing.lines(page.rows, unit, banded)
        documents = [case_document(x, unit, banded.withholding) for x in (case, sound)]
    assert (first.row.id, first.band) == (case, "Critical")
    assert first.why == "record broken; waited 5 h, promoted"
    assert second.why == ""
    (said,) = documents[0]["cautions"]
    assert said["code"] == "record_broken"
    assert documents[1]["cautions"] == []


@pytest.mark.parametrize(
    ("counts", "begins"),
    [((0, None), ""), ((1,), "A document that"), ((2, 1, 0), "3 documents that")],
)
def test_documents_that_were_not_read_are_said_of_the_case(
    banded: Context, counts: tuple[int | None, ...], begins: str
) -> None:
    files = tuple(
        replace(picture(f"f{i}", Role.DOCUMENT), facts={"attachments_unread": n})
        for i, n in enumerate(counts)
    )
    case = add(banded, "a", attachments=(picture("p"), *files))
    with banded.workspace.database.read() as unit:
        said = [x["message"] for x in case_document(case, unit, banded.withholding)["cautions"]]
    assert [x.startswith(begins) for x in said] == ([True] if begins else [])
    assert not said or "not fully read" in said[0]
