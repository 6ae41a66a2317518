"""Notes in JSON and FHIR: what is read of them, what is passed over, what is refused."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secondlook.domain import IntakeFile
from secondlook.intake.outcome import QuarantinedFile, Reason, Refused
from secondlook.intake.parse import parse_file
from secondlook.intake.parsed import Parsed
from secondlook.intake.reader import Reader
from secondlook.settings import Limits

sys.path.append(str(Path(__file__).parent))
import bad_files
from fhir_notes import attachment, bundle, document, encoded, report, request
from test_intake_fuzz import MUTANTS

from mutants import mutate

LIMITS = Limits()


def read(value: object, folder: Path, limits: Limits = LIMITS) -> Parsed:
    """What becomes of a JSON value in a file; raises what it is refused for."""
    path = folder / "note.json"
    path.write_bytes(value if isinstance(value, bytes) else encoded(value))
    answer = parse_file(path, path.name, limits)
    if not isinstance(answer, Parsed):
        raise Refused(*answer)
    assert answer.text is not None
    assert all(answer.text[x.start : x.end] == x.text for x in answer.passages)
    return answer


def refused(value: object, folder: Path, limits: Limits = LIMITS) -> Reason:
    with pytest.raises(Refused) as refusal:
        read(value, folder, limits)
    assert refusal.value.detail.endswith(".")
    return refusal.value.reason


def test_a_document_with_several_contents(tmp_path: Path) -> None:
    html = attachment("<html><body><p>Fell today.</p></body></html>", "text/html")
    twice = attachment("Fell today.")
    parsed = read(document(html, twice, attachment("Rib pain.")), tmp_path)
    assert parsed.media_type == "application/fhir+json"
    assert parsed.text == "Document:\nReferral note\n\nFell today.\n\nRib pain."
    assert parsed.facts["resource"] == "DocumentReference"
    assert (parsed.facts["attachments_read"], parsed.facts["attachments_unread"]) == (3, 0)


def test_a_pdf_inside_is_read_and_a_picture_is_counted(tmp_path: Path) -> None:
    pdf = attachment(bad_files.pdf(b"", b"BT /F 12 Tf 72 720 Td (Rib pain) Tj ET"), "text/plain")
    parsed = read(document(pdf, attachment(bad_files.jpeg(), "image/jpeg")), tmp_path)
    assert parsed.text is not None
    assert "Rib pain" in parsed.text
    assert (parsed.facts["attachments_read"], parsed.facts["attachments_unread"]) == (1, 1)


def test_a_report_keeps_its_form_and_conclusion_apart(tmp_path: Path) -> None:
    form = attachment("INDICATION: cough\nFINDINGS: clear")
    parsed = read(report(presentedForm=[form], conclusion="No acute disease."), tmp_path)
    assert parsed.text == (
        "Report:\nXR Chest 2 Views\n\nINDICATION: cough\nFINDINGS: clear\n\n"
        "Conclusion:\nNo acute disease."
    )


def test_a_report_with_a_narrative_alone(tmp_path: Path) -> None:
    parsed = read(report(text={"status": "generated", "div": "<div>Clear.</div>"}), tmp_path)
    assert parsed.text == "Report:\nXR Chest 2 Views\n\nClear."


def test_a_bundle_gives_the_request_first_and_nobodys_name(tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "name": [{"text": "Jane Doe"}]}
    binary = {"resourceType": "Binary", "id": "b", "data": attachment("Fell today.")["data"]}
    parsed = read(
        bundle(
            report(conclusion="Fracture."),
            patient,
            document({"url": "Binary/b"}),
            binary,
            request("Fall."),
        ),
        tmp_path,
    )
    assert parsed.text is not None
    assert [x for x in parsed.text.split("\n") if x.endswith(":")] == [
        "Indication:",
        "Requested examination:",
        "Document:",
        "Report:",
        "Conclusion:",
    ]
    assert "Fell today." in parsed.text
    assert "Doe" not in parsed.text
    assert parsed.facts["resource"] == "Bundle"


def test_a_document_that_is_a_report_says_so(tmp_path: Path) -> None:
    coded = {"coding": [{"system": "http://loinc.org", "code": "18748-4"}]}
    for kind in (coded, {"text": "Radiology report"}):
        parsed = read(document(attachment("Clear."), type=kind), tmp_path)
        assert parsed.text is not None
        assert parsed.text.startswith("Report:")


def test_a_document_that_asks_for_an_exam_is_no_report(tmp_path: Path) -> None:
    for kind in ("Radiology referral note", "Imaging request", "X-ray order", "Röntgen-Zuweisung"):
        parsed = read(document(attachment("Fell."), type={"text": kind}), tmp_path)
        assert parsed.text is not None
        assert parsed.text.startswith("Document:"), kind
    coded = {"coding": [{"code": "18748-4", "display": "Imaging order report"}]}
    parsed = read(document(attachment("Clear."), type=coded), tmp_path)
    assert parsed.text is not None and parsed.text.startswith("Report:")


def test_what_is_void_is_left_out(tmp_path: Path) -> None:
    void = document(attachment("Wrong patient."), status="entered-in-error")
    parsed = read(bundle(void, document(attachment("Fell today."))), tmp_path)
    assert parsed.text is not None
    assert "Wrong" not in parsed.text
    assert refused(void, tmp_path) is Reason.NO_TEXT


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"resourceType": "Patient", "name": [{"text": "Jane Doe"}]}, Reason.UNSUPPORTED),
        (bundle(), Reason.UNSUPPORTED),
        (document(), Reason.NO_TEXT),
        (document({"url": "https://example.org/note"}), Reason.NO_TEXT),
        (document({"data": "no base64!"}), Reason.NO_TEXT),
        (report(), Reason.NO_TEXT),
        ({}, Reason.NO_TEXT),
        ([[]], Reason.NO_TEXT),
        (b'{"text": "Fell', Reason.DAMAGED),
        (b'{"a": 1}\n{"b": 2}', Reason.DAMAGED),
    ],
)
def test_what_is_no_note_is_refused(value: object, reason: Reason, tmp_path: Path) -> None:
    assert refused(value, tmp_path) is reason


@pytest.mark.parametrize("levels", [40, 900, 200_000])
def test_endless_nesting_is_refused(levels: int, tmp_path: Path) -> None:
    assert refused(b"[" * levels + b'"x"' + b"]" * levels, tmp_path) is Reason.TOO_LARGE
    inside = b'{"a":' * levels + b'"x"' + b"}" * levels
    assert refused(inside, tmp_path) is Reason.TOO_LARGE


def test_bombs_of_attachments_are_refused(tmp_path: Path) -> None:
    small = Limits(max_unpacked_bytes=1000, max_text_chars=10**6)
    assert refused(document(attachment("x" * 2000)), tmp_path, small) is Reason.UNPACKS_TOO_LARGE
    many = document(*(attachment(f"note {x}") for x in range(300)))
    assert refused(many, tmp_path) is Reason.UNPACKS_TOO_LARGE
    pages = Limits(max_text_chars=1000)
    assert refused(document(attachment("x " * 900)), tmp_path, pages) is Reason.TOO_LARGE
    bomb = bad_files.pdf_bomb(tmp_path).read_bytes()
    assert refused(document(attachment(bomb)), tmp_path) is Reason.UNPACKS_TOO_LARGE


def test_numbers_without_end_are_text(tmp_path: Path) -> None:
    assert read(b'{"dose": ' + b"9" * 10_000 + b', "note": "Fell."}', tmp_path).text is not None


def test_columns_and_sections_of_plain_json_become_headings(tmp_path: Path) -> None:
    value = {
        "clinical_history": "Fall.",
        "reasonForExam": "Rib pain?",
        "age": 54,
        "smoker": False,
        "nothing": None,
        "sections": [{"title": "Findings", "text": "Clear."}],
    }
    parsed = read(value, tmp_path)
    assert parsed.media_type == "application/json"
    assert parsed.text == (
        "clinical history:\nFall.\n\nreason For Exam:\nRib pain?\n\nage:\n54\n\nsmoker:\nno\n\n"
        "Findings:\nClear."
    )


def test_text_that_only_begins_with_a_bracket_is_text(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("[see letter] fell today {sic}")
    answer = parse_file(path, path.name, LIMITS)
    assert isinstance(answer, Parsed)
    assert answer.media_type == "text/plain"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(LIMITS) as reader:
        yield reader


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
KEYS = st.sampled_from(
    [
        "resourceType",
        "status",
        "code",
        "coding",
        "display",
        "text",
        "div",
        "conclusion",
        "presentedForm",
        "content",
        "attachment",
        "data",
        "url",
        "contained",
        "entry",
        "resource",
        "type",
        "category",
        "reasonCode",
        "note",
        "id",
        "contentType",
    ]
)
KINDS = st.sampled_from(
    ["DiagnosticReport", "DocumentReference", "ServiceRequest", "Bundle", "Binary", "Patient"]
)
VALUES = st.recursive(
    st.one_of(SCALARS, KINDS),
    lambda x: st.one_of(st.lists(x, max_size=4), st.dictionaries(KEYS, x, max_size=6)),
    max_leaves=20,
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kind=KINDS, value=st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_resource_has_an_outcome(kind: str, value: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text(json.dumps(value | {"resourceType": kind}))
    answer = parse_file(path, path.name, LIMITS)
    assert isinstance(answer, Parsed) or answer[0] in (
        Reason.UNSUPPORTED,
        Reason.NO_TEXT,
        Reason.DAMAGED,  # a narrative of no elements
    )


def test_mutants_of_a_bundle_have_an_outcome(reader: Reader, tmp_path: Path) -> None:
    seed = encoded(bundle(request("Fall."), document(attachment("Fell.")), report(conclusion="x")))
    random = np.random.default_rng(7)
    for _ in range(MUTANTS):
        path = tmp_path / "note.json"
        path.write_bytes(mutate(seed, random))
        outcome = reader.read(path, "note.json")
        assert isinstance(outcome, IntakeFile | QuarantinedFile)
        assert not isinstance(outcome, QuarantinedFile) or outcome.reason in Reason
