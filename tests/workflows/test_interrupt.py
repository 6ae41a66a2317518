"""Ctrl-C: what is finished is stored, the status says so, and the same command goes on."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plates import plate
from secondlook.cases import CaseStatus
from secondlook_workflows import ingest
from secondlook_workflows.context import Context

SECONDLOOK = [sys.executable, "-m", "secondlook_workflows"]
CASES = 60


@pytest.fixture
def waiting(context: Context, tmp_path: Path, learned: object) -> None:
    """Cases that take a moment each."""
    folder = tmp_path / "many"
    folder.mkdir()
    for seed in range(CASES):
        plate(seed + 1000).save(folder / f"{seed}.png")
    config = ingest.IngestConfig(domain="defect-inspector", sources=(folder,), product="plate")
    assert ingest.run(config, context).added == CASES


def _assessed(context: Context) -> int:
    with context.workspace.database.read() as unit:
        return unit.worklist.counts().by_status[CaseStatus.ASSESSED]


def test_ctrl_c_keeps_what_is_finished(context: Context, waiting: None) -> None:
    process = subprocess.Popen([*SECONDLOOK, "assess", "--json"], stdout=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while _assessed(context) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    report = json.loads(output)
    assert report["interrupted"] is True
    assert 3 <= report["assessed"] == _assessed(context) < CASES
    subprocess.run([*SECONDLOOK, "assess"], check=True, capture_output=True)
    assert _assessed(context) == CASES
    with context.workspace.database.read() as unit:
        statuses = [x.status for x in unit.runs.all(limit=2)]
    assert sorted(statuses) == ["finished", "interrupted"]


def test_ctrl_c_while_reading_opens_what_was_read(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from secondlook.intake.reader import Reader

    folder = tmp_path / "some"
    folder.mkdir()
    rows = ["case,image"]
    for seed in range(6):
        plate(seed).save(folder / f"{seed}.png")
        rows.append(f"part {seed // 2},{seed}.png")
    (folder / "cases.csv").write_text("\n".join(rows))
    read, count = Reader.read, iter(range(100))

    def stopping(self: Reader, path: Path, source: str, *, kind: str = "record") -> object:
        if next(count) == 3:
            raise KeyboardInterrupt
        return read(self, path, source, kind=kind)

    monkeypatch.setattr(Reader, "read", stopping)
    config = ingest.IngestConfig(domain="defect-inspector", sources=(folder / "cases.csv",))
    first = ingest.run(config, context)
    assert (first.interrupted, first.added) == (True, 1)  # half of `part 1` was not read yet
    monkeypatch.setattr(Reader, "read", read)
    again = ingest.run(config, context)
    assert (again.interrupted, again.added) == (False, 2)
