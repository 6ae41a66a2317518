"""Queued work that survives a kill, on DBOS Transact: nothing here is a queue of our own.

A queued assessment is a workflow whose steps are small batches of case ids. A worker that dies in
the middle is taken over from the last finished step; a batch done twice stores nothing twice,
because an assessment is one row per case, adapter and inputs.

Workflows are stored as JSON. DBOS would pickle by default, and a database must not be able to run
code.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, Serializer

from secondlook.errors import UsageError
from secondlook.workspace import Workspace

QUEUE = "secondlook"
ASSESS = "assess"
VERSION = "1"
"""Of the workflows' steps and words, not of the program: an upgrade finds what was queued."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A queued or finished piece of work."""

    id: str
    verb: str
    status: str
    """`ENQUEUED`, `PENDING` (running), `SUCCESS`, `ERROR` or `CANCELLED`."""
    outcome: Any = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status not in ("ENQUEUED", "PENDING", "DELAYED")


class JsonSerializer(Serializer):
    """Workflow inputs and outputs as JSON; an error as its type and message."""

    def serialize(self, data: Any) -> str:
        """Raises TypeError for what is not JSON, so that a mistake shows when it is made."""
        if isinstance(data, BaseException):
            data = {"error": [type(data).__name__, str(data)]}
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        """The value, or a RuntimeError that stands for the stored error."""
        data = json.loads(serialized_data)
        if isinstance(data, dict) and list(data) == ["error"]:
            return RuntimeError(": ".join(data["error"]))
        return data

    def name(self) -> str:
        """Stored beside each value, so that another version knows how to read it."""
        return "json"


def dbos_config(workspace: Workspace) -> DBOSConfig:
    """Settings for a worker: nothing is sent anywhere, one application version."""
    return {
        "name": "secondlook",
        "system_database_url": workspace.workflows_url,
        "application_version": VERSION,
        # A worker that starts again on this machine takes over what the last one left.
        "executor_id": socket.gethostname(),
        "serializer": JsonSerializer(),
        "log_level": "WARNING",
        "enable_otlp": False,
    }


@contextmanager
def client(workspace: Workspace) -> Iterator[DBOSClient]:
    """A client that queues and lists work without running any."""
    DBOS.migrate(workspace.workflows_url)
    opened = DBOSClient(system_database_url=workspace.workflows_url, serializer=JsonSerializer())
    try:
        yield opened
    finally:
        opened.destroy()


def enqueue_assess(
    workspace: Workspace,
    *,
    domain: str | None = None,
    cases: tuple[str, ...] = (),
    adapter: str | None = None,
    limit: int | None = None,
    key: str | None = None,
) -> str:
    """Queue first looks, for these case ids or for all that wait; the job's id.

    What is queued under the same `key` again is the same job.
    """
    options: EnqueueOptions = {
        "workflow_name": ASSESS,
        "queue_name": QUEUE,
        "app_version": VERSION,
    }
    if key is not None:
        options["workflow_id"] = key
    with client(workspace) as queue:
        handle: Any = queue.enqueue(
            options,
            {"domain": domain, "cases": list(cases), "adapter": adapter, "limit": limit},
        )
        return str(handle.get_workflow_id())


def jobs(workspace: Workspace, limit: int = 50) -> list[Job]:
    """The latest jobs, newest first."""
    with client(workspace) as queue:
        found = queue.list_workflows(limit=limit, sort_desc=True, app_version=VERSION)
    return [Job(id=x.workflow_id, verb=x.name, status=x.status, outcome=x.output) for x in found]


def cancel(workspace: Workspace, job: str) -> None:
    """Stop a job before its next batch. Raises UsageError for one that is not there."""
    if job not in {x.id for x in jobs(workspace)}:
        raise UsageError(f"there is no job {job!r}; see `secondlook jobs`")
    with client(workspace) as queue:
        queue.cancel_workflow(job)
