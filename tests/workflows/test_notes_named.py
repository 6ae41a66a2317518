"""Notes in JSON and FHIR through de-identification: whom they name elsewhere, nobody is called by."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from secondlook_workflows.context import Context
from secondlook_workflows.ingest import IngestConfig, IngestReport, run

sys.path.append(str(Path(__file__).parents[1] / "core"))
from fhir_notes import attachment, bundle, document

PATIENT = {
    "resourceType": "Patient",
    "id": "1",
    "name": [{"family": "Quillfeather", "given": ["Zebedine"]}],
    "identifier": [{"value": "84213"}],
    "address": [{"line": ["Pumpernickel Hollow"], "city": "Zwettl"}],
}
TOLD = (
    "Zebedine came with chest pain (84213, of Zwettl). Quillfeather was pale. Seen by Thistlewood."
)
NAMES = ("zebedine", "quillfeather", "84213", "zwettl", "pumpernickel", "thistlewood")


def taken_in(value: Any, folder: Path, context: Context) -> IngestReport:
    folder.mkdir()
    (folder / "notes.json").write_text(json.dumps(value))
    (folder / "notes.csv").write_text("case,record,note\nexam,notes.json,\n")
    source = (folder / "notes.csv",)
    return run(IngestConfig(domain="radiology-assistant", sources=source), context)


def told(context: Context) -> str:
    """Everything that lies in the workspace, in lower case."""
    files = [x for x in context.workspace.home.rglob("*") if x.is_file()]
    return b"\n".join(x.read_bytes() for x in files).decode("latin-1").lower()


def text_of(report: IngestReport, context: Context) -> str:
    with context.workspace.database.read() as unit:
        return unit.cases.get(report.cases[0]).records[0].text


@pytest.mark.parametrize(
    "value",
    [
        bundle(PATIENT, document(attachment(TOLD), author=[{"display": "Ida Thistlewood"}])),
        {**document(attachment(TOLD), author=[{"display": "Ida Thistlewood"}]), "contained": [PATIENT]},
        {"name": "Quillfeather, Zebedine", "mrn": "84213", "text": "Cough; chest pain."},
        {"patient": {"name": "Zebedine Quillfeather", "mrn": "84213", "city": "Zwettl",
                     "address": "Pumpernickel Hollow", "phone": "x84213"}, "note": "Chest pain."},
        [{"name": "patientName", "value": "Zebedine Quillfeather"},
         {"name": "mrn", "value": "84213"}, {"name": "history", "value": "Chest pain."}],
    ],
)  # fmt: skip
def test_who_a_note_is_of_is_in_nothing_that_is_stored(
    value: Any, context: Context, tmp_path: Path
) -> None:
    report = taken_in(value, tmp_path / "in", context)
    assert "hest pain" in text_of(report, context)
    assert [x for x in NAMES if x in told(context)] == []


def test_notes_of_two_patients_in_one_file_are_put_aside(context: Context, tmp_path: Path) -> None:
    other = document(attachment("Tension pneumothorax."), subject={"reference": "Patient/2"})
    report = taken_in(bundle(document(attachment("Cough.")), other), tmp_path / "in", context)
    assert [x.reason for x in report.quarantined] == ["several_patients"]
    assert report.cases == ()
