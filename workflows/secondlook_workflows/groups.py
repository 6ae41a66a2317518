"""Which cases belong together (a patient, a lot), from manifests and files into the database.

Only digests under the workspace's key are kept: sources name groups after patients.
"""

from collections.abc import Sequence
from dataclasses import replace

from secondlook.cases import GROUP, Case
from secondlook.domain import CaseSource, ManifestRow, Opened
from secondlook.errors import ManifestError
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.intake.sniff import Format
from secondlook.store.groups import GroupNames, NamedBy, bare
from secondlook_workflows.manifest_facts import kept

SEVERAL = (
    "The case that it belongs to would hold files of more than one patient, going by PatientID: "
    "correct the files, or say in a manifest, in the column `group`, what belongs together."
)


def grouped(item: Opened, source: CaseSource, names: GroupNames) -> Opened:
    """The case with its group among its facts: what its rows name, else the patient of its files.

    What its rows say of sex, age, view and modality is kept beside it.

    Raises SeveralPatients where its files name more than one and its rows no group, ManifestError
    where its rows name more than one group.
    """
    group = _named(item, source.rows, names) or _patient(item, names)
    facts = {**item.case.facts, **kept(rows_of(item, source.rows))}
    if group is not None:
        facts[GROUP] = group
    return replace(item, case=replace(item.case, facts=facts))


def rows_of(item: Opened, rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    """The rows of a manifest that a case is made of."""
    numbers = {x.row for x in item.files if x.row is not None}
    name, records = item.case.name, item.case.records
    return [
        row
        for i, row in enumerate(rows)
        if i in numbers or (name and row.case == name) or (row.note and row.note in records)
    ]


def group_of(case: Case) -> str:
    """What a case is never to be parted from; itself where nothing was said."""
    stored = case.facts.get(GROUP)
    return bare(stored) if stored else case.id


def together(groups: Sequence[str]) -> list[int]:
    """Which of these are the same group, without their names: they differ between workspaces."""
    number = {x: i for i, x in enumerate(dict.fromkeys(groups))}
    return [number[x] for x in groups]


def keyed(case: Case, names: GroupNames) -> Case:
    """A stored case as it would be stored now, so that no group is split by how it was stored."""
    if GROUP not in case.facts:
        return case
    return replace(case, facts={**case.facts, GROUP: names.keyed(case.facts[GROUP])})


def put_aside(item: Opened) -> tuple[QuarantinedFile, ...]:
    """The files of a case that would hold several patients."""
    return tuple(
        QuarantinedFile(
            source=x.source,
            reason=Reason.SEVERAL_PATIENTS,
            detail=SEVERAL,
            sha256=x.attachment.sha256,
            size=x.attachment.size,
            row=x.row,
        )
        for x in item.files
    )


def _named(item: Opened, rows: Sequence[ManifestRow], names: GroupNames) -> str | None:
    groups = {x.group for x in rows_of(item, rows) if x.group}
    if len(groups) > 1:
        raise ManifestError(f"the rows of case {item.case.title!r} name more than one group")
    return names.of(groups.pop(), NamedBy.MANIFEST) if groups else None


def _patient(item: Opened, names: GroupNames) -> str | None:
    scans = [x for x in item.files if x.attachment.media_type == Format.DICOM.value]
    if not scans:
        return None
    from secondlook.intake.patients import one_patient, patient_of

    patient = one_patient(patient_of(x.path) for x in scans)
    return names.of(patient.number, NamedBy.DICOM) if patient else None
