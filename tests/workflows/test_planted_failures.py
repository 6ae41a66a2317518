"""Whatever fails, no name of a patient is told: a name in a note, a file name, a DICOM header, a FHIR
file and a manifest, each made to fail in several ways; then everything that was written is searched."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import planted
from secondlook.errors import StoreError
from secondlook.workspace import default_home
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context

RADIOLOGY = "radiology-assistant"
NAME = "Zebedineq"
"""In no list of words; nobody is called so."""
Told = Callable[..., None]


def sources(folder: Path) -> dict[str, Path]:
    """One source of each kind; each names the patient in what it holds and what it is called."""
    folder.mkdir()
    dataset = planted.scan()
    dataset.PatientName, dataset.PatientID = f"{NAME}^Anna", f"{NAME}-4711"
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/1", "display": f"Anna {NAME}"},
        "content": [{"attachment": {"contentType": "text/plain", "data": "RmVsbC4="}}],
    }
    texts = {
        "note": (f"{NAME} note.txt", f"Patient: Anna {NAME}\nCough, {NAME} fell.\n".encode()),
        "dicom": (f"{NAME}.dcm", planted.dicom_bytes(dataset)),
        "fhir": (f"{NAME}.json", json.dumps(document).encode()),
        "manifest": (f"{NAME}.csv", f"case,note\n{NAME},Mrs {NAME} coughs\n".encode()),
    }
    for name, content in texts.values():
        (folder / name).write_bytes(content)
    return {kind: folder / name for kind, (name, _) in texts.items()}


@pytest.fixture
def given(tmp_path: Path) -> list[Path]:
    """Sources that name a patient."""
    return list(sources(tmp_path / "given").values())


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    """Asserts that nothing which was said, logged or written names the patient."""
    caplog.set_level(logging.DEBUG)

    def check(*results: Result) -> None:
        errors = [repr(x.exception) for x in results if x.exception]
        heard = "\n".join([*(x.output for x in results), *errors, caplog.text])
        assert NAME.lower() not in heard.lower(), heard
        assert found_in(default_home()) == []

    yield check


def found_in(home: Path) -> list[str]:
    """Files of a workspace that name the patient, in what they hold or what they are called."""
    return [
        str(x.relative_to(home))
        for x in home.rglob("*")
        if NAME.lower() in x.name.lower()
        or (x.is_file() and NAME.lower().encode() in x.read_bytes().lower())
    ]


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), list(words))


def taken_in(given: list[Path], verb: str = "ingest") -> list[Result]:
    """As when the output goes into a file: not shown at a terminal, where names may be told."""
    *files, manifest = (str(x) for x in given)
    return [run(verb, RADIOLOGY, *files), run(verb, RADIOLOGY, manifest)]


def damage(source: Path) -> None:
    """What begins like the file and is none."""
    source.write_bytes(source.read_bytes()[: source.stat().st_size * 2 // 3] + b"\xff\xfe\x00{")


def lead_nowhere(source: Path) -> None:
    source.unlink()
    source.symlink_to(source.with_suffix(".gone"))


@pytest.mark.parametrize("way", [damage, lead_nowhere])
def test_what_cannot_be_read(
    context: Context, given: list[Path], told: Told, way: Callable[[Path], None]
) -> None:
    for source in given:
        way(source)
    told(*taken_in(given), run("quarantine"))


def test_what_is_over_the_limits(
    context: Context,
    given: list[Path],
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = "[limits]\nmax_file_bytes = 30\nmax_text_chars = 10\n"
    (default_home() / "secondlook.toml").write_text(limits)
    told(*taken_in(given), run("quarantine", "--json"))


def test_while_the_database_is_busy(
    context: Context,
    given: list[Path],
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def busy(*_: object, **__: object) -> object:
        raise StoreError("another process holds it") from ValueError(f"row: {NAME}")

    monkeypatch.setattr("secondlook.store.cases.Cases.add", busy)
    results = taken_in(given)
    assert all(x.exit_code != 0 for x in results)
    told(*results)


QUOTES = ["open_cases", "prepare", "assess", "recommend"]


@pytest.mark.parametrize("where", QUOTES)
def test_a_plugin_that_quotes_the_text(
    context: Context,
    given: list[Path],
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    def breaks(*_: object, **__: object) -> object:
        raise RuntimeError(f"cannot read: Anna {NAME} coughs")

    monkeypatch.setattr(f"radiology_assistant.domain.RadiologyAssistant.{where}", breaks)
    told(*taken_in(given, "run"), run("worklist"))


def test_a_flag_that_quotes_the_text(
    context: Context,
    given: list[Path],
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_: object, **__: object) -> object:
        raise RuntimeError(f"cannot read: Anna {NAME} coughs")

    monkeypatch.setattr("radiology_assistant.plugin.note_flags", breaks)
    told(*taken_in(given, "run"))
    listed = run("worklist", "--json")
    lines = json.loads(listed.output)["cases"]
    assert lines
    told(listed, *(run("show", x["id"]) for x in lines))


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_ctrl_c_while_it_is_taken_in(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    sources(folder)
    for number in range(400):
        (folder / f"{NAME} {number}.txt").write_text(f"Patient: Anna {NAME} {number}\nCough.")
    command = [sys.executable, "-m", "secondlook_workflows", "run", RADIOLOGY, str(folder)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ.copy()
    )
    time.sleep(6)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert NAME.lower() not in output.lower().replace(str(folder).lower(), ""), output
    assert found_in(default_home()) == []
