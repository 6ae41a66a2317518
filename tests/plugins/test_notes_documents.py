"""`Assessment`, `Examination` and `Plan`: written before the exam is read in a clinical note, afterwards
in a report. What may be either feeds no model and raises an exam all the same."""

import pytest

from radiology_assistant.evidence import find_mentions, priority
from radiology_assistant.notes import before_reading, read_note
from radiology_assistant.settings import RadiologySettings
from secondlook.intake.passages import note

REFERRALS = [
    "Referral: 54 year old man, fell.\nExamination: absent breath sounds.\nAssessment: {}.",
    "Chief complaint: chest pain\nAssessment: {}\nPlan: chest film",
    "HPI: chest pain since noon.\nPhysical exam: tympanic.\nAssessment and plan: {}",
    "History: chest pain\nExamination: reduced breath sounds on the left, {}",
    "Past medical history: asthma\nMedications: none\nPlan: rule out {}",
    "Examination: reduced breath sounds, {} suspected.",
    "A/P: {}, drain.",
    "Requested examination: chest film to rule out {}",
    "Document:\nReferral note\n\nHistory: pain.\nAssessment: {}",
    "Anamnese: Sturz\nUntersuchung: Klopfschmerz links\nBewertung: {}",
    # A bundle: the report that follows is another document.
    "Document:\nReferral note\n\nAssessment: {}\n\nReport:\nXR chest\n\nImpression: clear.",
    "Report:\nXR chest\n\nImpression: clear.\n\nDocument:\nNote\n\nAssessment: {}",
]
REPORTS = [
    "Indication: pain.\nFindings: lucency.\nAssessment: {}.",
    "Indication: pain.\nTechnique: PA.\nAssessment: {}.",
    "Comparison: none\nAssessment: {}",
    "Clinical history: pain\nExamination: CT chest with contrast\nAssessment: {}",
    "Examination: chest, PA and lateral: {}\nIndication: pain",
    "Indication: pain\n\nExamination:\nXR chest, {}",
    "Indication: pain\nAssessment: {}",  # nothing tells: it counts as a report
    "Assessment: {}",
    "Document: letter\nHistory: pain.\n\nReport:\nAssessment: {}",
    "Untersuchung: Röntgen Thorax\nBeurteilung: {}",
    "Impression and plan: {}",
]


def raised(text: str) -> int:
    found = find_mentions((), RadiologySettings(), (note(text, kind="note", name="n"),))
    return max((priority(x) for x in found), default=0)


@pytest.mark.parametrize("form", REFERRALS)
def test_what_a_referring_doctor_wrote_raises_the_exam_and_may_feed_a_model(form: str) -> None:
    text = form.format("tension pneumothorax")
    assert raised(text) == 2
    passages = before_reading(note(text, kind="note", name="n"))
    assert any("tension pneumothorax" in x.text for x in passages)


@pytest.mark.parametrize("form", REPORTS)
def test_what_a_report_says_does_neither(form: str) -> None:
    text = form.format("tension pneumothorax")
    assert raised(text) == 0
    passages = before_reading(note(text, kind="note", name="n"))
    assert not any("tension pneumothorax" in x.text for x in passages)


@pytest.mark.parametrize(
    "form",
    [
        "Chief complaint: pain\nFindings: x\nAssessment: {}",
        "HPI: fell from ladder. Vitals: RR 30. Findings: CRP 120. Assessment: {}. Plan: drain.",
        "Past medical history: COPD\nVitals: SpO2 80\nImaging: none yet\nAssessment: {}",
    ],
)
def test_a_document_with_sections_of_both_raises_and_feeds_no_model(form: str) -> None:
    text = form.format("tension pneumothorax")
    assert raised(text) == 2
    passages = before_reading(note(text, kind="note", name="n"))
    assert not any("tension pneumothorax" in x.text for x in passages)


def test_a_report_below_assessment_is_cut_off_in_a_clinical_note_too() -> None:
    text = "Chief complaint: pain\nAssessment: Fall. Heart size is normal. Small pneumothorax."
    assert raised(text) == 0
    (complaint, fall) = before_reading(note(text, kind="note", name="n"))
    assert (complaint.text, fall.text) == ("pain", "Fall.")


def test_an_assessment_that_may_be_of_a_report_feeds_no_model_and_raises() -> None:
    text = "Reason for referral: pain\nAssessment: Small left apical pneumothorax."
    assert raised(text) == 2
    assert [x.text for x in before_reading(note(text, kind="note", name="n"))] == ["pain"]


def test_a_letter_with_a_report_behind_it_raises_the_exam() -> None:
    assert raised("Document:\nReferral\n\nFell, pneumothorax?\n\nReport:\nXR\n\nClear.") == 2
    assert raised("Document:\nReferral\n\nFell.\n\nReport:\nXR\n\nPneumothorax.") == 0


def test_sections_are_called_what_they_are_in_their_document() -> None:
    def names(text: str) -> list[str]:
        return [x.name for x in read_note(note(text, kind="note", name="n")).sections]

    assert names("CC: pain\nAssessment: asthma\nPlan: film") == ["indication", "assessment", "plan"]
    said = "Technique: PA\nAssessment: asthma\nPlan: film"
    assert names(said) == ["technique", "impression", "recommendation"]


@pytest.mark.parametrize(
    "text",
    [
        "Right-sided pneumothorax",
        "Small left apical pneumothorax.",
        "Bilateral pneumothorax, stable",
    ],
)
def test_what_may_be_a_referral_or_a_report_feeds_no_model_and_raises(text: str) -> None:
    assert before_reading(note(text, kind="note", name="n")) == ()
    assert raised(text) == 2


@pytest.mark.parametrize(
    "text",
    [
        "Pneumothorax",
        "Known left pneumothorax, drain placed",
        "Cough, right basilar crackles, ?pneumonia",
        "Small pleural effusion two weeks ago, follow up please",
        "Fall, left rib fractures and pneumothorax suspected",
    ],
)
def test_a_note_that_tells_of_a_person_or_asks_is_a_note(text: str) -> None:
    assert [x.text for x in before_reading(note(text, kind="note", name="n"))] == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Left lower lobe airspace disease consistent with pneumonia.",
        "Negative for acute cardiopulmonary abnormality.",
        "Low lung volumes without acute disease.",
        "1. Cardiomegaly. 2. Small bilateral pleural effusions.",
        "Basale Verschattung, Erguss links",
    ],
)
def test_an_impression_without_a_heading_feeds_no_model(text: str) -> None:
    assert before_reading(note(text, kind="note", name="n")) == ()
