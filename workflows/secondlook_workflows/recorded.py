"""A verb as a row of `runs`: what was asked, by which code, how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from secondlook.codec import to_plain
from secondlook.version import code_version
from secondlook_workflows.context import Context


@contextmanager
def recorded(
    verb: str, config: Any, context: Context, *, seed: int | None = None
) -> Iterator[dict[str, Any]]:
    """Record a run; what is put into the yielded dictionary becomes its metrics."""
    database = context.workspace.database
    with database.write() as unit:
        run = unit.runs.start(verb, to_plain(config), seed=seed, code_version=code_version())
        unit.commit()
    metrics: dict[str, Any] = {}
    status = "failed"
    try:
        yield metrics
        status = "interrupted" if metrics.get("interrupted") else "finished"
    finally:
        with database.write() as unit:
            unit.runs.finish(run, status=status, metrics=metrics)
            unit.commit()
