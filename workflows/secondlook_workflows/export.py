"""export: cases with assessments and decisions in a registered format."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from secondlook.errors import UsageError
from secondlook.plugins import Plugins
from secondlook.registry import Exporter
from secondlook.store.worklist import CaseExport
from secondlook_workflows.context import Context
from secondlook_workflows.export_cases import Choice, chosen, expected
from secondlook_workflows.export_files import check_place, whole_file, whole_folder
from secondlook_workflows.export_reader import StoredReader
from secondlook_workflows.recorded import recorded


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """What to export, how, and where to; None is standard output."""

    domain: str
    format: str
    out: Path | None = None
    cases: tuple[str, ...] = ()
    """Only these: ids, or beginnings of them."""
    decided: bool | None = None
    """Only what is decided, or only what is not."""
    since: datetime | None = None
    """Only what was decided, or while it is open came in, at this moment or later."""
    force: bool = False
    """Whether files that are there already are replaced."""


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """How many cases were written, into how many files, and what is missing in them."""

    cases: int
    out: str | None
    files: int = 0
    warnings: tuple[str, ...] = ()


def run(config: ExportConfig, context: Context) -> ExportReport:
    """Write the export. A file, and a new folder, appears whole or not at all.

    Raises UsageError for a format that is not for the domain or that needs a place, and for a
    place that is taken.
    """
    context.plugins.domain(config.domain)
    exporter = _exporter(config, context.plugins)
    into_folder = config.out is not None and _is_folder(exporter, config.out)
    if config.out is not None:
        check_place(config.out, into_folder=into_folder, force=config.force)
    with recorded("export", config, context) as metrics, context.workspace.database.read() as unit:
        choice = Choice.of(config, unit)
        context.progress.start("export", expected(choice, unit))
        shown = map(context.withholding.export, chosen(choice, unit))
        cases = _told(shown, context)
        reader = StoredReader(
            domain=context.plugins.domain(config.domain),
            at=datetime.now(UTC),
            plugins=context.plugins,
            blobs=context.workspace.blobs,
            audit=unit.audit,
        )
        count, files = _write(exporter, cases, reader, config, into_folder=into_folder)
        metrics["cases"] = count
    return ExportReport(
        cases=count,
        out=str(config.out) if config.out else None,
        files=files,
        warnings=reader.told(),
    )


def _exporter(config: ExportConfig, plugins: Plugins) -> Exporter:
    exporter = plugins.exporter(config.format)
    if exporter.domain not in (None, config.domain):
        raise UsageError(
            f"the format {exporter.name!r} is for {exporter.domain} only, not for {config.domain}"
        )
    if config.out is None and exporter.binary:
        raise UsageError(
            f"the format {exporter.name!r} is no text, so it needs a file: give --out PATH"
        )
    return exporter


def _is_folder(exporter: Exporter, out: Path) -> bool:
    """A folder that is there, or a name without an ending for a format that fills folders."""
    return exporter.folder is not None and (out.is_dir() or not out.suffix)


def _told(cases: Iterator[CaseExport], context: Context) -> Iterator[CaseExport]:
    for item in cases:
        yield item
        context.progress.advance()


def _write(
    exporter: Exporter,
    cases: Iterator[CaseExport],
    reader: StoredReader,
    config: ExportConfig,
    *,
    into_folder: bool,
) -> tuple[int, int]:
    """How many cases and files were written."""
    if config.out is None:
        with _standard_output() as out:
            return _one(exporter, cases, out, reader), 0
    if not into_folder:
        with whole_file(config.out, force=config.force) as out:
            return _one(exporter, cases, out, reader), 1
    with whole_folder(config.out, force=config.force) as folder:
        reader.folder = folder
        count = _into(folder, exporter, cases, reader)
        return count, sum(x.is_file() for x in folder.rglob("*"))


def _into(
    folder: Path, exporter: Exporter, cases: Iterator[CaseExport], reader: StoredReader
) -> int:
    name = exporter.folder
    if not callable(name):
        with (folder / (name or exporter.name)).open("xb") as out:
            return _one(exporter, cases, out, reader)
    count = 0
    for item in cases:
        with (folder / name(item)).open("xb") as out:
            count += _one(exporter, iter((item,)), out, reader)
    return count


def _one(
    exporter: Exporter, cases: Iterator[CaseExport], out: IO[bytes], reader: StoredReader
) -> int:
    if exporter.build is not None:
        return exporter.build(cases, out, reader)
    assert exporter.write is not None  # an Exporter has one of both
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        return exporter.write(cases, text)
    finally:
        text.detach()


@contextmanager
def _standard_output() -> Iterator[IO[bytes]]:
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
