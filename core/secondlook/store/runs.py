"""Runs: each execution of a workflow, with what it was asked and what came out."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from secondlook.errors import NotFound
from secondlook.store import clock
from secondlook.store.assessment_tables import RunRow
from secondlook.store.values import plain

RUNNING = "running"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a workflow; `status` is `running` until it finishes."""

    id: str
    verb: str
    config: Mapping[str, Any]
    seed: int | None
    code_version: str
    status: str
    metrics: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None


class Runs:
    """The runs of the workspace."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(
        self, verb: str, config: Mapping[str, Any], *, seed: int | None, code_version: str
    ) -> str:
        """Note that a run begins; returns its id."""
        run_id = uuid.uuid4().hex
        self._session.execute(
            insert(RunRow).values(
                id=run_id,
                verb=verb,
                config=plain(config, "a run's configuration"),
                seed=seed,
                code_version=code_version,
                status=RUNNING,
                metrics={},
                started_at=clock.now(),
            )
        )
        return run_id

    def finish(self, run_id: str, *, status: str, metrics: Mapping[str, Any]) -> None:
        """Note how a run ended. NotFound."""
        done = self._session.execute(
            update(RunRow)
            .where(RunRow.id == run_id)
            .values(status=status, metrics=plain(metrics, "metrics"), finished_at=clock.now())
            .returning(RunRow.id)
        ).one_or_none()
        if done is None:
            raise NotFound(f"There is no run {run_id!r} to finish.")

    def all(self, limit: int = 100) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        order = (RunRow.started_at.desc(), RunRow.id)
        rows = self._session.scalars(select(RunRow).order_by(*order).limit(limit))
        return tuple(_run(row) for row in rows)

    def get(self, run_id: str) -> Run:
        """One run. NotFound."""
        row = self._session.get(RunRow, run_id, populate_existing=True)
        if row is None:
            raise NotFound(f"There is no run {run_id!r}.")
        return _run(row)


def _run(row: RunRow) -> Run:
    return Run(
        id=row.id,
        verb=row.verb,
        config=row.config,
        seed=row.seed,
        code_version=row.code_version,
        status=row.status,
        metrics=row.metrics,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
