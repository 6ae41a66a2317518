"""verify-audit: is the trail what was written, and does it hold what an earlier export held?

Chains and their signed heads show edits from inside. Only a list of heads kept outside the
database shows that everything was put back to an earlier state.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from secondlook.errors import UsageError
from secondlook.store.audit import AuditReport
from secondlook_workflows.context import Context

Head = tuple[str, int, str]
"""Chain, number of its last event, hash of it."""


@dataclass(frozen=True, kw_only=True)
class VerifyConfig:
    """`against` is an earlier export; `export` is written once the trail verifies."""

    against: Path | None = None
    export: Path | None = None


def run(config: VerifyConfig, context: Context) -> AuditReport:
    """Verify every chain. Heads are exported only from a trail without problems."""
    earlier = _read(config.against) if config.against else None
    with context.workspace.database.read() as unit:
        report = unit.audit.verify(earlier)
        if config.export is not None and not report.problems:
            _write(config.export, unit.audit.heads())
    return report


def _read(path: Path) -> list[Head]:
    try:
        heads = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [(str(chain), int(seq), str(digest)) for chain, seq, digest in heads]
    except FileNotFoundError:
        raise UsageError(f"there is no {path} to compare with") from None
    except (ValueError, TypeError):
        raise UsageError(f"{path} is no list of heads as --export-heads writes it") from None


def _write(path: Path, heads: Iterator[Head]) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(x) + "\n" for x in heads)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
