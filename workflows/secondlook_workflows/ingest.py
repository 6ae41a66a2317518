"""ingest: files in, cases out; every file gets an outcome and a second call adds nothing.

A file that cannot be read becomes a quarantine row and its neighbours go on. Ctrl-C stops reading
and opens the cases whose files were read; running the same command again does the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secondlook.deid.seal import Seal
from secondlook.domain import CaseSource, Domain, IntakeFile, Opened, Unused
from secondlook.intake.kept import NOT_ASSESSED
from secondlook.intake.outcome import QuarantinedFile
from secondlook.store.cases import AddedCase
from secondlook_workflows.context import Context
from secondlook_workflows.gather import Gathered, gather
from secondlook_workflows.groups import grouped, put_aside
from secondlook_workflows.guard import link_seal, plan_for
from secondlook_workflows.links import Links
from secondlook_workflows.products import check_product
from secondlook_workflows.recorded import recorded
from secondlook_workflows.series_notes import series_notes

BATCH = 100
"""Cases per transaction: long enough to be fast, short enough not to block reviewers."""


class Outcome(StrEnum):
    """What became of one file."""

    OPENED = "opened"
    """It belongs to a case that is new."""
    JOINED = "joined"
    """It belongs to a case that was there and now has more than before."""
    KNOWN = "known"
    """Its case was there already, with this file."""
    KEPT = "kept"
    """It was read and belongs to no case; the reason says why."""
    QUARANTINED = "quarantined"


@dataclass(frozen=True, kw_only=True)
class IngestConfig:
    """What to read, for which domain."""

    domain: str
    sources: tuple[Path, ...]
    records: tuple[Path, ...] = ()
    product: str | None = None
    pixels_checked: bool = False
    """Somebody has looked at the pictures: none of them shows a name."""


@dataclass(frozen=True, kw_only=True)
class FileOutcome:
    """What became of one file, by the name the user knows."""

    source: str
    outcome: Outcome
    case: str | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, kw_only=True)
class IngestReport:
    """Outcomes of all files, and how many cases they made."""

    domain: str
    files: tuple[FileOutcome, ...]
    cases: tuple[str, ...]
    """Ids of all cases of this source, new and known."""
    added: int
    changed: int
    notes: tuple[str, ...] = ()
    """What became of the records given for every case, where it may surprise, and which series
    are no volume to rely on."""
    interrupted: bool = False

    @property
    def quarantined(self) -> tuple[FileOutcome, ...]:
        """The files that could not be read."""
        return tuple(x for x in self.files if x.outcome is Outcome.QUARANTINED)


def run(config: IngestConfig, context: Context) -> IngestReport:
    """Read the sources and open their cases."""
    domain = context.plugins.domain(config.domain)
    check_product(config.product)
    plan = plan_for(domain, context.workspace, pixels_checked=config.pixels_checked)
    with recorded("ingest", config, context) as metrics:
        gathered = gather(
            config.sources,
            config.records,
            kind=domain.record_kind,
            product=config.product,
            context=context,
            plan=plan,
        )
        _quarantine(gathered.quarantined, config.domain, context)
        seal = link_seal(context.workspace) if plan is not None else None
        report = _open(domain, gathered, context, seal)
        files = (*report.files, *(refused(x) for x in gathered.quarantined))
        report = IngestReport(
            domain=config.domain,
            files=tuple(sorted(files, key=lambda x: x.source)),
            cases=report.cases,
            added=report.added,
            changed=report.changed,
            notes=(*report.notes, *_former(gathered.source, config, context)),
            interrupted=gathered.interrupted,
        )
        metrics |= _summary(report)
    return report


def _former(source: CaseSource, config: IngestConfig, context: Context) -> tuple[str, ...]:
    """Records that are former revisions of the product's manual: no case is judged by them."""
    if config.product is None:
        return ()
    with context.workspace.database.read() as unit:
        if unit.products.find(config.domain, config.product) is None:
            return ()
        history = unit.products.history(config.domain, config.product)
    standing = history[-1].spec
    former = {x.spec.manual: x.spec.revision for x in history} | {standing.manual: None}
    given = {x.sha256: x for x in (*source.records, *(f.record for f in source.files if f.record))}
    return tuple(
        f"{record.name} is revision {former[sha256]} of the manual of {config.product}: the cases "
        f"are judged by revision {standing.revision}, which stands now"
        for sha256, record in given.items()
        if former.get(sha256) is not None
    )


def _quarantine(files: Sequence[QuarantinedFile], domain: str, context: Context) -> None:
    with context.workspace.database.write() as unit:
        for file in files:
            unit.quarantine.add(file, domain=domain)
        unit.commit()


def _open(domain: Domain, gathered: Gathered, context: Context, seal: Seal | None) -> IngestReport:
    from secondlook.intake.patients import SeveralPatients

    source = gathered.source
    opened: list[Opened] = []
    files: list[FileOutcome] = []
    for item in domain.open_cases(source):
        if isinstance(item, Unused):
            files.append(_kept(item))
            continue
        try:
            opened.append(grouped(item, source, context.workspace.database.groups))
        except SeveralPatients:
            _quarantine(put_aside(item), domain.name, context)
            files.extend(refused(x) for x in put_aside(item))
    cases: dict[str, None] = {}
    counts = {Outcome.OPENED: 0, Outcome.JOINED: 0, Outcome.KNOWN: 0}
    context.progress.start("opening cases", len(opened))
    for batch in _batches(opened):
        for item, case, outcome in _store(batch, context, gathered.links, seal):
            if outcome is Outcome.QUARANTINED:
                files.extend(refused(x) for x in put_aside(item))
                continue
            cases[case] = None
            counts[outcome] += 1
            files.extend(_belongs(x, case, outcome) for x in item.files)
        context.progress.advance(len(batch))
    return IngestReport(
        domain=domain.name,
        files=tuple(files),
        cases=tuple(cases),
        added=counts[Outcome.OPENED],
        changed=counts[Outcome.JOINED],
        notes=tuple(note for x in opened for note in series_notes(x.case)),
    )


def _store(
    batch: Sequence[Opened], context: Context, links: Links, seal: Seal | None
) -> list[tuple[Opened, str, Outcome]]:
    stored = []
    with context.workspace.database.write() as unit:
        for item in batch:
            added = unit.cases.add(item.case, actor=context.actor)
            if added.parted:
                for file in put_aside(item):
                    unit.quarantine.add(file, domain=item.case.domain)
            elif seal is not None:
                unit.links.keep(added.id, links.of(item), seal)
            stored.append((item, added.id, _outcome(added)))
        unit.commit()
    return stored


def _outcome(added: AddedCase) -> Outcome:
    if added.parted:
        return Outcome.QUARANTINED
    if added.created:
        return Outcome.OPENED
    return Outcome.JOINED if added.changed else Outcome.KNOWN


def _batches(opened: Sequence[Opened]) -> Iterator[Sequence[Opened]]:
    for start in range(0, len(opened), BATCH):
        yield opened[start : start + BATCH]


def _belongs(file: IntakeFile, case: str, outcome: Outcome) -> FileOutcome:
    code = str(file.attachment.facts.get("not_assessed") or "") or None
    detail = NOT_ASSESSED.get(code) if code else None
    return FileOutcome(source=file.source, outcome=outcome, case=case, reason=code, detail=detail)


def _kept(item: Unused) -> FileOutcome:
    return FileOutcome(source=item.file.source, outcome=Outcome.KEPT, reason=item.reason)


def refused(file: QuarantinedFile) -> FileOutcome:
    """The outcome of a file that was quarantined."""
    return FileOutcome(
        source=file.source,
        outcome=Outcome.QUARANTINED,
        reason=file.reason.value,
        detail=file.detail,
    )


def _summary(report: IngestReport) -> dict[str, int | bool]:
    return {
        "files": len(report.files),
        "added": report.added,
        "changed": report.changed,
        "quarantined": len(report.quarantined),
        "interrupted": report.interrupted,
    }
