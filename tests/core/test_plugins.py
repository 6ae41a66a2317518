"""Discovery: what loads, what fails, and that one failure stops nobody else."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from threading import Event, Thread
from types import ModuleType

import numpy as np
import pytest
import typer
from PIL import Image

from plugin_files import DOMAIN, write_distribution
from secondlook import Assessment, Attachment, Case, Decision, Flag, Role, hookimpl
from secondlook.discovery import load_plugins
from secondlook.errors import IntakeError, PluginError
from secondlook.hookspecs import hookspec
from secondlook.settings import Settings

Install = Callable[[str, str], list[EntryPoint]]
Photo = tuple[Attachment, Path]


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


def _without(action: Callable[..., object]) -> Callable[[], None]:
    """A hook that takes no arguments and gives nothing."""

    def hook() -> None:
        action()

    return hook


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    """A small picture as the store keeps it."""
    content = tmp_path / "photo.png"
    Image.new("RGB", (5, 4)).save(content)
    attachment = Attachment(
        sha256="0" * 64, name="photo.png", media_type="image/png", size=1, role=Role.IMAGE
    )
    return attachment, content


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


def _broken_reader() -> None:
    raise ValueError("patient text")


@pytest.mark.parametrize(
    ("reader", "logged"),
    [
        (_broken_reader, "ValueError"),
        (lambda: "no picture", "gave no uint8 (H, W, 3)"),
        (lambda: np.zeros((4, 5), dtype=np.uint8), "gave no uint8 (H, W, 3)"),
        (lambda: np.zeros((4, 5, 3), dtype=np.float32), "gave no uint8 (H, W, 3)"),
        (lambda: np.zeros((0, 5, 3), dtype=np.uint8), "gave no uint8 (H, W, 3)"),
    ],
)
def test_hook_load_attachment_passes_over_a_reader_that_breaks(
    reader: Callable[[], object], logged: str, photo: Photo, caplog: pytest.LogCaptureFixture
) -> None:
    plugins = load_plugins()
    plugins.manager.register(_listener("zzz", load_attachment=reader), name="zzz")
    with caplog.at_level(logging.ERROR, "secondlook"):
        picture = plugins.load_attachment(*photo)
    assert picture is not None and picture.shape == (4, 5, 3)
    assert f"load_attachment in zzz: {logged}" in caplog.text
    assert "patient text" not in caplog.text


def test_hook_load_attachment_asks_others_before_the_engine_itself(photo: Photo) -> None:
    plugins = load_plugins()
    mine = np.full((2, 2, 3), 7, dtype=np.uint8)
    plugins.manager.register(_listener("aaa", load_attachment=lambda: mine), name="aaa")
    plugins.manager.register(_listener("zzz", load_attachment=lambda: None), name="zzz")
    assert plugins.load_attachment(*photo) is mine


def test_a_damaged_stored_picture_is_said_when_nobody_can_show_it(photo: Photo) -> None:
    plugins = load_plugins()
    attachment, content = photo
    content.write_bytes(b"no picture")
    plugins.manager.register(_listener("aaa", load_attachment=_broken_reader), name="aaa")
    with pytest.raises(IntakeError, match="cannot be shown"):
        plugins.load_attachment(attachment, content)


def test_what_plugins_print_stays_off_standard_output(
    a_case: Case,
    an_assessment: Assessment,
    a_decision: Decision,
    photo: Photo,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plugins = load_plugins(found=[])

    def flags(case: Case) -> Iterator[Flag]:
        print("flagging")  # noqa: T201
        yield Flag(code="a", message="A.")

    hooks: dict[str, Callable[..., object]] = {
        name: partial(print, "said in", name)
        for name in ("load_attachment", "case_assessed", "case_decided", "register_commands")
    }
    module = _listener("a", flag_assessment=flags, **{x: _without(y) for x, y in hooks.items()})
    plugins.manager.register(module, name="a")
    plugins.load_attachment(*photo)
    plugins.case_assessed(a_case, an_assessment)
    plugins.case_decided(a_case, a_decision)
    plugins.register_commands(typer.Typer())
    assert [x.code for x in plugins.flag_assessment(a_case, an_assessment)] == ["a"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 5


def test_standard_output_is_back_after_calls_that_overlap(
    a_case: Case, an_assessment: Assessment
) -> None:
    plugins, first_in, second_in = load_plugins(found=[]), Event(), Event()

    def case_assessed(case: Case) -> None:
        if first_in.is_set():
            second_in.set()
        else:
            first_in.set()
            second_in.wait(10)

    plugins.manager.register(_listener("a", case_assessed=case_assessed), name="a")
    before = sys.stdout
    first = Thread(target=plugins.case_assessed, args=(a_case, an_assessment))
    first.start()
    first_in.wait(10)
    plugins.case_assessed(a_case, an_assessment)
    first.join(10)
    assert sys.stdout is before


def test_hook_flag_assessment_takes_flags_only(a_case: Case, an_assessment: Assessment) -> None:
    plugins = load_plugins(found=[])
    plugins.manager.register(_listener("a", flag_assessment=lambda: ["careful"]), name="a")
    assert [x.code for x in plugins.flag_assessment(a_case, an_assessment)] == ["plugin_failed"]


def test_every_hook_is_documented() -> None:
    from secondlook import hookspecs

    marked = [x for x in vars(hookspecs).values() if hasattr(x, "secondlook_spec")]
    assert len(marked) == 8
    assert all(x.__doc__ for x in marked)
    assert hookspec is hookspecs.hookspec
