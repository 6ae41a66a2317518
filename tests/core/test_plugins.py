"""Discovery: what loads, what fails, and that one failure stops nobody else."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from types import ModuleType

import pytest

from plugin_files import DOMAIN, write_distribution
from secondlook import Assessment, Case, Decision, hookimpl
from secondlook.discovery import load_plugins
from secondlook.errors import PluginError
from secondlook.hookspecs import hookspec
from secondlook.settings import Settings

Install = Callable[[str, str], list[EntryPoint]]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install plugin distributions and give all entry points that were installed so far."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def install(name: str, code: str) -> list[EntryPoint]:
        write_distribution(tmp_path, name, code)
        return [p for d in distributions(path=[str(tmp_path)]) for p in d.entry_points]

    yield install
    for name in {"alright", "broken", "weld"} - before:
        sys.modules.pop(name, None)


def test_the_two_domains_come_through_entry_points() -> None:
    plugins = load_plugins()
    assert not plugins.failures
    assert set(plugins.domains) == {"defect-inspector", "radiology-assistant"}
    assert {x.name for x in plugins.loaded} == {
        "builtin",
        "defect-inspector",
        "radiology-assistant",
    }


def test_a_third_party_domain_is_found_by_its_entry_point(install: Install) -> None:
    plugins = load_plugins(found=install("weld", DOMAIN.format(name="weld")))
    assert plugins.domain("weld").title == "Weld inspector"
    assert plugins.loaded[0].distribution == "weld"


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("import does_not_exist", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def (", "SyntaxError"),
        (
            "from secondlook import hookimpl\n@hookimpl\ndef register_domain(register): ...",
            "unknown hook",
        ),
        (
            "from secondlook import hookimpl\n@hookimpl\ndef register_domains(wrong): ...",
            "wrong",
        ),
        (
            "from secondlook import hookimpl\n@hookimpl\ndef register_domains(register): 1 / 0",
            "ZeroDivisionError",
        ),
        (DOMAIN.format(name="weld"), "registered already"),
    ],
)
def test_a_broken_plugin_is_listed_and_the_others_work(
    install: Install, code: str, part: str
) -> None:
    install("alright", DOMAIN.format(name="weld"))
    plugins = load_plugins(found=install("broken", code))
    assert [x.name for x in plugins.failures] == ["broken"]
    assert part in plugins.failures[0].error
    assert plugins.failures[0].distribution == "broken"
    assert list(plugins.domains) == ["weld"]


def test_wrong_plugin_settings_fail_that_plugin_only() -> None:
    settings = Settings(plugins={"defect-inspector": {"no_such_setting": 1}})
    plugins = load_plugins(settings)
    assert [x.name for x in plugins.failures] == ["defect-inspector"]
    assert "[plugins.defect-inspector]" in plugins.failures[0].error
    assert "radiology-assistant" in plugins.domains


def test_a_disabled_plugin_is_not_loaded() -> None:
    plugins = load_plugins(Settings(disabled_plugins=("radiology-assistant",)))
    assert list(plugins.domains) == ["defect-inspector"]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(PluginError, match="defect-inspector, radiology-assistant"):
        load_plugins().domain("astrology")


def test_discovery_imports_no_model_library() -> None:
    code = (
        "import sys; from secondlook.discovery import load_plugins; p = load_plugins();"
        "assert not p.failures, p.failures;"
        "print([x for x in ('torch','transformers','sklearn','streamlit','pydicom') "
        "if x in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_lists_a_broken_plugin_with_its_error(tmp_path: Path) -> None:
    write_distribution(tmp_path, "broken", "import does_not_exist")
    command = [sys.executable, "-m", "secondlook_workflows", "plugins", "list", "--json"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path), "SECONDLOOK_HOME": str(tmp_path / "home")},
    )
    listed = json.loads(done.stdout)
    assert listed["failures"][0]["name"] == "broken"
    assert "does_not_exist" in listed["failures"][0]["error"]
    assert len(listed["domains"]) == 2


def _listener(name: str, **hooks: Callable[..., object]) -> ModuleType:
    module = ModuleType(name)
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return module


def test_hook_case_assessed_reaches_everyone_though_one_breaks(
    a_case: Case, an_assessment: Assessment, caplog: pytest.LogCaptureFixture
) -> None:
    plugins, heard = load_plugins(found=[]), []

    def breaks(case: Case) -> None:
        raise RuntimeError("patient text")

    def case_assessed(case: Case, assessment: Assessment) -> None:
        heard.append((case.id, assessment.id))

    plugins.manager.register(_listener("a", case_assessed=breaks), name="a")
    plugins.manager.register(_listener("b", case_assessed=case_assessed), name="b")
    with caplog.at_level(logging.ERROR, "secondlook"):
        plugins.case_assessed(a_case, an_assessment)
    assert heard == [(a_case.id, an_assessment.id)]
    assert "case_assessed in a: RuntimeError" in caplog.text
    assert "patient text" not in caplog.text


def test_hook_case_decided_is_told(a_case: Case, a_decision: Decision) -> None:
    plugins, heard = load_plugins(found=[]), []
    listener = _listener("a", case_decided=lambda decision: heard.append(decision.disposition))
    plugins.manager.register(listener, name="a")
    plugins.case_decided(a_case, a_decision)
    assert heard == [a_decision.disposition]


def test_hook_flag_assessment_says_when_a_plugin_could_not_check(
    a_case: Case, an_assessment: Assessment
) -> None:
    plugins = load_plugins(found=[])
    plugins.manager.register(_listener("a", flag_assessment=lambda case: 1 / 0), name="a")
    flags = plugins.flag_assessment(a_case, an_assessment)
    assert [x.code for x in flags] == ["plugin_failed"]


def test_every_hook_is_documented() -> None:
    from secondlook import hookspecs

    marked = [x for x in vars(hookspecs).values() if hasattr(x, "secondlook_spec")]
    assert len(marked) == 8
    assert all(x.__doc__ for x in marked)
    assert hookspec is hookspecs.hookspec
