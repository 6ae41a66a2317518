"""Labelled cases to learn from or to measure on: a folder in MVTec layout, or a manifest.

DIR/test/good/*          good parts
DIR/test/<class>/*       parts with a defect of that class
DIR/ground_truth/<class>/<stem>*.png    masks, where there are any
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from secondlook.cases import GROUP, NOTHING, Case, NewCase
from secondlook.domain import CaseSource, Domain, ManifestRow, Opened
from secondlook.errors import IntakeError
from secondlook_workflows.context import Context
from secondlook_workflows.gather import Gathered, gather
from secondlook_workflows.groups import group_name
from secondlook_workflows.ingest import FileOutcome, refused

GOOD = frozenset({"good", "ok", "normal", "no finding", "none", NOTHING, ""})
"""Labels that mean nothing was found."""
TEST = "test"
"""The split that is measured on and never learned from."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A case with what is true of it."""

    case: Case
    labels: frozenset[str]
    """Empty for a good one."""
    paths: dict[str, Path]
    """Where the attachments lie, by sha256."""
    mask: Path | None = None

    @property
    def group(self) -> str:
        """What it is never to be parted from; itself where nothing was said."""
        return str(self.case.facts.get(GROUP) or self.case.id)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Labelled cases and the files that could not be read."""

    cases: tuple[Labelled, ...]
    refused: tuple[FileOutcome, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Rows:
    """The cases of a manifest, and how many were left out."""

    cases: list[Labelled] = field(default_factory=list)
    unlabelled: int = 0
    outside: int = 0

    def notes(self, learn: bool) -> Iterator[str]:
        if self.unlabelled:
            yield f"{self.unlabelled} cases have no label and were left out"
        if self.outside:
            split = f"{'' if learn else 'not '}of the split `{TEST}`"
            yield f"{self.outside} cases are {split} and were left out"


def from_folder(folder: Path, domain: Domain, context: Context) -> Dataset:
    """Every image below `test/`, labelled by the folder it lies in."""
    tests = folder / "test"
    if not tests.is_dir():
        raise IntakeError(f"{folder} has no folder `test`; a dataset is DIR/test/<class>/*")
    gathered = _gather(tests, domain, context)
    cases: list[Labelled] = []
    for item in _opened(domain, gathered):
        path = item.files[0].path
        label = path.relative_to(tests).parts[0]
        labels = frozenset() if label.lower() in GOOD else frozenset({label})
        mask = _mask(folder / "ground_truth" / label, path.stem)
        cases.append(_labelled(item, labels, len(cases), mask=mask))
    return Dataset(cases=tuple(cases), refused=_refused(gathered))


def from_manifest(
    path: Path,
    domain: Domain,
    context: Context,
    *,
    learn: bool = False,
    whole: bool = False,
    labelled: bool = True,
    product: str | None = None,
) -> Dataset:
    """Rows with a label, those of the split `test` where the manifest has splits.

    With `learn` it is the other rows that count, with `whole` all of them; with `labelled` False
    rows without a label count, too. Raises ModelError where a group lies on both sides of the
    split.
    """
    gathered = _gather(path, domain, context, product)
    rows = gathered.source.rows
    splits = {(x.split or "").lower() for x in rows}
    wanted = splits if whole else splits - {TEST} if learn else splits & {TEST} or splits
    if not whole:
        _check_groups(rows)
    found = _Rows()
    for item in _opened(domain, gathered):
        row = _row(item, rows)
        if row is None or labelled and not row.labels:
            found.unlabelled += 1
        elif (row.split or "").lower() not in wanted:
            found.outside += 1
        else:
            labels = frozenset(x for x in row.labels if x.lower() not in GOOD)
            found.cases.append(_labelled(item, labels, len(found.cases), group=row.group))
    return Dataset(
        cases=tuple(found.cases), refused=_refused(gathered), notes=tuple(found.notes(learn))
    )


def _check_groups(rows: Sequence[ManifestRow]) -> None:
    from secondlook.training.folds import check_split

    grouped = [x for x in rows if x.group]
    check_split(
        [x.group or "" for x in grouped], [(x.split or "").lower() == TEST for x in grouped]
    )


def _row(item: Opened, rows: tuple[ManifestRow, ...]) -> ManifestRow | None:
    row = next((rows[f.row] for f in item.files if f.row is not None), None)
    return row or next((r for r in rows if r.note in item.case.records), None)


def _gather(source: Path, domain: Domain, context: Context, product: str | None = None) -> Gathered:
    kind = domain.record_kind
    return gather((source,), (), kind=kind, product=product, context=context, keep=False)


def _refused(gathered: Gathered) -> tuple[FileOutcome, ...]:
    return tuple(refused(x) for x in gathered.quarantined)


def _opened(domain: Domain, gathered: Gathered) -> Iterator[Opened]:
    if gathered.interrupted:
        raise KeyboardInterrupt
    source: CaseSource = gathered.source
    yield from (x for x in domain.open_cases(source) if isinstance(x, Opened))


def _labelled(
    item: Opened,
    labels: frozenset[str],
    number: int,
    *,
    mask: Path | None = None,
    group: str | None = None,
) -> Labelled:
    case = _transient(item.case, number, group)
    paths = {x.attachment.sha256: x.path for x in item.files}
    return Labelled(case=case, labels=labels, paths=paths, mask=mask)


def _transient(new: NewCase, number: int, group: str | None) -> Case:
    return Case(
        id=f"evaluate-{number}",
        domain=new.domain,
        title=new.title,
        product=new.product,
        attachments=new.attachments,
        records=new.records,
        opened_at=datetime.now(UTC),
        facts={**new.facts, **({GROUP: group_name(group)} if group else {})},
    )


def _mask(folder: Path, stem: str) -> Path | None:
    candidates = (folder / f"{stem}{ending}.png" for ending in ("", "_mask"))
    return next((x for x in candidates if x.is_file()), None)
