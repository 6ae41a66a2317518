"""Labelled cases to learn from or to measure on: a folder in MVTec layout, or a manifest.

DIR/test/good/*          good parts
DIR/test/<class>/*       parts with a defect of that class
DIR/ground_truth/<class>/<stem>*.png    masks, where there are any
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from secondlook.cases import NOTHING, Case, Facts, NewCase
from secondlook.domain import CaseSource, Domain, Opened
from secondlook.errors import IntakeError
from secondlook_workflows.context import Context
from secondlook_workflows.gather import Gathered, gather
from secondlook_workflows.groups import group_of, grouped, put_aside
from secondlook_workflows.guard import plan_for
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
    facts: Facts = field(default_factory=dict)
    """What a manifest says of it (sex, age, view, modality)."""

    @property
    def group(self) -> str:
        """What it is never to be parted from; itself where nothing was said."""
        return group_of(self.case)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Labelled cases and the files that could not be read."""

    cases: tuple[Labelled, ...]
    refused: tuple[FileOutcome, ...] = ()
    notes: tuple[str, ...] = ()


def from_folder(folder: Path, domain: Domain, context: Context) -> Dataset:
    """Every image below `test/`, labelled by the folder it lies in."""
    tests = folder / "test"
    if not tests.is_dir():
        raise IntakeError(f"{folder} has no folder `test`; a dataset is DIR/test/<class>/*")
    gathered = gathered_from(tests, domain, context)
    cases: list[Labelled] = []
    for item in opened_cases(domain, gathered, context):
        path = item.files[0].path
        label = path.relative_to(tests).parts[0]
        labels = frozenset() if label.lower() in GOOD else frozenset({label})
        mask = _mask(folder / "ground_truth" / label, path.stem)
        cases.append(labelled_case(item, labels, len(cases), mask=mask))
    return Dataset(cases=tuple(cases), refused=refused_files(gathered))


def gathered_from(
    source: Path, domain: Domain, context: Context, product: str | None = None
) -> Gathered:
    """Everything a source names, without taking it into the workspace."""
    return gather(
        (source,),
        (),
        kind=domain.record_kind,
        product=product,
        context=context,
        keep=False,
        plan=plan_for(domain, context.workspace, pixels_checked=True),
    )


def refused_files(gathered: Gathered) -> tuple[FileOutcome, ...]:
    """The files that could not be read."""
    return tuple(refused(x) for x in gathered.quarantined)


def opened_cases(domain: Domain, gathered: Gathered, context: Context) -> Iterator[Opened]:
    """The cases that the domain makes of them, each with its group.

    Files of a case that would hold several patients are refused: ask for them afterwards.
    """
    from secondlook.intake.patients import SeveralPatients

    if gathered.interrupted:
        raise KeyboardInterrupt
    source: CaseSource = gathered.source
    for item in domain.open_cases(source):
        if isinstance(item, Opened):
            try:
                yield grouped(item, source, context.workspace.database.groups)
            except SeveralPatients:
                gathered.quarantined += put_aside(item)


def labelled_case(
    item: Opened,
    labels: frozenset[str],
    number: int,
    *,
    mask: Path | None = None,
    facts: Facts | None = None,
) -> Labelled:
    """A case that is not stored, with what is true of it; `number` tells it from the others."""
    case = _transient(item.case, number)
    paths = {x.attachment.sha256: x.path for x in item.files}
    return Labelled(case=case, labels=labels, paths=paths, mask=mask, facts=facts or {})


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
