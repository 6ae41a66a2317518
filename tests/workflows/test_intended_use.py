"""What a domain is meant for is read and acknowledged before anything is decided in it."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from radiology_assistant.domain import RadiologyAssistant
from secondlook import IntendedUse
from secondlook.errors import NotAcknowledged, PluginError
from secondlook_workflows import assess, decide, demo, ingest, intended_use, prioritise
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context

DOMAIN = "radiology-assistant"


@pytest.fixture
def case(context: Context, tmp_path: Path) -> str:
    """An exam with a note, looked at."""
    notes = tmp_path / "notes.csv"
    notes.write_text("case,note\nexam,Chest pain\n")
    [case] = ingest.run(ingest.IngestConfig(domain=DOMAIN, sources=(notes,)), context).cases
    assess.run(assess.AssessConfig(), context)
    return case


def said(*words: str) -> Result:
    return CliRunner().invoke(build(), list(words))


def decided(case: str, context: Context, reviewer: str = "ada") -> None:
    config = decide.DecideConfig(case=case, disposition="routine", reviewer=reviewer)
    decide.run(config, context)


def test_nothing_is_decided_before_it_is_acknowledged(context: Context, case: str) -> None:
    with pytest.raises(NotAcknowledged, match="ada has not acknowledged"):
        decided(case, context)
    with context.workspace.database.read() as unit:
        assert unit.decisions.of(case) == ()
        assert "ada" not in {x.name for x in unit.users.all()}
    intended_use.acknowledge(DOMAIN, "ada", context)
    decided(case, context)
    with context.workspace.database.read() as unit:
        assert len(unit.decisions.of(case)) == 1
        assert unit.audit.verify().problems == ()


def test_no_exam_is_moved_before_it_is_acknowledged(context: Context, case: str) -> None:
    config = prioritise.PrioritiseConfig(case=case, band="critical", reviewer="ada")
    with pytest.raises(NotAcknowledged, match="ada has not acknowledged"):
        prioritise.run(config, context)
    with context.workspace.database.read() as unit:
        assert unit.priorities.of(case) == ()
        assert "ada" not in {x.name for x in unit.users.all()}


def test_a_new_version_asks_again(
    context: Context, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    intended_use.acknowledge(DOMAIN, "ada", context)
    with monkeypatch.context() as patched:
        patched.setattr(RadiologyAssistant, "intended_use", IntendedUse(version="2", text="Else."))
        with pytest.raises(NotAcknowledged, match="version 2"):
            decided(case, context)
        report = intended_use.show(DOMAIN, context)
        assert [(x.version, x.stands) for x in report.acknowledged] == [("1", False)]
    decided(case, context)


def test_where_the_plugin_is_not_loaded_nothing_passes(context: Context, case: str) -> None:
    """Its text cannot be known, so nobody can have acknowledged it."""
    intended_use.acknowledge(DOMAIN, "ada", context)
    del context.plugins.domains[DOMAIN]
    for act in (
        lambda: decided(case, context),
        lambda: prioritise.run(
            prioritise.PrioritiseConfig(case=case, band="critical", reviewer="ada"), context
        ),
    ):
        with pytest.raises(PluginError):
            act()
    with context.workspace.database.read() as unit:
        with pytest.raises(PluginError, match="is not loaded"):
            intended_use.require(None, "ada", unit)
        assert unit.decisions.of(case) == () and unit.priorities.of(case) == ()


def test_a_domain_without_a_text_asks_for_nothing(context: Context) -> None:
    assert intended_use.acknowledge("defect-inspector", "ada", context) is None
    report = intended_use.show("defect-inspector", context)
    assert (report.version, report.text, report.acknowledged) == (None, None, ())
    shown = said("intended-use", "show", "defect-inspector")
    assert shown.exit_code == 0 and "nothing to acknowledge" in shown.stderr


def test_the_command_line_refuses_shows_and_acknowledges(context: Context, case: str) -> None:
    refused = said("decide", case[:8], "routine", "--reviewer", "ada")
    assert refused.exit_code == 1
    assert "intended-use acknowledge" in " ".join(refused.stderr.split())
    shown = said("intended-use", "show", DOMAIN)
    assert "never lowers one" in " ".join(shown.stderr.split())
    done = said("intended-use", "acknowledge", DOMAIN, "--reviewer", "ada")
    assert done.exit_code == 0
    assert "A person reads every exam in full" in " ".join(done.stderr.split())
    assert "acknowledged by ada" in done.stderr
    assert said("decide", case[:8], "routine", "--reviewer", "ada").exit_code == 0
    report = json.loads(said("intended-use", "show", DOMAIN, "--json").stdout)
    assert [(x["reviewer"], x["stands"]) for x in report["acknowledged"]] == [("ada", True)]
    told = said("intended-use", "acknowledge", DOMAIN, "--reviewer", "ada", "--json")
    assert json.loads(told.stdout)["acknowledgement"]["reviewer"] == "ada"


@pytest.mark.parametrize("word", ["show", "acknowledge"])
def test_a_domain_that_is_not_there_is_told(context: Context, word: str) -> None:
    words = ["intended-use", word, "nosuch"]
    words += ["--reviewer", "ada"] if word == "acknowledge" else []
    assert said(*words).exit_code == 2


def test_the_text_says_what_it_must() -> None:
    use = RadiologyAssistant.intended_use
    assert use is not None
    text = " ".join(use.paragraphs)
    for part in (
        "research and workflow tool",
        "re-orders a list",
        "never lowers",
        "A person reads every exam in full",
        "no rule-out",
        "What was not assessed is not normal",
        "only exams that fit its card",
        "no effect on the outcome",
    ):
        assert part in text


def test_the_demo_says_for_whom_it_acknowledges(context: Context) -> None:
    told = demo._acknowledge(context)
    assert told == ("radiology-assistant, version 1",)
    with context.workspace.database.read() as unit:
        [one] = unit.intended_uses.all(DOMAIN)
    assert one.reviewer == demo.REVIEWER == "demo"
