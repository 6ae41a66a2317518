"""Labelled cases from a manifest: which of its rows make one case, and on which side they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from secondlook.cases import GROUP
from secondlook.domain import Domain, ManifestRow, Opened
from secondlook.errors import ManifestError, ModelError
from secondlook.store.groups import bare
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import (
    GOOD,
    TEST,
    Dataset,
    Labelled,
    gathered_from,
    labelled_case,
    opened_cases,
    refused_files,
)
from secondlook_workflows.groups import rows_of
from secondlook_workflows.manifest_facts import said


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
    rows without a label count, too.

    Raises ModelError where a group or a picture lies on both sides of the split, ManifestError
    where the rows of one case disagree, or where splits are named and none of them is `test`.
    """
    gathered = gathered_from(path, domain, context, product)
    rows = gathered.source.rows
    told = [(x, _row(x, rows)) for x in opened_cases(domain, gathered, context)]
    if not whole:
        _check_split([(x, row) for x, row in told if row is not None])
    wanted = _wanted(rows, path, learn=learn, whole=whole)
    found = _Found()
    for item, row in told:
        if row is None or labelled and not row.labels:
            found.unlabelled += 1
        elif _split(row) not in wanted:
            found.outside += 1
        else:
            labels = frozenset(x for x in row.labels if x.lower() not in GOOD)
            found.cases.append(labelled_case(item, labels, len(found.cases), facts=row.facts))
    return Dataset(
        cases=tuple(found.cases), refused=refused_files(gathered), notes=tuple(found.notes(learn))
    )


@dataclass
class _Found:
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


def _wanted(rows: Sequence[ManifestRow], path: Path, *, learn: bool, whole: bool) -> set[str]:
    splits = {_split(x) for x in rows}
    if whole or splits <= {""}:
        return splits
    if learn:
        return splits - {TEST}
    if TEST not in splits:
        raise ManifestError(
            f"{path.name} names the splits {', '.join(sorted(splits - {''}))} and none is `{TEST}`: "
            f"call those to be measured on `{TEST}`, or leave the column split out"
        )
    return {TEST}


def _row(item: Opened, rows: Sequence[ManifestRow]) -> ManifestRow | None:
    """What all rows of a case say together; None where there is none."""
    mine = rows_of(item, rows)
    if not mine:
        return None
    if len({x.split for x in mine if x.split}) > 1:
        raise ManifestError(f"the rows of case {item.case.title!r} name more than one split")
    return replace(
        mine[0],
        labels=tuple(dict.fromkeys(label for x in mine for label in x.labels)),
        split=next((x.split for x in mine if x.split), None),
        facts=said(mine),
    )


def _check_split(told: Sequence[tuple[Opened, ManifestRow]]) -> None:
    from secondlook.training.folds import check_split

    known = [(str(x.case.facts[GROUP]), row) for x, row in told if GROUP in x.case.facts]
    check_split([bare(group) for group, _ in known], [_split(row) == TEST for _, row in known])
    sides: dict[str, set[bool]] = {}
    for item, row in told:
        for picture in item.case.attachments:
            if picture.media_type.startswith(("image/", "application/dicom")):
                sides.setdefault(picture.sha256, set()).add(_split(row) == TEST)
    if both := sum(len(x) > 1 for x in sides.values()):
        raise ModelError(
            f"{both} pictures lie on both sides of the split, so figures would be too good: "
            f"leave each on one side of `{TEST}`"
        )


def _split(row: ManifestRow) -> str:
    return (row.split or "").lower()
