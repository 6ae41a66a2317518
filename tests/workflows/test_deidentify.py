"""Taking in files without names: nothing planted is left, whatever is kept of them."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import planted
from secondlook.cases import Case
from secondlook.deid.names import plain_source
from secondlook.errors import ManifestError, NotFound, StoreError, UsageError, WorkspaceError
from secondlook.store.database import Database
from secondlook.store.worklist import WorklistFilter
from secondlook.workspace import PATIENTS_KEY, default_home
from secondlook_workflows import ingest, reveal
from secondlook_workflows.context import Context, open_context
from secondlook_workflows.ingest import IngestConfig, IngestReport
from secondlook_workflows.reveal import AllowConfig, RevealConfig

RADIOLOGY = "radiology-assistant"
SOURCES = Path(__file__).parents[2]


def take_in(context: Context, *sources: Path, **more: Any) -> IngestReport:
    config = IngestConfig(**({"domain": RADIOLOGY, "sources": sources} | more))
    return ingest.run(config, context)


def stored(context: Context) -> list[Case]:
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter(), limit=100).rows
        return [unit.cases.get(x.id) for x in rows]


def kept(home: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of everything in a workspace."""
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        yield name, name.encode()
        if path.is_file():
            yield name, path.read_bytes()


def left(context: Context) -> dict[str, list[str]]:
    """Where something planted is left."""
    context.workspace.database.dispose()
    found = ((name, planted.found_in(x)) for name, x in kept(context.workspace.home))
    return {name: x for name, x in found if x}


def test_nothing_planted_is_left_anywhere(
    context: Context,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    root = planted.plant(tmp_path / "source")
    manifest = planted.plant_manifest(tmp_path / "source")
    record = tmp_path / f"{planted.FAMILY}.txt"
    record.write_text(planted.SENTENCE)
    with caplog.at_level(logging.DEBUG):
        reports = [take_in(context, root), take_in(context, manifest, records=(record,))]
    assert [x.added for x in reports] == [13, 3]
    reasons = {x.reason for x in reports[0].quarantined}
    assert reasons == {"burned_in", "empty", "truncated", "damaged"}
    assert left(context) == {}
    said = "".join((repr(reports), caplog.text, *capfd.readouterr()))
    assert planted.found_in(said.encode()) == []
    assert not list(context.workspace.home.glob(".incoming-*"))


def test_a_second_time_adds_nothing(context: Context, tmp_path: Path) -> None:
    root = planted.plant(tmp_path / "source")
    manifest = planted.plant_manifest(tmp_path / "source")
    first = [take_in(context, x) for x in (root, manifest)]
    before = dict(kept(context.workspace.home / "blobs"))
    second = [take_in(context, x) for x in (root, manifest)]
    assert [(x.added, x.changed) for x in second] == [(0, 0)] * 2
    assert [x.cases for x in second] == [x.cases for x in first]
    assert dict(kept(context.workspace.home / "blobs")) == before
    with context.workspace.database.read() as unit:
        assert len(unit.quarantine.all()) == len({x.source for y in first for x in y.quarantined})


def test_offsets_of_passages_stay_right(context: Context, tmp_path: Path) -> None:
    for ending in planted.NOTES:
        name = tmp_path / "notes" / f"exam-{ending}"
        planted._write(name.with_suffix(".dcm"), planted.dicom_bytes(planted._own_study(ending)))
        planted._write(name.with_suffix(f".{ending}"), planted.NOTES[ending]())
    take_in(context, tmp_path / "notes")
    records = [y for x in stored(context) for y in x.records]
    assert len(records) == len(planted.NOTES)
    for record in records:
        text = " ".join(record.text.split())
        assert "No pneumothorax. Heart size normal" in text and "Rule out pneumonia" in text
        for passage in record.passages:
            assert record.text[passage.start : passage.end] == passage.text
        assert context.workspace.blobs.path(record.sha256).read_text() == record.text
    assert sum(x.passages[0].page == 1 for x in records) == 1, "the PDF still has pages"


def test_a_note_is_redacted_by_the_header_of_its_exam(context: Context, tmp_path: Path) -> None:
    """A name that nothing announces is known from the file beside it, and only there."""
    for name, patient in (("a", "Thistle^Bo"), ("b", "Bramble^Al")):
        dataset = planted.scan(PatientName=patient, StudyInstanceUID=f"1.2.{ord(name)}")
        planted._write(tmp_path / "x" / f"{name}.dcm", planted.dicom_bytes(dataset))
        planted._write(tmp_path / "x" / f"{name}.txt", b"cough in bramble since thistle")
    take_in(context, tmp_path / "x")
    texts = {x.records[0].text for x in stored(context)}
    assert texts == {"cough in bramble since XXXXXXX", "cough in XXXXXXX since thistle"}


def test_pictures_that_were_looked_at_come_in(context: Context, tmp_path: Path) -> None:
    for name, make in planted.BURNED_IN.items():
        planted._write(tmp_path / "x" / f"{name}.dcm", planted.dicom_bytes(make()))
    assert len(take_in(context, tmp_path / "x").quarantined) == len(planted.BURNED_IN)
    assert stored(context) == []
    report = take_in(context, tmp_path / "x", pixels_checked=True)
    assert report.quarantined == ()
    assert left(context) == {}


def test_a_site_may_switch_it_off_and_a_domain_need_not_have_it(
    context: Context, tmp_path: Path
) -> None:
    planted._write(tmp_path / "Thistle.png", planted.photo_with_texts("PNG"))
    take_in(context, tmp_path / "Thistle.png", domain="defect-inspector")
    (part,) = stored(context)
    assert part.attachments[0].name == "Thistle.png"
    (default_home() / "secondlook.toml").write_text("[deidentify]\nenabled = false\n")
    raw = open_context()
    planted._write(tmp_path / "Doe.dcm", planted.dicom_bytes(planted.scan()))
    take_in(raw, tmp_path / "Doe.dcm")
    assert {x.attachments[0].name for x in stored(raw)} == {"Thistle.png", "Doe.dcm"}
    raw.workspace.database.dispose()


def test_a_file_that_cannot_be_cleaned_is_put_aside_and_never_stored(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = planted.dicom_bytes(planted.scan(ImagePositionPatient=["1", "2", "3"]))
    planted._write(tmp_path / "x" / "odd.dcm", whole.replace(b"1\\2\\3 ", b"1\\x\\3 "))
    report = take_in(context, tmp_path / "x")
    assert [x.reason for x in report.quarantined] == ["not_deidentified"]
    assert left(context) == {}
    assert not list((context.workspace.home / "blobs").rglob("????*"))


@pytest.mark.parametrize(
    "text",
    ["Quillfeather,Zebedine\n1,2\n", "case,image,image\n", "image\na,b\n", "case,image\nx,\n"],
)
def test_what_is_wrong_with_a_manifest_names_nobody(
    context: Context, tmp_path: Path, text: str
) -> None:
    path = planted._write(tmp_path / f"{planted.FAMILY}.csv", text.encode())
    with pytest.raises(ManifestError) as error:
        take_in(context, path)
    assert planted.found_in(str(error.value).encode()) == []


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    program = "import sys; from secondlook_workflows.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )


def test_the_command_line_says_no_name_and_finds_the_file_again(
    context: Context, tmp_path: Path
) -> None:
    folder = tmp_path / planted.FAMILY
    planted._write(
        folder / f"{planted.FAMILY}.dcm", planted.dicom_bytes(planted.scan(Modality="US"))
    )
    done = command("ingest", RADIOLOGY, str(folder), "--json")
    assert done.returncode == 3
    assert planted.found_in((done.stdout + done.stderr).encode()) == []
    (file,) = json.loads(done.stdout)["files"]
    assert file["source"] == plain_source(
        f"{planted.FAMILY}.dcm", context.workspace.database.pseudonyms
    )
    found = command("patients", "which", file["source"], str(folder), "--json")
    assert json.loads(found.stdout) == {"files": [f"{planted.FAMILY}.dcm"]}
    again = command("ingest", RADIOLOGY, str(folder), "--pixels-checked", "--json")
    assert again.returncode == 0, again.stderr


def one_case(context: Context, folder: Path) -> str:
    (case,) = take_in(
        context, planted._write(folder / "a.dcm", planted.dicom_bytes(planted.scan()))
    ).cases
    return case


def test_only_a_custodian_with_a_reason_learns_whose_a_case_is(
    context: Context, tmp_path: Path
) -> None:
    case = one_case(context, tmp_path)
    ask = RevealConfig(case=case[:10], reason=f"recall of {planted.GIVEN}", user="ann")
    with pytest.raises(UsageError, match="may not know"):
        reveal.run(ask, context)
    with pytest.raises(UsageError, match="say why"):
        reveal.run(RevealConfig(case=case, reason=" ", user="ann"), context)
    reveal.allow(AllowConfig(user="ann", by="owner"), context)
    with pytest.raises(UsageError, match="only one of them allows"):
        reveal.allow(AllowConfig(user="bob", by="bob"), context)
    reveal.allow(AllowConfig(user="bob", by="ann"), context)
    link = reveal.run(ask, context).link
    assert (link.numbers, link.names) == ((planted.NUMBER,), (planted.PATIENT,))
    assert (link.births, link.files) == ((planted.BIRTH,), ("a.dcm",))
    assert link.studies == (planted.STUDY,)
    with context.workspace.database.read() as unit:
        events = [x for x in unit.audit.events(case) if x.action.startswith("patient.")]
        assert unit.audit.verify().problems == ()
    assert [(x.action, x.actor) for x in events] == [
        ("patient.refused", "ann"),
        ("patient.revealed", "ann"),
    ]
    assert events[0].body == {"reason": "", "found": False}, "what a stranger wrote is not kept"
    assert events[1].body == {"reason": "recall of XXXXXXXX", "found": True}
    assert planted.found_in(repr(link).encode()) == []


def test_a_question_is_noted_before_it_is_answered(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = one_case(context, tmp_path)
    reveal.allow(AllowConfig(user="ann", by="owner"), context)

    def fail(*_: object) -> None:
        raise StoreError("the audit trail is closed")

    monkeypatch.setattr("secondlook.store.audit.Audit.append", fail)
    with pytest.raises(StoreError, match="closed"):
        reveal.run(RevealConfig(case=case, reason="recall", user="ann"), context)


def test_the_link_goes_along_with_a_copy_and_opens_with_its_key_alone(
    context: Context, tmp_path: Path
) -> None:
    case = one_case(context, tmp_path)
    reveal.allow(AllowConfig(user="ann", by="owner"), context)
    url = f"sqlite:///{tmp_path / 'copy.db'}"
    context.workspace.database.copy_to(url)
    assert planted.found_in((tmp_path / "copy.db").read_bytes()) == []
    key = bytes.fromhex((context.workspace.home / "keys/audit.key").read_text())
    copy = Database.connect(url, audit_key=key)
    with copy.read() as unit:
        link = unit.links.open(case, context.workspace.seal())
        assert link is not None and link.numbers == (planted.NUMBER,)
    copy.dispose()
    ask = RevealConfig(case=case, reason="recall", user="ann")
    file = context.workspace.home / PATIENTS_KEY
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_text()
    file.write_text("ab" * 32)
    with pytest.raises(StoreError, match="sealed with another key"):
        reveal.run(ask, context)
    file.unlink()
    with pytest.raises(WorkspaceError, match=r"patients\.key"):
        reveal.run(ask, context)
    with pytest.raises(WorkspaceError, match=r"patients\.key"):
        take_in(context, tmp_path / "a.dcm")
    file.write_text(content)
    assert reveal.run(ask, context).link.numbers == (planted.NUMBER,)


def test_a_link_of_one_case_is_none_of_another(context: Context, tmp_path: Path) -> None:
    seal = context.workspace.seal(make=True)
    sealed = seal.seal("a" * 64, b"content")
    assert seal.open("a" * 64, sealed) == b"content"
    for case, text in (("b" * 64, sealed), ("a" * 64, sealed[:-8] + "AAAAAAA="), ("a" * 64, "?")):
        with pytest.raises(StoreError):
            seal.open(case, text)


def test_a_site_may_keep_no_link(context: Context, tmp_path: Path) -> None:
    (default_home() / "secondlook.toml").write_text("[deidentify]\nkeep_link = false\n")
    bare = open_context()
    case = one_case(bare, tmp_path)
    assert not (bare.workspace.home / PATIENTS_KEY).exists()
    reveal.allow(AllowConfig(user="ann", by="owner"), bare)
    bare.workspace.seal(make=True)
    with pytest.raises(NotFound, match="No link"):
        reveal.run(RevealConfig(case=case, reason="recall", user="ann"), bare)
    bare.workspace.database.dispose()


def test_a_link_grows_with_its_case_and_a_manifest_is_told(
    context: Context, tmp_path: Path
) -> None:
    manifest = planted.plant_manifest(tmp_path)
    take_in(context, manifest)
    reveal.allow(AllowConfig(user="ann", by="owner"), context)
    links = [
        reveal.run(RevealConfig(case=x.id, reason="recall", user="ann"), context).link
        for x in stored(context)
    ]
    assert {y for x in links for y in x.cases} == {
        f"{planted.FAMILY}, {planted.GIVEN}", planted.NUMBER, planted.GIVEN,
    }  # fmt: skip
    assert {y for x in links for y in x.files} == {
        f"{planted.FAMILY}.png", f"{planted.GIVEN}.dcm", f"{planted.GIVEN}.txt",
    }  # fmt: skip


def test_nothing_but_ingest_and_reveal_asks_for_a_link() -> None:
    asked = {
        str(path.relative_to(SOURCES))
        for top in ("core", "workflows", "ui", "plugins")
        for path in (SOURCES / top).rglob("*.py")
        if "unit.links" in path.read_text() or "store.links" in path.read_text()
    }
    assert asked == {
        "core/secondlook/store/unit_of_work.py",
        "workflows/secondlook_workflows/guard.py",
        "workflows/secondlook_workflows/ingest.py",
        "workflows/secondlook_workflows/reveal.py",
    }


def test_the_reason_names_nobody_whom_only_the_manifest_named(
    context: Context, tmp_path: Path
) -> None:
    planted._write(tmp_path / "Thistle.png", planted.photo_with_texts("PNG"))
    rows = f"case,image\n{planted.FAMILY} {planted.GIVEN},Thistle.png\n"
    (case,) = take_in(context, planted._write(tmp_path / "m.csv", rows.encode())).cases
    reveal.allow(AllowConfig(user="ann", by="owner"), context)
    reason = f"recall of {planted.FAMILY.lower()}, thistle"
    reveal.run(RevealConfig(case=case, reason=reason, user="ann"), context)
    with context.workspace.database.read() as unit:
        body = unit.audit.events(case)[-1].body
    assert body["reason"] == "recall of XXXXXXXXXXXX, XXXXXXX"


def test_nobody_asks_as_somebody_else(context: Context, tmp_path: Path) -> None:
    case = one_case(context, tmp_path)
    reveal.allow(AllowConfig(user="ann", by="owner"), context)
    asked = command("patients", "reveal", case, "--reason", "recall", "--user", "ann")
    assert asked.returncode == 2 and "ask as yourself" in asked.stderr
    allowed = command("patients", "allow", "bob", "--user", "ann")
    assert allowed.returncode == 2
    assert planted.found_in((asked.stdout + asked.stderr).encode()) == []


def test_two_patients_whose_notes_read_alike_without_names_stay_two(
    context: Context, tmp_path: Path
) -> None:
    text = "image,note\n" + "".join(
        f",Patient: {x}. Rule out pneumonia.\n" for x in ("Jane Roe", "John Doe", "John Doe")
    )
    path = planted._write(tmp_path / "m.csv", text.encode())
    assert take_in(context, path).added == 3
    assert len({x.records[0].text for x in stored(context)}) == 1
    again = take_in(context, path)
    assert (again.added, again.changed) == (0, 0)


def test_a_link_leads_to_no_other_patient_whose_note_reads_alike(
    context: Context, tmp_path: Path
) -> None:
    for number, name in enumerate(("Bramble", "Thistle")):
        study = f"1.2.{number}"
        named = {"PatientName": name, "PatientID": name, "StudyInstanceUID": study}
        dataset = planted.scan(SOPInstanceUID=f"{study}.1", **named)
        planted._write(tmp_path / "x" / f"{name}.dcm", planted.dicom_bytes(dataset))
        planted._write(tmp_path / "x" / f"{name}.txt", b"Normal chest.")
    take_in(context, tmp_path / "x")
    seal = context.workspace.seal()
    with context.workspace.database.read() as unit:
        links = [unit.links.open(x.id, seal) for x in stored(context)]
    files = {x.files for x in links if x is not None}
    assert files == {(f"{x}.dcm", f"{x}.txt") for x in ("Bramble", "Thistle")}
