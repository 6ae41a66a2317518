"""Labelled cases to measure on: a folder in MVTec layout, or a manifest.

DIR/test/good/*          good parts
DIR/test/<class>/*       parts with a defect of that class
DIR/ground_truth/<class>/<stem>*.png    masks, where there are any
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from secondlook.cases import Case, NewCase
from secondlook.domain import CaseSource, Domain, Opened
from secondlook.errors import IntakeError
from secondlook_workflows.context import Context
from secondlook_workflows.gather import Gathered, gather

GOOD = frozenset({"good", "ok", "normal", "no finding", "none", ""})
"""Labels that mean nothing was found."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A case with what is true of it."""

    case: Case
    labels: frozenset[str]
    """Empty for a good one."""
    paths: dict[str, Path]
    """Where the attachments lie, by sha256."""
    mask: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Labelled cases and how many files could not be read."""

    cases: tuple[Labelled, ...]
    quarantined: int
    notes: tuple[str, ...] = ()


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
        cases.append(_labelled(item, labels, mask, len(cases)))
    return Dataset(cases=tuple(cases), quarantined=len(gathered.quarantined))


def from_manifest(path: Path, domain: Domain, context: Context) -> Dataset:
    """Rows with a label; only those of the split `test`, where the manifest has splits."""
    gathered = _gather(path, domain, context)
    rows = gathered.source.rows
    split = {x.split.lower() for x in rows if x.split}
    cases: list[Labelled] = []
    outside = unlabelled = 0
    for item in _opened(domain, gathered):
        row = next((rows[f.row] for f in item.files if f.row is not None), None)
        row = row or next((r for r in rows if r.note in item.case.records), None)
        if row is None or not row.labels:
            unlabelled += 1
        elif "test" in split and (row.split or "").lower() != "test":
            outside += 1
        else:
            labels = frozenset(x for x in row.labels if x.lower() not in GOOD)
            cases.append(_labelled(item, labels, None, len(cases)))
    notes = []
    if unlabelled:
        notes.append(f"{unlabelled} cases have no label and were left out")
    if outside:
        notes.append(f"{outside} cases are not of the split `test` and were left out")
    return Dataset(cases=tuple(cases), quarantined=len(gathered.quarantined), notes=tuple(notes))


def _gather(source: Path, domain: Domain, context: Context) -> Gathered:
    kind = domain.record_kind
    return gather((source,), (), kind=kind, product=None, context=context, keep=False)


def _opened(domain: Domain, gathered: Gathered) -> Iterator[Opened]:
    if gathered.interrupted:
        raise KeyboardInterrupt
    source: CaseSource = gathered.source
    yield from (x for x in domain.open_cases(source) if isinstance(x, Opened))


def _labelled(item: Opened, labels: frozenset[str], mask: Path | None, number: int) -> Labelled:
    return Labelled(
        case=_transient(item.case, number),
        labels=labels,
        paths={x.attachment.sha256: x.path for x in item.files},
        mask=mask,
    )


def _transient(new: NewCase, number: int) -> Case:
    return Case(
        id=f"evaluate-{number}",
        domain=new.domain,
        title=new.title,
        product=new.product,
        attachments=new.attachments,
        records=new.records,
        opened_at=datetime.now(UTC),
        facts=new.facts,
    )


def _mask(folder: Path, stem: str) -> Path | None:
    candidates = (folder / f"{stem}{ending}.png" for ending in ("", "_mask"))
    return next((x for x in candidates if x.is_file()), None)
