"""A verb as a row of `runs`: what was asked, by which code, how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from secondlook.codec import to_plain
from secondlook.deid.keys import Pseudonyms
from secondlook.version import code_version
from secondlook_workflows.context import Context


@contextmanager
def recorded(
    verb: str, config: Any, context: Context, *, seed: int | None = None
) -> Iterator[dict[str, Any]]:
    """Record a run; what is put into the yielded dictionary becomes its metrics."""
    database = context.workspace.database
    with database.write() as unit:
        run = unit.runs.start(
            verb, _plain(config, database.pseudonyms), seed=seed, code_version=code_version()
        )
        unit.commit()
    metrics: dict[str, Any] = {}
    status = "failed"
    try:
        yield metrics
        status = "interrupted" if metrics.get("interrupted") else "finished"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        with database.write() as unit:
            unit.runs.finish(run, status=status, metrics=metrics)
            unit.commit()


def _plain(config: Any, names: Pseudonyms) -> dict[str, Any]:
    """The configuration with a keyed hash for each path: file names may name patients."""
    values = {x.name: _hide(getattr(config, x.name), names) for x in fields(config)}
    plain: dict[str, Any] = to_plain(values)
    return plain


def _hide(value: Any, names: Pseudonyms) -> Any:
    if isinstance(value, tuple):
        return [_hide(x, names) for x in value]
    if isinstance(value, Path):
        return f"path {names.word('path', str(value.absolute()), 16)}"
    return value
