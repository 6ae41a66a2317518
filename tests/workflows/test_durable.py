"""Queued work: run by a worker process, resumed after a kill, stored as JSON."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plates import plate
from secondlook.cases import CaseStatus
from secondlook_workflows import durable, ingest
from secondlook_workflows.context import Context

WORK = [sys.executable, "-m", "secondlook_workflows", "work", "--until-idle"]


@pytest.fixture
def waiting(context: Context, tmp_path: Path) -> int:
    """Forty cases without a first look."""
    folder = tmp_path / "many"
    folder.mkdir()
    for seed in range(40):
        plate(seed).save(folder / f"{seed}.png")
    config = ingest.IngestConfig(domain="defect-inspector", sources=(folder,))
    return ingest.run(config, context).added


def _counts(context: Context) -> dict[CaseStatus, int]:
    with context.workspace.database.read() as unit:
        return dict(unit.worklist.counts().by_status)


def test_a_worker_does_what_was_queued(context: Context, waiting: int) -> None:
    job = durable.enqueue_assess(context.workspace)
    assert [x.status for x in durable.jobs(context.workspace)] == ["ENQUEUED"]
    subprocess.run(WORK, check=True, capture_output=True)
    (done,) = durable.jobs(context.workspace)
    assert (done.id, done.status) == (job, "SUCCESS")
    assert done.outcome == {"total": waiting, "assessed": waiting, "failed": {}, "skipped": {}}
    assert _counts(context)[CaseStatus.ASSESSED] == waiting


def test_a_killed_worker_is_taken_over(context: Context, waiting: int) -> None:
    durable.enqueue_assess(context.workspace)
    process = subprocess.Popen(WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while _counts(context).get(CaseStatus.ASSESSED, 0) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 5 <= _counts(context)[CaseStatus.ASSESSED] <= waiting
    subprocess.run(WORK, check=True, capture_output=True)
    assert _counts(context)[CaseStatus.ASSESSED] == waiting
    assert [x.status for x in durable.jobs(context.workspace)] == ["SUCCESS"]


def test_nothing_is_pickled(context: Context) -> None:
    durable.enqueue_assess(context.workspace, domain="defect-inspector", cases=("a",))
    connection = sqlite3.connect(context.workspace.home / "workflows.db")
    (kind,) = connection.execute("SELECT serialization FROM workflow_status").fetchone()
    (inputs,) = connection.execute("SELECT inputs FROM workflow_input").fetchone()
    connection.close()
    assert kind == "json"
    asked = {"domain": "defect-inspector", "cases": ["a"], "adapter": None, "limit": None}
    assert json.loads(inputs)["args"] == [asked]


def test_an_error_is_stored_as_its_words() -> None:
    serializer = durable.JsonSerializer()
    back = serializer.deserialize(serializer.serialize(ValueError("no such case")))
    assert isinstance(back, RuntimeError)
    assert str(back) == "ValueError: no such case"


def test_a_cancelled_job_is_not_run(context: Context, waiting: int) -> None:
    job = durable.enqueue_assess(context.workspace)
    durable.cancel(context.workspace, job)
    subprocess.run(WORK, check=True, capture_output=True)
    assert [x.status for x in durable.jobs(context.workspace)] == ["CANCELLED"]
    assert _counts(context)[CaseStatus.NEW] == waiting


def test_what_another_version_queued_stops_nobody(context: Context) -> None:
    with durable.client(context.workspace) as queue:
        queue.enqueue(
            {"workflow_name": "assess", "queue_name": durable.QUEUE, "app_version": "0"}, {}
        )
    subprocess.run(WORK, check=True, capture_output=True, timeout=60)
    assert durable.jobs(context.workspace) == []


def test_a_second_worker_on_the_same_machine_is_refused(context: Context) -> None:
    first = subprocess.Popen(WORK[:-1], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not list(context.workspace.home.glob("worker-*.lock")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    second = subprocess.run(WORK, check=False, capture_output=True, text=True, timeout=60)
    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=30) == 0
    assert second.returncode == 1
    assert "a worker is running on this machine already" in " ".join(second.stderr.split())


def test_a_failed_job_is_said_once(context: Context) -> None:
    with durable.client(context.workspace) as queue:
        queue.enqueue(
            {
                "workflow_name": "assess",
                "queue_name": durable.QUEUE,
                "app_version": durable.VERSION,
            },
            {"nonsense": True},
        )
    first = subprocess.run(WORK, check=False, capture_output=True, text=True, timeout=60)
    again = subprocess.run(WORK, check=False, capture_output=True, text=True, timeout=60)
    assert (first.returncode, again.returncode) == (3, 0)
    assert "0 jobs finished, 1 failed" in first.stderr
