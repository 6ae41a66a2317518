"""work: a worker that runs queued jobs with one resident set of models.

Any number of workers may share a PostgreSQL; on SQLite run one.
"""

import socket
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from dbos import DBOS
from filelock import FileLock, Timeout

from secondlook.errors import WorkspaceError
from secondlook_workflows import assess, promote
from secondlook_workflows.assessor import Assessor
from secondlook_workflows.context import Context
from secondlook_workflows.durable import ASSESS, QUEUE, dbos_config, jobs

BATCH = 10
"""Cases per durable step: what is repeated at most after a kill."""
POLL_SECONDS = 0.5
PROMOTE_SECONDS = 5.0
"""Between two looks at who has waited too long."""


@dataclass(frozen=True, kw_only=True)
class WorkConfig:
    """How long to work: until stopped, or until nothing is queued any more."""

    until_idle: bool = False


@dataclass(frozen=True, kw_only=True)
class WorkReport:
    """How many jobs ended while the worker ran."""

    finished: int
    failed: int


class _Worker:
    """The context of this process; DBOS knows workflows only as module functions."""

    context: Context | None = None

    @classmethod
    def get(cls) -> Context:
        if cls.context is None:
            raise RuntimeError("a queued workflow was started outside `secondlook work`")
        return cls.context


@DBOS.step(name="waiting")
def _waiting(config: dict[str, Any]) -> list[str]:
    return assess.waiting(_config(config), _Worker.get())


@DBOS.step(name="assess_batch")
def _assess_batch(cases: list[str], adapter: str | None) -> dict[str, Any]:
    context = _Worker.get()
    # A fresh assessor: an adapter that was promoted meanwhile is used from here on.
    report = assess.look(cases, Assessor(context, adapter=adapter), context)
    return {"assessed": report.assessed, "failed": report.failed, "skipped": report.skipped}


@DBOS.workflow(name=ASSESS)
def _assess(config: dict[str, Any]) -> dict[str, Any]:
    cases = config["cases"] or _waiting(config)
    _Worker.get().progress.start("first looks", len(cases))
    done: dict[str, Any] = {"total": len(cases), "assessed": 0, "failed": {}, "skipped": {}}
    DBOS.set_event("progress", done)
    for start in range(0, len(cases), BATCH):
        batch = _assess_batch(cases[start : start + BATCH], config["adapter"])
        done["assessed"] += batch["assessed"]
        done["failed"] |= batch["failed"]
        done["skipped"] |= batch["skipped"]
        DBOS.set_event("progress", done)
    return done


def run(config: WorkConfig, context: Context) -> WorkReport:
    """Work until interrupted, or until idle.

    Raises WorkspaceError where another worker of this machine works on the same workspace.
    """
    lock = FileLock(context.workspace.home / f"worker-{socket.gethostname()}.lock", timeout=0)
    try:
        with lock:
            return _work(config, context)
    except Timeout:
        raise WorkspaceError(
            f"a worker is running on this machine already, for {context.workspace.home}"
        ) from None


def _work(config: WorkConfig, context: Context) -> WorkReport:
    _Worker.context = context
    before = {x.id for x in jobs(context.workspace) if x.ended}
    context.workspace.database.refit()
    promoter = promote.Promoter(context, every=PROMOTE_SECONDS)
    DBOS(config=dbos_config(context.workspace))
    DBOS.launch()
    try:
        DBOS.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLL_SECONDS)
        while promoter.look() and not (config.until_idle and _idle(context)):
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        pass
    finally:
        DBOS.destroy()
    states = Counter(x.status for x in jobs(context.workspace) if x.id not in before)
    return WorkReport(finished=states["SUCCESS"], failed=states["ERROR"])


def _idle(context: Context) -> bool:
    return all(x.ended for x in jobs(context.workspace))


def _config(config: dict[str, Any]) -> assess.AssessConfig:
    return assess.AssessConfig(
        domain=config["domain"], adapter=config["adapter"], limit=config["limit"]
    )
