"""The README tells the truth: its links lead somewhere, its plugin works, its commands exist."""

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import typer.main

from plugin_files import write_distribution
from secondlook import Assessment, Attachment, Case, Decision, Provenance, Role
from secondlook.discovery import load_plugins
from secondlook.plugins import Plugins
from secondlook_workflows.cli.app import build

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOW = datetime(2026, 1, 2, tzinfo=UTC)
MODULE = "readme_plugin"


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def links() -> list[str]:
    """Relative targets of links and pictures, outside of code."""
    prose = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)[^)]*\)", prose)
    return [x for x in targets if not re.match(r"[a-z]+:|#", x)]


def commands() -> list[list[str]]:
    """The words after `secondlook` of every line in a console block, and of every `code` span."""
    shown = [x.removeprefix("$ ") for y in blocks("console") for x in y.splitlines()]
    shown += re.findall(r"`(secondlook [^`]+)`", README)
    split = [shlex.split(x, comments=True) for x in shown]
    return [x[1:] for x in split if x[:1] == ["secondlook"]]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugins]:
    """The README's plugin, installed as a distribution of its own."""
    [code] = blocks("python")
    write_distribution(tmp_path, MODULE, code)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = [x for d in distributions(path=[str(tmp_path)]) for x in d.entry_points]
    yield load_plugins(found=found)
    sys.modules.pop(MODULE, None)


@pytest.fixture
def tile() -> Case:
    picture = Attachment(
        sha256="a" * 64, name="front.png", media_type="image/png", size=1, role=Role.IMAGE
    )
    return Case(
        id="c" * 64,
        domain="defect-inspector",
        title="tile 1",
        product="tile",
        attachments=(picture,),
        records=(),
        opened_at=NOW,
    )


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_every_link_and_picture_exists() -> None:
    assert links()
    assert [x for x in links() if not (ROOT / x.partition("#")[0]).exists()] == []


def test_its_plugin_flags_a_case(plugin: Plugins, tile: Case) -> None:
    assert plugin.failures == []
    assert [x.distribution for x in plugin.loaded] == [MODULE]
    provenance = Provenance(code_version="0", inputs="0")
    look = Assessment(id="1", case_id=tile.id, created_at=NOW, provenance=provenance)
    assert [x.code for x in plugin.flag_assessment(tile, look)] == ["one_view"]
    assert plugin.flag_assessment(replace(tile, product="plate"), look) == ()


def test_its_plugin_hears_of_a_decision(
    plugin: Plugins,
    tile: Case,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    decision = Decision(
        id="1", case_id=tile.id, reviewer="Anna", disposition="hold", decided_at=NOW
    )
    with caplog.at_level("INFO"):
        plugin.case_decided(tile, decision)
    assert "hold" in caplog.text
    assert not [x for x in caplog.records if x.levelname == "ERROR"]
    assert capsys.readouterr().out == ""


def test_every_command_of_it_exists() -> None:
    assert len(commands()) >= 6
    root = typer.main.get_command(build())
    assert [problem for x in commands() if (problem := wrong(root, x))] == []


@pytest.mark.parametrize("words", [["lern"], ["db", "chek"], ["worklist", "--jason"], ["learn"]])
def test_a_wrong_command_would_be_noticed(words: list[str]) -> None:
    assert wrong(typer.main.get_command(build()), words)


def wrong(root: Any, words: list[str]) -> str | None:
    """What the application would say against a command line, without running it."""
    command, rest = root, words
    while hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            return f"no command {words}"
        command, rest = command.commands[rest[0]], rest[1:]
    try:
        command.make_context(words[0], list(rest))
    except Exception as error:  # noqa: BLE001 - whatever stops the command line
        return f"{words}: {type(error).__name__}: {error}"
    return None
