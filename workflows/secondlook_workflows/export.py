"""export: cases with assessments and decisions in a registered format."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from secondlook_workflows.context import Context
from secondlook_workflows.recorded import recorded


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """What to export, how, and where to; None is standard output."""

    domain: str
    format: str
    out: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """How many cases were written."""

    cases: int
    out: str | None


def run(config: ExportConfig, context: Context) -> ExportReport:
    """Write the export. A file appears whole or not at all."""
    context.plugins.domain(config.domain)
    exporter = context.plugins.exporter(config.format)
    with recorded("export", config, context) as metrics, context.workspace.database.read() as unit:
        cases = unit.worklist.export(config.domain)
        if config.out is None:
            count = exporter.write(cases, sys.stdout)
        else:
            draft = config.out.with_name(f".{config.out.name}.{os.getpid()}")
            try:
                with draft.open("w", encoding="utf-8", newline="") as file:
                    count = exporter.write(cases, file)
                draft.replace(config.out)
            finally:
                draft.unlink(missing_ok=True)
        metrics["cases"] = count
    return ExportReport(cases=count, out=str(config.out) if config.out else None)
