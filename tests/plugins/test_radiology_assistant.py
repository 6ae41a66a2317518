"""The radiology assistant: which files make an exam, and what is said about it."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from case_files import CaseFiles, account, case_of, match
from hypothesis import given
from hypothesis import strategies as st

from radiology_assistant.domain import QUERIES, RadiologyAssistant
from radiology_assistant.evidence import find_mentions, note_flags, priority
from radiology_assistant.plugin import flag_assessment
from radiology_assistant.settings import RadiologySettings
from secondlook import (
    Act,
    Answers,
    CaseSource,
    CitedPassage,
    Decision,
    FindingAct,
    ManifestRow,
    ModelOutputs,
    Role,
    Statement,
    Verdict,
)
from secondlook.intake.passages import note

FILES = CaseFiles(RadiologyAssistant())
QUERY = {x.label: x for x in QUERIES}


def test_dicom_files_of_a_study_are_one_case_with_its_reports() -> None:
    source = CaseSource(
        files=(
            FILES.picture("DOE^JOHN/1.dcm", study="5" * 64, modality="CT"),
            FILES.picture("DOE^JOHN/2.dcm", study="5" * 64, modality="CT"),
            FILES.picture("sr.dcm", role=Role.OTHER, study="5" * 64),
            FILES.picture("other.dcm", role=Role.OTHER, study="6" * 64),
        )
    )
    (exam, report), unused = account(FILES.domain, source)
    assert len(exam.case.attachments) == 3
    assert exam.case.title == "CT study 55555555"
    assert exam.case.name == "5" * 64
    assert report.case.title == "DICOM study 66666666"
    assert unused == []


def test_a_note_goes_with_the_image_of_its_name() -> None:
    volume = FILES.picture("x/scan.nii.gz", role=Role.VOLUME)
    beside, elsewhere = FILES.document("x/scan.txt"), FILES.document("y/scan.txt")
    photo = FILES.picture("x/photo.png")
    opened, unused = account(FILES.domain, CaseSource(files=(beside, volume, elsewhere, photo)))
    assert [x.files for x in opened] == [(volume, beside), (photo,)]
    assert opened[0].case.records == (beside.record,)
    assert [x.file for x in unused] == [elsewhere]


def test_a_note_that_fits_two_exams_goes_with_none() -> None:
    files = FILES.picture("a.png"), FILES.picture("a.dcm"), FILES.document("a.txt")
    opened, unused = account(FILES.domain, CaseSource(files=files))
    assert [x.case.records for x in opened] == [(), ()]
    assert "several exams" in unused[0].reason


def test_a_manifest_says_what_belongs_together() -> None:
    remark = note("Cough.", kind="note", name="note")
    source = CaseSource(
        files=(
            FILES.picture("1.png", row=0),
            FILES.picture("2.dcm", row=1, study="5" * 64),
            FILES.document("n.txt", row=1),
        ),
        rows=(
            ManifestRow(case="P1", note=remark),
            ManifestRow(case="P1"),
            ManifestRow(case="P2", note=remark),
            ManifestRow(case="P3"),
        ),
        records=(note("Ward list.", kind="note", name="all"),),
    )
    (first, second), _ = account(FILES.domain, source)
    assert [x.name for x in first.case.attachments] == ["1.png", "2.dcm", "n.txt"]
    assert [x.name for x in first.case.records] == ["note", "n.txt", "all"]
    assert (second.case.name, second.case.attachments) == ("P2", ())
    assert [x.name for x in second.case.records] == ["note", "all"]


def test_what_is_neither_exam_nor_note_is_named() -> None:
    _, unused = account(FILES.domain, CaseSource(files=(FILES.picture("x.xyz", role=Role.OTHER),)))
    assert "belongs to no study" in unused[0].reason


@given(st.lists(FILES.any_file(rows=3), max_size=12))
def test_every_file_is_accounted_for_once(files: list[tuple[str, int | None, str]]) -> None:
    source = CaseSource(
        files=tuple(FILES.build(*x) for x in files),
        rows=(ManifestRow(case="A"), ManifestRow(case="A"), ManifestRow(case=None)),
    )
    account(FILES.domain, source)


def test_mentions_are_cited_and_raise_the_priority() -> None:
    domain = RadiologyAssistant()
    text = note("?pneumothorax after a fall, rib fracture", kind="note", name="n.txt")
    case = case_of(domain, [FILES.attachment("a.png", modality="DX")], [text])
    outputs = ModelOutputs(
        matches=(
            match(QUERY["fracture"], text, 0.8),
            match(QUERY["pneumothorax"], text, 0.6),
            match(QUERY["stroke"], text, 0.49),
        )
    )
    verdict = domain.assess(case, outputs)
    first, second = verdict.findings
    assert first.title == "Note suspects: pneumothorax"
    assert (first.severity, first.probability, first.threshold) == ("critical", None, 0.5)
    assert second.label == "fracture"
    (stated,) = first.evidence
    assert isinstance(stated, Statement)
    assert (stated.text, stated.names, stated.cue) == (text.text, "pneumothorax", "?")
    assert (stated.assertion, stated.section) == ("uncertain", "document")
    assert (verdict.priority, verdict.score) == (3, 0.6)
    assert domain.recommend(case, verdict) == "not_assessed"
    assert verdict.abstention is not None
    assert (verdict.abstention.part, verdict.abstention.reason) == ("image", "no_adapter")
    assert "No adapter fits DX images; the image was not assessed" in verdict.abstention.message


def test_what_only_comes_close_is_shown_and_raises_no_priority() -> None:
    domain = RadiologyAssistant()
    text = note("Swollen legs, breathless when lying flat.", kind="note", name="n")
    case = case_of(domain, [FILES.attachment("a.png")], [text])
    outputs = ModelOutputs(matches=(match(QUERY["pneumothorax"], text, 0.8),))
    verdict = domain.assess(case, outputs)
    (finding,) = verdict.findings
    assert finding.title == "Note comes close to: pneumothorax"
    assert (finding.severity, finding.score, len(finding.evidence)) == (None, 0.8, 1)
    assert (verdict.priority, verdict.score) == (2, 0.8)


def test_the_passage_that_names_the_finding_is_shown_first() -> None:
    domain = RadiologyAssistant()
    domain.configure(RadiologySettings(max_passages=1))
    text = note("Short of breath.\n\nPossible PTX.", kind="note", name="n")
    matches = (
        match(QUERY["pneumothorax"], text, 0.7, passage=0),
        match(QUERY["pneumothorax"], text, 0.6, passage=1),
    )
    case = case_of(domain, [FILES.attachment("a.png")], [text])
    (finding,) = domain.assess(case, ModelOutputs(matches=matches)).findings
    assert (finding.title, finding.severity) == ("Note suspects: pneumothorax", "critical")
    assert [x.text for x in finding.evidence if isinstance(x, Statement)] == ["Possible PTX."]


@pytest.mark.parametrize(
    ("label", "words", "priority"), [("fracture", "a fracture", 2), ("nodule_or_mass", "a mass", 2)]
)
def test_less_severe_mentions_raise_less(label: str, words: str, priority: int) -> None:
    domain = RadiologyAssistant()
    text = note(words, kind="note", name="n")
    outputs = ModelOutputs(matches=(match(QUERY[label], text, 0.7),))
    verdict = domain.assess(case_of(domain, [FILES.attachment("a.png")], [text]), outputs)
    assert (verdict.priority, verdict.score) == (priority, 0.7)


def test_settings_say_what_counts_as_a_mention() -> None:
    domain = RadiologyAssistant()
    domain.configure(RadiologySettings(min_similarity=0.3, max_passages=1))
    text = note("One.\n\nTwo.\n\nThree.", kind="note", name="n")
    matches = tuple(match(QUERY["stroke"], text, 0.4 + i / 10, passage=i) for i in range(3))
    case = case_of(domain, [FILES.attachment("a.png")], [text])
    (finding,) = domain.assess(case, ModelOutputs(matches=matches)).findings
    assert [x.text for x in finding.evidence if isinstance(x, CitedPassage)] == ["Three."]


def test_without_note_and_adapter_it_abstains_from_the_case() -> None:
    domain = RadiologyAssistant()
    case = case_of(domain, [FILES.attachment("a.png")])
    verdict = domain.assess(case, ModelOutputs())
    assert verdict.abstention is not None
    assert (verdict.abstention.part, verdict.abstention.reason) == ("case", "no_adapter")
    assert "nothing about whether it is normal" in verdict.abstention.message
    assert (verdict.priority, verdict.score) == (2, 0.0)


@pytest.mark.parametrize(("notes", "reason"), [(True, "no_image"), (False, "nothing_to_read")])
def test_a_case_without_an_image_says_so(notes: bool, reason: str) -> None:
    domain = RadiologyAssistant()
    records = [note("text", kind="note", name="n")] if notes else []
    verdict = domain.assess(case_of(domain, [], records), ModelOutputs())
    assert verdict.abstention is not None
    assert verdict.abstention.reason == reason


def test_pictures_are_given_to_an_adapter_and_one_slice_of_a_volume_is_not() -> None:
    domain = RadiologyAssistant()
    flat = FILES.attachment("a.png")
    volume = replace(FILES.attachment("b.nii"), role=Role.VOLUME)
    case = case_of(domain, [flat, volume], [note("x", kind="note", name="n")])
    blank = np.zeros((2, 2, 3), dtype=np.uint8)
    inputs = domain.prepare(case, dict.fromkeys((flat.sha256, volume.sha256), blank))
    assert [x.attachment for x in inputs.images] == [flat.sha256]
    assert inputs.records == case.records
    assert domain.prepare(case, {}).images == ()


def answers(unfamiliar: bool = False, **probabilities: float) -> Answers:
    return Answers(
        probabilities=probabilities,
        possible=tuple(probabilities),
        coverage=0.9,
        several=True,
        unfamiliar=unfamiliar,
        contributions={"image": dict.fromkeys(probabilities, 0.2)},
        fingerprint="f" * 64,
    )


def looked(said: Answers | None, text: str = "cough") -> Verdict:
    domain = RadiologyAssistant()
    case = case_of(domain, [FILES.attachment("a.png")], [note(text, kind="note", name="n")])
    return domain.assess(case, ModelOutputs(answers=said))


def test_what_an_adapter_finds_decides_the_urgency() -> None:
    verdict = looked(answers(pneumothorax=0.6, fracture=0.9, pneumonia=0.2))
    assert [x.label for x in verdict.findings] == ["pneumothorax", "fracture"]
    assert [x.probability for x in verdict.findings] == [0.6, 0.9]
    assert (verdict.priority, verdict.score) == (3, 0.6)
    assert verdict.abstention is None
    case = case_of(RadiologyAssistant(), [FILES.attachment("a.png")])
    assert RadiologyAssistant().recommend(case, verdict) == "critical"
    nothing = looked(answers(pneumothorax=0.1))
    assert RadiologyAssistant().recommend(case, nothing) == "routine"


def test_an_unfamiliar_exam_is_not_assessed_and_never_called_normal() -> None:
    for said in (answers(unfamiliar=True, pneumothorax=0.99), None):
        verdict = looked(said)
        assert verdict.findings == ()
        assert verdict.abstention is not None
        assert "says nothing about whether it is normal" in verdict.abstention.message
        case = case_of(RadiologyAssistant(), [FILES.attachment("a.png")])
        assert RadiologyAssistant().recommend(case, verdict) == "not_assessed"


def test_answers_that_did_not_read_the_image_leave_it_not_assessed() -> None:
    blind = replace(answers(pneumothorax=0.9), contributions={"text": {"pneumothorax": 0.5}})
    verdict = looked(blind)
    assert verdict.abstention is not None
    assert verdict.abstention.part == "image"
    assert [x.label for x in verdict.findings] == ["pneumothorax"]


def test_a_mention_of_what_was_found_is_evidence_for_it() -> None:
    domain = RadiologyAssistant()
    record = note("old pneumothorax", kind="note", name="n")
    case = case_of(domain, [FILES.attachment("a.png")], [record])
    mention = match(QUERY["pneumothorax"], record, 0.9)
    outputs = ModelOutputs(answers=answers(pneumothorax=0.8), matches=(mention,))
    (finding,) = domain.assess(case, outputs).findings
    assert finding.probability == 0.8
    (stated,) = finding.evidence[1:]
    assert isinstance(stated, Statement)
    assert stated.assertion == "historical"


def said_of(text: str, *, reports: bool = False) -> list[tuple[str, str | None]]:
    """The findings of a note, named without any model."""
    record = note(text, kind="note", name="n")
    found = find_mentions((), RadiologySettings(), (record,), reports=reports)
    return [(x.title, x.severity) for x in found]


@pytest.mark.parametrize(
    ("text", "title", "severity"),
    [
        ("Pneumothorax on the left.", "Note mentions: pneumothorax", "critical"),
        ("Possible pneumothorax.", "Note suspects: pneumothorax", "critical"),
        ("Rule out pneumothorax.", "Note asks about: pneumothorax", "critical"),
        ("History of pneumothorax.", "Note tells of an earlier: pneumothorax", None),
        ("No pneumothorax.", "Note denies: pneumothorax", None),
    ],
)
def test_what_is_denied_or_past_is_shown_as_such_and_raises_nothing(
    text: str, title: str, severity: str | None
) -> None:
    assert said_of(text) == [(title, severity)]


def test_the_strongest_statement_counts_and_stands_first() -> None:
    text = "No pneumothorax yesterday. History of pneumothorax. Possible pneumothorax today."
    record = note(text, kind="note", name="n")
    (finding,) = find_mentions((), RadiologySettings(max_passages=2), (record,))
    assert finding.title == "Note suspects: pneumothorax"
    stated = [x for x in finding.evidence if isinstance(x, Statement)]
    assert [x.assertion for x in stated] == ["uncertain", "historical"]
    assert all(text[x.start : x.end] == x.text for x in stated)
    assert priority(finding) == 2


def test_findings_and_impression_are_left_out_unless_told_otherwise() -> None:
    text = "Indication: cough\nFindings: pneumothorax\nImpression: pneumothorax"
    assert said_of(text) == []
    assert said_of(text, reports=True) == [("Note mentions: pneumothorax", "critical")]


def test_a_report_among_the_notes_is_flagged() -> None:
    report = note("Indication: cough\nFindings: clear", kind="note", name="r")
    plain = note("Cough.", kind="note", name="n")
    shown = FILES.assessment(Verdict())
    case = case_of(RadiologyAssistant(), [], [plain, report])
    assert [x.code for x in flag_assessment(case, shown)] == ["report_in_note"]
    assert list(flag_assessment(replace(case, records=(plain,)), shown)) == []
    assert list(flag_assessment(replace(case, domain="other"), shown)) == []


def test_a_passage_that_is_cited_as_a_sentence_is_not_cited_again() -> None:
    text = note("Cough. No pneumothorax.", kind="note", name="n")
    close = match(QUERY["pneumothorax"], text, 0.7)
    (finding,) = find_mentions((close,), RadiologySettings(), (text,))
    assert [type(x) for x in finding.evidence] == [Statement]
    assert (finding.score, finding.severity) == (0.7, None)


@pytest.mark.parametrize(
    ("acts", "labels"),
    [
        ({}, None),
        ({"fracture": Act.REJECT}, frozenset()),
        ({"fracture": Act.AGREE}, frozenset({"fracture"})),
    ],
)
def test_routine_says_nothing_of_findings_that_nobody_acted_on(
    acts: dict[str, Act], labels: frozenset[str] | None
) -> None:
    decision = Decision(
        id="d",
        case_id="c",
        reviewer="ada",
        disposition="routine",
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        acts=tuple(FindingAct(label=x, act=y) for x, y in acts.items()),
    )
    assessment = FILES.assessment(looked(answers(fracture=0.9)))
    assert RadiologyAssistant().decided_labels(assessment, decision) == labels


def test_findings_learned_without_normal_exams_are_not_assessed() -> None:
    said = replace(answers(pneumothorax=0.4, pneumonia=0.35, fracture=0.25), several=False)
    verdict = looked(said)
    assert verdict.findings == ()
    assert verdict.abstention is not None
    assert verdict.abstention.reason == "only_kinds"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Indication:\nCough\n\nExamination:\nXR chest", []),
        ("Examination: reduced breath sounds, pneumothorax suspected.", []),
        ("Examination: CT chest, pneumothorax suspected.", ["report_in_note"]),
        ("Small left apical pneumothorax.", ["report_in_note"]),
        ("Indication: cough\nImpression: pneumonia", ["report_in_note"]),
    ],
)
def test_what_was_asked_for_is_no_report(text: str, codes: list[str]) -> None:
    case = SimpleNamespace(records=(note(text, kind="note", name="note"),))
    assert [x.code for x in note_flags(case)] == codes  # type: ignore[arg-type]
