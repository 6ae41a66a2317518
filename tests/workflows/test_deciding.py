"""The acts of reviewers by the command line, checked against the words of the domain."""

import json
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from secondlook.accounts.actor import Role
from secondlook.decisions import Act, Area, FindingAct, How
from secondlook.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    OthersTurn,
    PluginError,
    SecondlookError,
    SettingsError,
    UsageError,
)
from secondlook.second_reads import SecondRead
from secondlook.settings import Settings
from secondlook_workflows import case_acts, decide
from secondlook_workflows.cases import Onlooker, case_document
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context, second_reads
from secondlook_workflows.decided import from_decided
from secondlook_workflows.ingest import IngestReport

EDIT = "anomaly=edit:scratch,severity=major,site=rim,region=1/2/3/4,comment=a, b=c"


@pytest.fixture
def case_id(ingested: IngestReport) -> str:
    """A case without a first look."""
    return ingested.cases[0]


def run(*words: str) -> Any:
    """What a command printed as JSON; its exit status and words where it failed."""
    done = CliRunner().invoke(build(), [*words, "--json"])
    return json.loads(done.stdout) if done.exit_code == 0 else (done.exit_code, done.stderr)


def shown_to(reviewer: str, case: str) -> Any:
    """The case and the list; without the number that counts changes of whatever kind."""
    document, listed = run("show", case, "--reviewer", reviewer), run("worklist")
    del document["case"]["version"]
    return document, listed


def config(case: str, outcome: str = "rework", **more: Any) -> decide.DecideConfig:
    return decide.DecideConfig(case=case, disposition=outcome, reviewer="ann", **more)


def test_a_finding_is_read_with_what_it_becomes(context: Context, case_id: str) -> None:
    with context.workspace.database.read() as unit:
        case = unit.cases.get(case_id)
    act = decide.parse_act(EDIT, case)
    area = Area(attachment=case.images()[0].sha256, left=1, top=2, width=3, height=4)
    assert act == FindingAct(
        label="anomaly",
        act=Act.EDIT,
        becomes="scratch",
        severity="major",
        site="rim",
        area=area,
        comment="a, b=c",
    )


@pytest.mark.parametrize(
    "words",
    [
        "scratch",
        "scratch=agree:crack",
        "scratch=maybe",
        "scratch=add,colour=red",
        "scratch=add,region=1/2/3",
        "scratch=add,region=1/2/3/x",
        "scratch=add,region=1/2/3/4,picture=9",
        "scratch=add,frame=1",
    ],
)
def test_a_finding_that_cannot_be_read_shows_the_form(
    context: Context, case_id: str, words: str
) -> None:
    with context.workspace.database.read() as unit:
        case = unit.cases.get(case_id)
    with pytest.raises(UsageError):
        decide.parse_act(words, case)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"acts": "scratch=edit:elf"}, PluginError, "no finding 'elf'"),
        ({"acts": "scratch=edit"}, UsageError, "changes nothing"),
        ({"acts": "scratch=add,severity=awful"}, PluginError, "no severity 'awful'"),
        ({"acts": "scratch=agree,severity=minor"}, UsageError, "edit it"),
        ({"acts": "scratch=add,region=1/2/9000/4"}, UsageError, "ends at column 9001"),
        ({"acts": "scratch=add,region=1/2/0/4"}, UsageError, "no such rectangle"),
        ({"acts": "scratch=add,region=1/2/3/4,frame=3"}, UsageError, "no frame 3"),
        ({"severity": "awful"}, PluginError, "no severity"),
        ({"reason_codes": ("elves",)}, PluginError, "no reason 'elves'"),
        ({"reason_codes": ("beyond_rework",)}, UsageError, "does not go with 'rework'"),
        ({"reason_codes": ("other",)}, UsageError, "add words"),
        ({"reason_codes": ("dirt", "dirt")}, UsageError, "stands twice"),
    ],
)
def test_words_that_the_domain_does_not_have_are_refused(
    context: Context,
    case_id: str,
    said: dict[str, Any],
    error: type[SecondlookError],
    words: str,
) -> None:
    with context.workspace.database.read() as unit:
        case = unit.cases.get(case_id)
    if "acts" in said:
        said = {"acts": (decide.parse_act(said["acts"], case),)}
    with pytest.raises(error, match=words):
        decide.run(config(case_id, **said), context)
    with context.workspace.database.read() as unit:
        assert unit.decisions.of(case_id) == ()


def test_a_picture_of_another_case_is_no_place(context: Context, case_id: str) -> None:
    area = Area(attachment="0" * 64, left=0, top=0, width=1, height=1)
    act = FindingAct(label="scratch", act=Act.ADD, area=area)
    with pytest.raises(UsageError, match="has no picture"):
        decide.run(config(case_id, acts=(act,)), context)


def test_an_edited_label_teaches_what_it_became(context: Context, case_id: str) -> None:
    acts = (
        FindingAct(label="anomaly", act=Act.EDIT, becomes="scratch", severity="major"),
        FindingAct(label="dent", act=Act.REJECT),
        FindingAct(label="stain", act=Act.ADD),
    )
    decide.run(config(case_id, acts=acts), context)
    domain = context.plugins.domain("defect-inspector")
    (learned,) = from_decided(domain, None, context).cases
    assert learned.labels == {"scratch", "stain", "major"}


def test_a_case_teaches_nothing_before_it_is_decided(context: Context, case_id: str) -> None:
    context.workspace.database.second_reads.policies = {"defect-inspector": SecondRead(share=1.0)}
    acts = (FindingAct(label="scratch", act=Act.ADD),)
    domain = context.plugins.domain("defect-inspector")
    assert decide.run(config(case_id, acts=acts), context).how is How.FIRST
    assert from_decided(domain, None, context).cases == ()
    exported = CliRunner().invoke(build(), ["export", "defect-inspector", "--format", "json"])
    second = replace(config(case_id, acts=acts), reviewer="bob")
    assert decide.run(second, context).how is How.AGREED
    (learned,) = from_decided(domain, None, context).cases
    assert learned.labels == {"scratch"}
    assert case_id in exported.stdout
    assert "scratch" not in exported.stdout


def test_a_domain_may_want_a_reason_for_a_discrepancy(
    context: Context, learned: Any, case_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from secondlook_workflows import assess

    assess.run(assess.AssessConfig(cases=(case_id,)), context)
    domain = context.plugins.domain("defect-inspector")
    with context.workspace.database.read() as unit:
        look = unit.assessments.latest(case_id)
    assert look is not None
    other = "scrap" if look.disposition != "scrap" else "hold"
    decide.run(config(case_id, other), context)
    case_acts.undo(case_acts.UndoConfig(reviewer="ann"), context)
    monkeypatch.setattr(type(domain), "discrepancy_unexplained", False)
    with pytest.raises(UsageError, match="clause_misread"):
        decide.run(config(case_id, other), context)
    decide.run(config(case_id, other, reason_codes=("measured_wrong",)), context)


def test_whoever_may_not_changes_nothing(context: Context, case_id: str) -> None:
    def never(unit: object) -> None:
        raise Conflict("not you")

    act = case_acts.ActConfig(case=case_id, reviewer="ann", reason="x")
    for deed in (
        lambda: decide.run(config(case_id), context, check=never),
        lambda: case_acts.escalate(act, context, check=never),
        lambda: case_acts.put_back(act, context, check=never),
    ):
        with pytest.raises(Conflict, match="not you"):
            deed()
    with context.workspace.database.read() as unit:
        assert unit.decisions.of(case_id) == () and unit.case_acts.of(case_id) == ()


def test_plugins_are_told_once_it_is_decided(
    context: Context, case_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(context.plugins, "case_decided", lambda case, made: told.append(made))
    context.workspace.database.second_reads.policies = {"defect-inspector": SecondRead(share=1.0)}
    decide.run(config(case_id), context)
    assert told == []
    made = decide.run(replace(config(case_id), reviewer="bob"), context)
    assert told == [made]


def test_nobody_unknown_is_handed_a_case(context: Context, case_id: str) -> None:
    given = case_acts.HandOverConfig(case=case_id, reviewer="ann", to="zoe")
    with pytest.raises(NotFound, match="'zoe'"):
        case_acts.hand_over(given, context)
    with context.workspace.database.write() as unit:
        unit.users.ensure("zoe")
        unit.commit()
    assert case_acts.hand_over(given, context).to == "zoe"


def test_a_case_is_handed_to_whoever_may_decide_it(context: Context, case_id: str) -> None:
    roles = {"Olga": Role.OWNER, "zoe": Role.VIEWER, "Rob": Role.REVIEWER, "gone": Role.REVIEWER}
    with context.workspace.database.write() as unit:
        for name, role in roles.items():
            unit.users.ensure(name)
            unit.users.grant(name, role, by="test")
        unit.sign_ins.keep_passphrase("Olga", "a hash", by="test")
        unit.users.disable("gone", by="test")
        unit.commit()
    for name in ("zoe", "gone"):
        given = case_acts.HandOverConfig(case=case_id, reviewer="ann", to=name)
        with pytest.raises(NotAllowed, match=f"{name} may not decide cases of defect-inspector"):
            case_acts.hand_over(given, context)
    given = case_acts.HandOverConfig(case=case_id, reviewer="ann", to="Rob")
    assert case_acts.hand_over(given, context).to == "Rob"


def test_a_policy_names_dispositions_of_the_domain(context: Context) -> None:
    domains = context.plugins.domains.values()
    wrong = Settings(second_read={"defect-inspector": SecondRead(dispositions=("urgent",))})
    with pytest.raises(SettingsError, match="urgent is none of accept"):
        second_reads(domains, wrong)
    unknown = Settings(second_read={"not-loaded": SecondRead(dispositions=("urgent",))})
    assert second_reads(domains, unknown) == unknown.second_read


def test_a_case_goes_through_its_readers_on_the_command_line(
    context: Context, case_id: str
) -> None:
    settings = context.workspace.home / "secondlook.toml"
    settings.write_text("[second_read.defect-inspector]\nshare = 1.0\n")
    context.workspace.database.dispose()
    words = ("--finding", "scratch=add,severity=major,comment=by the first")
    unread = shown_to("bob", case_id)
    first = run(
        "decide", case_id, "rework", "--reviewer", "ann", *words, "--reason-code", "reflection"
    )
    assert (first["how"], first["acts"][0]["severity"]) == ("first", "major")
    assert shown_to("bob", case_id) == unread, "nothing tells that somebody has read it"
    assert run("worklist", "--stage", "second")[0] == 2
    status, words_of = run("decide", case_id, "rework", "--reviewer", "ann")
    assert status == 1 and "ann has read it" in words_of
    assert (
        run("decide", case_id, "scrap", "--reviewer", "bob", "--severity", "major")["how"]
        == "second"
    )
    listed = run("worklist", "--lead", "--stage", "adjudication")
    assert [x["id"] for x in listed["cases"]] == [case_id]
    assert listed["stages"]["adjudication"] == 1
    shown = run("show", case_id, "--reviewer", "lea", "--lead")
    assert [x["reviewer"] for x in shown["reads"]] == ["ann", "bob"]
    status, words_of = run("adjudicate", case_id, "scrap", "--reviewer", "bob")
    assert status == 1 and "bob has a part in it" in words_of
    final = run("adjudicate", case_id, "scrap", "--reviewer", "lea", "--reason", "both")
    assert final["how"] == "adjudicated"
    assert [x["refusal"] for x in run("decisions", "--reviewer", "lea")] == [""]
    undone = run("undo", "--reviewer", "lea", "--reason", "slip")
    assert undone["act"]["deed"] == "undone" and undone["lease"]["reviewer"] == "lea"
    assert run("adjudicate", case_id, "scrap", "--reviewer", "lea")["how"] == "adjudicated"
    figures = run("agreement", "--domain", "defect-inspector")["domains"]["defect-inspector"]
    assert figures["readers"]["pairs"] == 1
    assert figures["readers"]["percent"] == 0.0


def test_cases_are_passed_on_by_the_command_line(context: Context, case_id: str) -> None:
    context.workspace.database.dispose()
    for name in ("ann", "bob"):
        with context.workspace.database.write() as unit:
            unit.users.ensure(name)
            unit.commit()
    handed = run("hand-over", case_id, "bob", "--reviewer", "ann", "--reason", "lunch")
    assert (handed["deed"], handed["to"]) == ("handed_over", "bob")
    assert [x["id"] for x in run("worklist", "--handed-to", "bob")["cases"]] == [case_id]
    assert run("put-back", case_id, "--reviewer", "bob")["deed"] == "put_back"
    escalated = run("escalate", case_id, "--reviewer", "ann", "--reason", "unsure", "--key", "k")
    assert run("escalate", case_id, "--reviewer", "ann", "--reason", "x", "--key", "k") == escalated
    assert case_id not in str(run("worklist"))
    status, words = run("put-back", case_id, "--reviewer", "ann")
    assert status == 1 and "waits for a lead" in words
    assert run("put-back", case_id, "--reviewer", "lea", "--lead")["deed"] == "put_back"
    plain = CliRunner().invoke(build(), ["show", case_id])
    assert "escalated by ann: unsure" in plain.stdout
    assert CliRunner().invoke(build(), ["escalate", case_id, "--reviewer", "ann"]).exit_code == 2
    status, words = run("undo", "--reviewer", "ann")
    assert status == 2 and "decided nothing" in words


def test_the_document_is_blind_for_anybody(context: Context, case_id: str) -> None:
    context.workspace.database.second_reads.policies = {"defect-inspector": SecondRead(share=1.0)}
    decide.run(config(case_id, reason="MARK"), context)
    with context.workspace.database.read() as unit:
        hiding = context.withholding
        assert "MARK" not in json.dumps(case_document(case_id, unit, hiding))
        own = case_document(case_id, unit, hiding, Onlooker(name="ann"))
        assert "MARK" in json.dumps(own)
    with pytest.raises(OthersTurn):
        decide.run(config(case_id), context)
