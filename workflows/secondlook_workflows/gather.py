"""Reading sources through intake: folders, files and manifests into one `CaseSource`.

The bytes of every accepted file are in the blob store before its case is opened, so a case never
points at a file that is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from secondlook.domain import CaseSource, IntakeFile, ManifestRow
from secondlook.intake.manifest import read_manifest
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.intake.reader import Reader
from secondlook.intake.sources import FoundFile, walk
from secondlook.store.blobs import BlobStore
from secondlook_workflows.context import Context

EMPTY_ROW = ManifestRow(case=None)


@dataclass(frozen=True)
class Wanted:
    """A file that is to be read."""

    path: Path
    source: str
    row: int | None = None
    shared: bool = False
    """Given with `--record`: it goes with every case."""


@dataclass
class Gathered:
    """What reading the sources gave."""

    source: CaseSource
    quarantined: tuple[QuarantinedFile, ...]
    interrupted: bool = False


@dataclass
class _Plan:
    wanted: list[Wanted] = field(default_factory=list)
    refused: list[QuarantinedFile] = field(default_factory=list)
    rows: list[ManifestRow] = field(default_factory=list)


def gather(
    sources: Sequence[Path],
    records: Sequence[Path],
    *,
    kind: str,
    product: str | None,
    context: Context,
    keep: bool = True,
) -> Gathered:
    """Read everything that `sources` and `records` name; `keep` stores the bytes as blobs.

    Raises IntakeError if a manifest itself makes no sense. On Ctrl-C, cases of which a file was
    not read yet are left out, the others are kept.
    """
    plan = _plan(sources, records)
    read: list[tuple[Wanted, IntakeFile | QuarantinedFile]] = []
    interrupted = False
    blobs = context.workspace.blobs if keep else None
    context.progress.start("reading files", len(plan.wanted))
    with Reader(context.workspace.settings.limits) as reader:
        try:
            for wanted in plan.wanted:
                read.append((wanted, _read(wanted, reader, kind, blobs)))
                context.progress.advance()
        except KeyboardInterrupt:
            interrupted = True
    left_out = _unread_cases(plan, {w.row for w in plan.wanted[len(read) :]})
    accepted = [(w, x) for w, x in read if isinstance(x, IntakeFile) and w.row not in left_out]
    return Gathered(
        CaseSource(
            files=tuple(x for w, x in accepted if not w.shared),
            records=tuple(x.record for w, x in accepted if w.shared and x.record is not None),
            rows=tuple(r if i not in left_out else EMPTY_ROW for i, r in enumerate(plan.rows)),
            product=product,
        ),
        (*plan.refused, *(x for _, x in read if isinstance(x, QuarantinedFile))),
        interrupted,
    )


def _read(
    wanted: Wanted, reader: Reader, kind: str, blobs: BlobStore | None
) -> IntakeFile | QuarantinedFile:
    outcome = reader.read(wanted.path, wanted.source, kind=kind)
    if isinstance(outcome, IntakeFile) and blobs is not None:
        stored = blobs.put_file(wanted.path)
        if stored != outcome.attachment.sha256:
            return QuarantinedFile(
                source=wanted.source,
                reason=Reason.UNREADABLE,
                detail="The file changed while it was read; run the same command again.",
                sha256=stored,
                row=wanted.row,
            )
    return replace(outcome, row=wanted.row)


def _plan(sources: Sequence[Path], records: Sequence[Path]) -> _Plan:
    plan = _Plan()
    for item in walk(records):
        _add(plan, item, shared=True)
    manifests = [x for x in sources if x.suffix.lower() == ".csv" and x.is_file()]
    for path in manifests:
        _add_manifest(plan, path)
    for item in walk([x for x in sources if x not in manifests]):
        _add(plan, item, shared=False)
    return plan


def _add(plan: _Plan, item: FoundFile | QuarantinedFile, *, shared: bool) -> None:
    if isinstance(item, QuarantinedFile):
        plan.refused.append(item)
    else:
        plan.wanted.append(Wanted(item.path, item.source, shared=shared))


def _add_manifest(plan: _Plan, path: Path) -> None:
    manifest = read_manifest(path)
    first = len(plan.rows)
    plan.rows.extend(manifest.rows)
    plan.wanted.extend(Wanted(x.path, x.source, row=first + x.row) for x in manifest.files)
    for item in manifest.refused:
        row = None if item.row is None else first + item.row
        plan.refused.append(replace(item, row=row))


def _unread_cases(plan: _Plan, unread: set[int | None]) -> set[int]:
    """Rows whose case lacks a file that was not read: they wait for the next call."""
    names = {plan.rows[i].case for i in unread if i is not None} - {None}
    return {i for i, row in enumerate(plan.rows) if i in unread or (row.case and row.case in names)}
