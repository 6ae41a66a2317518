"""Cases that belong together, from files and manifests into the database and into folds."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from secondlook.cases import GROUP, Case
from secondlook.deid.names import plain_case, plain_source
from secondlook.errors import ManifestError, ModelError
from secondlook.store.case_tables import CaseRow
from secondlook.store.groups import NamedBy, bare
from secondlook.store.worklist import WorklistFilter
from secondlook_workflows import decide, ingest, intended_use
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import from_folder
from secondlook_workflows.decided import from_decided
from secondlook_workflows.groups import group_of
from secondlook_workflows.ingest import IngestConfig, IngestReport, Outcome
from secondlook_workflows.manifest_cases import from_manifest

sys.path.append(str(Path(__file__).parents[1] / "core"))
import bad_files

RADIOLOGY = "radiology-assistant"
NUMBER = "NEMO-4711"


def scan(path: Path, number: int = 0, **values: Any) -> Path:
    """A DICOM file; `number` makes its pixels its own."""
    pixels = bad_files.gradient().astype("uint16") + number
    uid = f"1.2.3.{number + 1}"
    dataset = bad_files.dicom(pixels, **({"SOPInstanceUID": uid} | values))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bad_files.dicom_bytes(dataset))
    return path


def take_in(context: Context, *sources: Path, domain: str = RADIOLOGY) -> IngestReport:
    return ingest.run(IngestConfig(domain=domain, sources=sources), context)


def stored(context: Context) -> list[Case]:
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter(), limit=100).rows
        return [unit.cases.get(x.id) for x in rows]


def test_what_a_manifest_says_of_a_patient_is_kept_but_no_free_text(
    context: Context, tmp_path: Path
) -> None:
    manifest = tmp_path / "exams.csv"
    manifest.write_text(
        "case,note,sex,age,view,modality\n"
        "one,Clear.,female,97 y,pa,DX\n"
        "two,Clear.,Nemo Nobody,Nemo,Nemo von der Langen Heide,\n"
        "three,Clear.,F,40,,\n"
        "three,No fracture.,M,40,,\n"
    )
    take_in(context, manifest)
    facts = {len(x.facts): x.facts for x in stored(context)}
    assert facts[4] == {"sex": "F", "age": 90, "view": "PA", "modality": "DX"}
    assert facts[2] == {"sex": "several", "age": 40}
    assert facts[0] == {}


def by_file(context: Context, name: str) -> str:
    return context.workspace.database.groups.of(name, NamedBy.DICOM)


def by_manifest(context: Context, name: str) -> str:
    return context.workspace.database.groups.of(name, NamedBy.MANIFEST)


def named(context: Context, source: str) -> str:
    """What a file is called here."""
    return plain_source(source, context.workspace.database.pseudonyms)


def everything(context: Context) -> Iterator[bytes]:
    """Every byte of the workspace, apart from the stored files themselves."""
    context.workspace.database.dispose()
    for path in context.workspace.home.rglob("*"):
        if path.is_file() and "blobs" not in path.parts:
            yield path.read_bytes()


def test_studies_of_one_patient_are_one_group_and_nobody_is_named(
    context: Context, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "exams"
    scan(folder / "a.dcm", 1, StudyInstanceUID="1.2.1", PatientID=NUMBER)
    scan(folder / "b.dcm", 2, StudyInstanceUID="1.2.2", PatientID=f"{NUMBER} ")
    scan(folder / "c.dcm", 3, StudyInstanceUID="1.2.3", PatientID="other")
    scan(folder / "d.dcm", 4, StudyInstanceUID="1.2.4", PatientID="")
    scan(folder / "e.dcm", 5, StudyInstanceUID="1.2.5")
    report = take_in(context, folder)
    assert (report.added, report.quarantined) == (5, ())
    groups = [x.facts.get(GROUP) for x in stored(context)]
    assert sorted(filter(None, groups)) == sorted(
        [by_file(context, NUMBER)] * 2 + [by_file(context, "other")]
    )
    assert groups.count(None) == 2
    import hashlib

    unkeyed = hashlib.sha256(NUMBER.encode()).hexdigest()[:16]
    for content in (*everything(context), caplog.text.encode(), repr(report).encode()):
        assert NUMBER.encode() not in content
        assert unkeyed.encode() not in content


def test_studies_are_one_group_whether_or_not_they_name_the_issuer(
    context: Context, tmp_path: Path
) -> None:
    """Two that should have been one would leak over folds; one that should be two does not."""
    for i, issuer in enumerate(("Ward", "", "Clinic")):
        scan(
            tmp_path / "exams" / f"{i}.dcm", i, StudyInstanceUID=f"1.2.{i}", PatientID="P7",
            IssuerOfPatientID=issuer,
        )  # fmt: skip
    take_in(context, tmp_path / "exams")
    assert [x.facts[GROUP] for x in stored(context)] == [by_file(context, "P7")] * 3


@pytest.mark.parametrize("way", ["ab", "ba", "together"])
def test_a_study_is_one_patient_however_its_files_come(
    context: Context, tmp_path: Path, way: str
) -> None:
    folder = tmp_path / "study"
    scan(folder / "a.dcm", 1, PatientID="P7", IssuerOfPatientID="Ward")
    scan(folder / "b.dcm", 2, PatientID="P7")
    sources = [folder] if way == "together" else [folder / f"{x}.dcm" for x in way]
    reports = [take_in(context, x) for x in sources]
    assert [x.quarantined for x in reports] == [()] * len(sources)
    (case,) = stored(context)
    assert {x.name for x in case.attachments} == {named(context, x) for x in ("a.dcm", "b.dcm")}
    assert case.facts[GROUP] == by_file(context, "P7")


def test_one_number_by_two_issuers_in_a_study_is_put_aside(
    context: Context, tmp_path: Path
) -> None:
    for i, issuer in enumerate(("Ward", "Clinic", "")):
        scan(tmp_path / "study" / f"{i}.dcm", i, PatientID="P7", IssuerOfPatientID=issuer)
    report = take_in(context, tmp_path / "study")
    assert [x.reason for x in report.quarantined] == ["several_patients"] * 3
    assert stored(context) == []


def test_a_case_that_was_known_learns_its_patient(context: Context, tmp_path: Path) -> None:
    path = scan(tmp_path / "exams" / "a.dcm", PatientID=NUMBER)
    take_in(context, path)
    (case,) = stored(context)
    with context.workspace.database.engine.begin() as connection:  # as it was stored before
        connection.execute(update(CaseRow).values(facts={}))
    report = take_in(context, path)
    assert [x.outcome for x in report.files] == [Outcome.KNOWN]
    (again,) = stored(context)
    assert (again.id, again.facts[GROUP]) == (case.id, by_file(context, NUMBER))
    with context.workspace.database.read() as unit:
        assert [x.action for x in unit.audit.events(case.id)] == ["case.opened", "case.grouped"]


def test_an_exam_of_two_patients_is_put_aside_whole(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "exams"
    scan(folder / "a.dcm", 1, StudyInstanceUID="1.2.1", PatientID=NUMBER)
    scan(folder / "b.dcm", 2, StudyInstanceUID="1.2.1", PatientID="other")
    scan(folder / "c.dcm", 3, StudyInstanceUID="1.2.2", PatientID="other")
    report = take_in(context, folder)
    assert report.added == 1
    aside = report.quarantined
    assert {(x.source, x.reason) for x in aside} == {
        (named(context, "a.dcm"), "several_patients"),
        (named(context, "b.dcm"), "several_patients"),
    }
    assert "`group`" in (aside[0].detail or "")
    assert NUMBER not in repr(report)
    (case,) = stored(context)
    assert [x.name for x in case.attachments] == [named(context, "c.dcm")]
    with context.workspace.database.read() as unit:
        assert len(unit.quarantine.all()) == 2


def test_a_later_file_of_another_patient_does_not_join(context: Context, tmp_path: Path) -> None:
    take_in(context, scan(tmp_path / "a.dcm", 1, PatientID=NUMBER))
    report = take_in(context, scan(tmp_path / "b.dcm", 2, PatientID="other"))
    assert [x.reason for x in report.quarantined] == ["several_patients"]
    assert (report.added, report.changed, report.cases) == (0, 0, ())
    (case,) = stored(context)
    assert [x.name for x in case.attachments] == [named(context, "a.dcm")]
    assert case.facts[GROUP] == by_file(context, NUMBER)
    more = take_in(context, scan(tmp_path / "c.dcm", 3, PatientID=NUMBER))
    assert more.changed == 1


def manifest(folder: Path, *rows: str, columns: str = "case,image,label,group,split") -> Path:
    path = folder / "cases.csv"
    path.write_text("\n".join([columns, *rows]))
    return path


def test_a_manifest_wins_over_the_files(context: Context, tmp_path: Path) -> None:
    scan(tmp_path / "a.dcm", 1, PatientID=NUMBER)
    scan(tmp_path / "b.dcm", 2, PatientID="other")
    scan(tmp_path / "c.dcm", 3, PatientID="other")
    path = manifest(tmp_path, "x,a.dcm;b.dcm,,lot 1,", "y,c.dcm,,,")
    report = take_in(context, path)
    assert report.quarantined == ()
    found = {x.title: x.facts[GROUP] for x in stored(context)}
    x, y = (plain_case(name, context.workspace.database.pseudonyms) for name in "xy")
    assert found == {x: by_manifest(context, "lot 1"), y: by_file(context, "other")}


def test_rows_that_name_two_groups_stop_the_ingest(context: Context, tmp_path: Path) -> None:
    for i, name in enumerate("ab"):
        scan(tmp_path / f"{name}.dcm", i)
    path = manifest(tmp_path, "x,a.dcm,,lot 1,", "x,b.dcm,,lot 2,")
    with pytest.raises(ManifestError, match="name more than one group"):
        take_in(context, path)
    assert stored(context) == []


def test_a_patient_on_both_sides_of_the_split_is_refused(context: Context, tmp_path: Path) -> None:
    domain = context.plugins.domain(RADIOLOGY)
    scan(tmp_path / "a.dcm", 1, StudyInstanceUID="1.2.1", PatientID=NUMBER)
    scan(tmp_path / "b.dcm", 2, StudyInstanceUID="1.2.2", PatientID=NUMBER)
    path = manifest(tmp_path, "x,a.dcm,pneumonia,,train", "y,b.dcm,normal,,test")
    with pytest.raises(ModelError, match="groups lie on both sides of the split"):
        from_manifest(path, domain, context)
    path = manifest(tmp_path, "x,a.dcm,pneumonia,,", "y,b.dcm,normal,,")
    one, two = from_manifest(path, domain, context).cases
    assert one.group == two.group == bare(by_file(context, NUMBER))


def test_labelled_cases_of_two_patients_are_left_out_and_told(
    context: Context, tmp_path: Path
) -> None:
    domain = context.plugins.domain(RADIOLOGY)
    folder = tmp_path / "test" / "pneumonia"
    scan(folder / "a.dcm", 1, PatientID=NUMBER)
    scan(folder / "b.dcm", 2, PatientID="other")
    scan(folder / "c.dcm", 3, StudyInstanceUID="1.2.2", PatientID="other")
    dataset = from_folder(tmp_path, domain, context)
    assert len(dataset.cases) == 1
    aside = {named(context, f"pneumonia/{x}.dcm") for x in "ab"}
    assert {x.source for x in dataset.refused} == aside
    assert NUMBER not in json.dumps([x.detail for x in dataset.refused])


def test_old_and_new_digests_of_a_lot_are_one_group(context: Context, tmp_path: Path) -> None:
    """Whatever is in the database, what was decided is never split over folds by it."""
    import hashlib

    for i in range(2):
        scan(tmp_path / f"{i}.dcm", i)
    take_in(context, manifest(tmp_path, "x,0.dcm,,lot 1,", "y,1.dcm,,lot 1,"))
    old = hashlib.sha256(b"lot 1").hexdigest()[:16]
    cases = stored(context)
    with context.workspace.database.engine.begin() as connection:
        row = update(CaseRow).where(CaseRow.id == cases[0].id)
        connection.execute(row.values(facts={GROUP: old}))
    intended_use.acknowledge(RADIOLOGY, "ada", context)
    for case in cases:
        config = decide.DecideConfig(case=case.id, disposition="routine", reviewer="ada")
        decide.run(config, context)
    dataset = from_decided(context.plugins.domain(RADIOLOGY), None, context, labelled=False)
    assert len(dataset.cases) == 2
    assert {x.group for x in dataset.cases} == {bare(by_manifest(context, "lot 1"))}


def test_a_case_without_a_group_is_its_own(context: Context, tmp_path: Path) -> None:
    take_in(context, scan(tmp_path / "a.dcm"))
    (case,) = stored(context)
    assert group_of(case) == case.id


def test_real_files_have_the_groups_of_their_patients(context: Context, shared_data: Path) -> None:
    import pydicom

    folder = shared_data / "dicom"
    if not any(folder.glob("*.dcm")):
        pytest.skip("needs the folder dicom of ../shared/data beside the repository")
    config = IngestConfig(domain=RADIOLOGY, sources=(folder,), pixels_checked=True)
    report = ingest.run(config, context)
    assert report.quarantined == ()
    expected: dict[str, str] = {}
    for path in folder.glob("*.dcm"):
        header = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        if number := str(header.get("PatientID") or "").strip():
            expected[named(context, path.name)] = by_file(context, number)
    found = {a.name: x.facts.get(GROUP) for x in stored(context) for a in x.attachments}
    assert {x: group for x, group in found.items() if group} == expected
