"""Reading sources through intake: folders, files and manifests into one `CaseSource`.

The bytes of every accepted file are in the blob store before its case is opened, so a case never
points at a file that is not there.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from secondlook.deid.dicom import Plan
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.names import plain_source
from secondlook.domain import CaseSource, IntakeFile, ManifestRow
from secondlook.errors import ManifestError
from secondlook.intake.manifest import read_manifest
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.intake.reader import Reader
from secondlook.intake.sources import FoundFile, walk
from secondlook.store.blobs import BlobStore
from secondlook.workspace import Workspace
from secondlook_workflows.context import Context
from secondlook_workflows.guard import Guard, Read, hidden_error
from secondlook_workflows.links import Links
from secondlook_workflows.manifest_facts import with_stated
from secondlook_workflows.redacting import (
    Scopes,
    Source,
    redacted_file,
    redacted_rows,
    told_apart,
)

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
    links: Links = field(default_factory=Links)
    """The way back to the patients, where names were removed."""


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
    plan: Plan | None = None,
) -> Gathered:
    """Read everything that `sources` and `records` name; `keep` stores the bytes as blobs.

    With a `plan` whatever identifies is removed first: no name is in what is stored or returned,
    but for `links` and the paths of files.

    Raises IntakeError if a manifest itself makes no sense. On Ctrl-C, cases of which a file was
    not read yet are left out, the others are kept.
    """
    whole = _planned(sources, records, hide=plan is not None)
    read: list[tuple[Wanted, Read]] = []
    interrupted = False
    blobs = context.workspace.blobs if keep else None
    context.progress.start("reading files", len(whole.wanted))
    with _reading(context.workspace, plan) as (reader, guard):
        try:
            for wanted in whole.wanted:
                read.append((wanted, _read(wanted, reader, guard, kind, blobs)))
                context.progress.advance()
        except KeyboardInterrupt:
            interrupted = True
    links, rows = Links(), whole.rows
    if guard is not None:
        read, rows, links = _redacted(read, rows, guard, blobs)
        whole.refused = [guard.hidden(x) for x in whole.refused]
    left_out = _unread_cases(whole, {w.row for w in whole.wanted[len(read) :]})
    outcomes = [(w, x.outcome) for w, x in read]
    accepted = [
        (w, x if w.row is None else with_stated(x, rows[w.row]))
        for w, x in outcomes
        if isinstance(x, IntakeFile) and w.row not in left_out
    ]
    return Gathered(
        CaseSource(
            files=tuple(x for w, x in accepted if not w.shared),
            records=tuple(x.record for w, x in accepted if w.shared and x.record is not None),
            rows=tuple(r if i not in left_out else EMPTY_ROW for i, r in enumerate(rows)),
            product=product,
        ),
        (*whole.refused, *(x for _, x in outcomes if isinstance(x, QuarantinedFile))),
        interrupted,
        links,
    )


def names_given(
    sources: Sequence[Path], records: Sequence[Path], pseudonyms: Pseudonyms
) -> dict[str, str]:
    """What whoever runs this calls each file, by its pseudonym. Nothing is read, nothing is kept.

    Raises IntakeError if a manifest itself makes no sense.
    """
    whole = _planned(sources, records, hide=True)
    known = (*(x.source for x in whole.wanted), *(x.source for x in whole.refused))
    return {plain_source(x, pseudonyms): x for x in known}


@contextmanager
def _reading(workspace: Workspace, plan: Plan | None) -> Iterator[tuple[Reader, Guard | None]]:
    with Reader(workspace.settings.limits) as reader, ExitStack() as stack:
        if plan is None:
            yield reader, None
            return
        folder = TemporaryDirectory(dir=workspace.home, prefix=".incoming-")
        yield reader, Guard(plan, reader, Path(stack.enter_context(folder)))


def _read(
    wanted: Wanted, reader: Reader, guard: Guard | None, kind: str, blobs: BlobStore | None
) -> Read:
    if guard is None:
        read = Read(reader.read(wanted.path, wanted.source, kind=kind), wanted.path)
    else:
        read = guard.read(wanted.path, wanted.source, kind=kind)
    outcome = read.outcome
    later = guard is not None and isinstance(outcome, IntakeFile) and outcome.record is not None
    if isinstance(outcome, IntakeFile) and blobs is not None and not later:
        outcome = _stored(outcome, read.bytes_in, blobs)
    return replace(read, outcome=replace(outcome, row=wanted.row))


def _stored(file: IntakeFile, bytes_in: Path, blobs: BlobStore) -> IntakeFile | QuarantinedFile:
    stored = blobs.put_file(bytes_in)
    if stored == file.attachment.sha256:
        return file
    return QuarantinedFile(
        source=file.source,
        reason=Reason.UNREADABLE,
        detail="The file changed while it was read; run the same command again.",
        sha256=stored,
    )


def _redacted(
    read: Sequence[tuple[Wanted, Read]],
    rows: Sequence[ManifestRow],
    guard: Guard,
    blobs: BlobStore | None,
) -> tuple[list[tuple[Wanted, Read]], list[ManifestRow], Links]:
    """Documents and rows without names, and what they were called before."""
    sources = [Source(w.source, x.identity, w.row, w.shared) for w, x in read]
    scopes = Scopes(sources, rows)
    apart = told_apart(rows, [(w.row, x.outcome) for w, x in read])
    plain = list(redacted_rows(rows, scopes, guard.plan.pseudonyms, apart))
    links = Links(rows, plain)
    done: list[tuple[Wanted, Read]] = []
    for source, (wanted, x) in zip(sources, read, strict=True):
        outcome = x.outcome
        if isinstance(outcome, IntakeFile):
            if outcome.record is not None:
                outcome = redacted_file(outcome, scopes.of_file(source))
                if blobs is not None and outcome.record is not None:
                    blobs.put_bytes(outcome.record.text.encode())
            links.add(outcome, source)
        done.append((wanted, replace(x, outcome=outcome)))
    return done, plain, links


def _planned(sources: Sequence[Path], records: Sequence[Path], *, hide: bool) -> _Plan:
    plan = _Plan()
    for item in walk(records):
        _add(plan, item, shared=True)
    manifests = [x for x in sources if x.suffix.lower() == ".csv" and x.is_file()]
    for path in manifests:
        try:
            _add_manifest(plan, path)
        except ManifestError as error:
            if not hide:
                raise
            raise hidden_error(error) from None
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
