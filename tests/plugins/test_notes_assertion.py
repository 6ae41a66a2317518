"""How findings are meant: sentences written for this, in English and German."""

import pytest

from radiology_assistant.notes import read_note
from radiology_assistant.notes.vocabulary import labels
from radiology_assistant.taxonomy import TAXONOMY
from secondlook.intake.passages import note

SAID = """
A small pneumothorax is seen on the left. | pneumothorax affirmed
No pneumothorax. | pneumothorax negated
No pneumothorax or effusion. | pneumothorax negated, pleural_effusion negated
No focal consolidation, pneumothorax, or large pleural effusion. | consolidation negated, pneumothorax negated, pleural_effusion negated
No consolidation, pneumothorax, effusion. | consolidation negated, pneumothorax negated, pleural_effusion negated
No pneumothorax, small left effusion. | pneumothorax negated, pleural_effusion affirmed
No pneumothorax and a small effusion. | pneumothorax negated, pleural_effusion affirmed
No pneumothorax, but there is an effusion. | pneumothorax negated, pleural_effusion affirmed
No pneumothorax; effusion on the left. | pneumothorax negated, pleural_effusion affirmed
No pneumothorax is seen, effusion is unchanged. | pneumothorax negated, pleural_effusion affirmed
No fracture other than the known rib fracture. | fracture negated, fracture affirmed
No fever, acute pulmonary embolism. | pulmonary_embolism affirmed
No breath sounds on the left, tension pneumothorax. | pneumothorax affirmed
No fever, cough or pneumonia. | pneumonia negated
Neither effusion nor pneumothorax. | pleural_effusion negated, pneumothorax negated
There is no evidence of pulmonary embolism. | pulmonary_embolism negated
Negative for fracture. | fracture negated
The lungs are free of consolidation. | consolidation negated
Patient denies stroke. | stroke negated
CT excluded pulmonary embolism. | pulmonary_embolism negated
Pneumothorax is not seen. | pneumothorax negated
Pneumothorax or effusion is not identified. | pneumothorax negated, pleural_effusion negated
Pneumothorax: none. | pneumothorax negated
Effusion: no. | pleural_effusion negated
Fracture has been ruled out. | fracture negated
The heart is not enlarged. | cardiomegaly negated
Lungs w/o consolidation. | consolidation negated
The heart is mildly enlarged. | cardiomegaly affirmed
Heart size is normal and the aorta is enlarged. |
No increase in the effusion. | pleural_effusion affirmed
No change in the left pneumothorax. | pneumothorax affirmed
No significant interval change in small effusions. | pleural_effusion affirmed
Not only a fracture but also a pneumothorax. | fracture affirmed, pneumothorax affirmed
Pneumonia has not cleared. | pneumonia affirmed
No further pneumothorax, no effusion. | pneumothorax negated, pleural_effusion negated
Cannot exclude a small pneumothorax. | pneumothorax uncertain
A fracture cannot be excluded. | fracture uncertain
Fracture not excluded. | fracture uncertain
Possible pneumonia. | pneumonia uncertain
Opacity that may represent pneumonia or a mass. | opacity affirmed, pneumonia uncertain, mass uncertain
Findings suspicious for a mass. | mass uncertain
No findings suspicious for a mass. | mass negated
Atelectasis versus pneumonia. | atelectasis uncertain, pneumonia uncertain
?pneumothorax | pneumothorax uncertain
Fall from a ladder, ?rib fracture | fracture uncertain
Pneumothorax? | pneumothorax uncertain
Rule out pneumothorax. | pneumothorax hypothetical
r/o pneumonia | pneumonia hypothetical
Evaluate for pneumonia or effusion. | pneumonia hypothetical, pleural_effusion hypothetical
CT is advised to exclude an underlying mass. | mass hypothetical
Query stroke. | stroke hypothetical
Return if pneumonia develops. | pneumonia hypothetical
Stroke protocol. | stroke hypothetical
Status post stroke. | stroke historical
S/p rib fracture. | fracture historical
History of pneumonia and effusion. | pneumonia historical, pleural_effusion historical
h/o pneumothorax, now short of breath | pneumothorax historical
No history of pneumonia. | pneumonia negated
Old rib fractures. | fracture historical
Healed fracture of the clavicle. | fracture historical
Interval resolution of the effusion. | pleural_effusion historical
The effusion has resolved. | pleural_effusion historical
Near complete resolution of the effusion. | pleural_effusion affirmed
Pneumothorax in 2019. | pneumothorax historical
Pneumonia two years ago. | pneumonia historical
The pneumothorax is no longer seen. | pneumothorax historical
Unchanged pneumothorax. | pneumothorax affirmed
Pneumothorax is unchanged. | pneumothorax affirmed
Known lung nodule. | nodule affirmed
56 year old with pneumothorax. | pneumothorax affirmed
Mass effect on the ventricle, no mass. | mass negated
No trauma, rule out fracture. | fracture hypothetical
No fever, pneumonia suspected. | pneumonia uncertain
Absent breath sounds on the left, tension pneumothorax. | pneumothorax affirmed
Chest drain not working, pneumothorax larger. | pneumothorax affirmed
Never smoker, pneumothorax on the left. | pneumothorax affirmed
Not moving the left side, stroke. | stroke affirmed
Pneumothorax can't be ruled out. | pneumothorax uncertain
Pneumothorax has not been ruled out. | pneumothorax uncertain
Not able to rule out aortic dissection. | aortic_dissection uncertain
Unable to exclude pneumothorax. | pneumothorax uncertain
r/o PE | pulmonary_embolism hypothetical
?PE | pulmonary_embolism uncertain
PE: lungs clear. |
Fall, SDH suspected. | intracranial_haemorrhage uncertain
No displaced, acute fracture is seen. | fracture negated
Small effusion and the heart and mediastinum are normal. | pleural_effusion affirmed
Effusion, heart size is within normal limits, no pneumothorax. | pleural_effusion affirmed, pneumothorax negated
The effusion is unchanged, pneumothorax has resolved. | pleural_effusion affirmed, pneumothorax historical
Please note that fractures may not be visible. | fracture hypothetical
Fracture of the catheter, old wire fracture. |
Old rib fracture, pneumothorax. | fracture historical, pneumothorax affirmed
Old rib and clavicle fractures and a pneumothorax. | fracture historical, pneumothorax affirmed
Status post fall, pneumothorax. | pneumothorax affirmed
History of stroke, fracture, and pneumonia. | stroke historical, fracture historical, pneumonia historical
Pericardial effusion. |
Kein Pneumothorax. | pneumothorax negated
Kein Nachweis eines Pneumothorax oder Pleuraergusses. | pneumothorax negated, pleural_effusion negated
V.a. Pneumonie. | pneumonia uncertain
Z.n. Rippenfraktur. | fracture historical
Ausschluss Lungenembolie | pulmonary_embolism hypothetical
Pneumothorax rechts. | pneumothorax affirmed
No pneumothorax, although a small one cannot be excluded. | pneumothorax uncertain
No pneumothorax, although a small one cannot be ruled out. | pneumothorax uncertain
No pneumothorax, but a small one cannot be excluded. | pneumothorax uncertain
No pneumothorax, however a tiny one is not excluded. | pneumothorax uncertain
No fracture is seen, though one cannot be excluded. | fracture uncertain
No pneumothorax; a small one cannot be excluded. | pneumothorax uncertain
No pneumothorax (cannot exclude a small one). | pneumothorax uncertain
No pneumothorax. A small one cannot be excluded. | pneumothorax uncertain
No pneumothorax seen, but cannot rule out a small one. | pneumothorax uncertain
No pneumothorax, but this cannot be excluded on a supine film. | pneumothorax uncertain
No definite pneumothorax. | pneumothorax uncertain
No obvious fracture. | fracture uncertain
No convincing pneumonia. | pneumonia uncertain
Without convincing consolidation. | consolidation uncertain
No definite evidence of pneumonia. | pneumonia uncertain
No clear pneumothorax. | pneumothorax uncertain
No gross effusion. | pleural_effusion negated
No large pneumothorax. | pneumothorax negated
No large pneumothorax, small one not excluded. | pneumothorax uncertain
Pneumonia not excluded. | pneumonia uncertain
Pneumothorax cannot be entirely excluded. | pneumothorax uncertain
Cannot rule out pneumothorax. | pneumothorax uncertain
Cannot completely exclude fracture. | fracture uncertain
Difficult to exclude pneumothorax. | pneumothorax uncertain
Pneumothorax is difficult to exclude. | pneumothorax uncertain
Hard to rule out a small effusion. | pleural_effusion uncertain
Pneumothorax is not entirely ruled out. | pneumothorax uncertain
Small effusion would be difficult to exclude. | pleural_effusion uncertain
No pneumothorax or effusion, although a small effusion cannot be excluded. | pneumothorax negated, pleural_effusion negated, pleural_effusion uncertain
No effusion and no pneumothorax, although a small one cannot be excluded. | pleural_effusion negated, pneumothorax uncertain
Kein Pneumothorax, ein kleiner ist nicht auszuschliessen. | pneumothorax uncertain
Kein Pneumothorax, ein kleiner ist aber nicht auszuschließen. | pneumothorax uncertain
Ein Pneumothorax ist nicht auszuschliessen. | pneumothorax uncertain
Pneumothorax nicht sicher auszuschließen. | pneumothorax uncertain
Pneumonie nicht sicher ausgeschlossen. | pneumonia uncertain
Kein sicherer Pneumothorax. | pneumothorax uncertain
Kein sicherer Nachweis eines Pneumothorax. | pneumothorax uncertain
Keine sichere Fraktur. | fracture uncertain
Kein eindeutiger Erguss. | pleural_effusion uncertain
Pneumothorax kann nicht ausgeschlossen werden. | pneumothorax uncertain
Eine Fraktur lässt sich nicht ausschließen. | fracture uncertain
Kein Anhalt für Pneumonie, kleines Infiltrat nicht auszuschließen. | pneumonia negated, infiltrate uncertain
Kein Pneumothorax. | pneumothorax negated
No pneumothorax, pneumonia cannot be excluded. | pneumothorax negated, pneumonia uncertain
No fracture. Pneumonia cannot be excluded. | fracture negated, pneumonia uncertain
No pneumothorax. It cannot be excluded that he fell. | pneumothorax negated
No pneumothorax on the right one. | pneumothorax negated
No pneumothorax, even a small one. | pneumothorax negated
No pneumothorax, although the film is rotated. | pneumothorax negated
No effusion, but atelectasis cannot be excluded. | pleural_effusion negated, atelectasis uncertain
No fracture, but one rib looks odd. | fracture negated
Pneumothorax has been excluded, a small one as well. | pneumothorax negated
Pneumothorax was ruled out. | pneumothorax negated
No new pneumothorax, though a tiny apical component cannot be excluded. | pneumothorax uncertain
"""
CASES = [tuple(x.split("|")) for x in SAID.strip().splitlines()]


def said(text: str) -> list[str]:
    mentions = read_note(note(text, kind="note", name="n")).mentions
    order = sorted(mentions, key=lambda x: x.start)
    return [f"{x.label} {x.assertion}" for x in order]


@pytest.mark.parametrize(("text", "meant"), CASES, ids=[x[0].strip() for x in CASES])
def test_what_a_sentence_says_of_findings(text: str, meant: str) -> None:
    assert said(text.strip()) == [x.strip() for x in meant.split(",") if x.strip()]


@pytest.mark.parametrize(
    "text", ["No definite pneumothorax.", "No obvious fracture.", "Kein sicherer Erguss."]
)
def test_what_is_denied_with_a_doubt_is_denied_in_a_report(text: str) -> None:
    """So do those who code reports take it: of 110 on the half the rules were made on, 104 times."""
    assert said(text)[0].endswith("uncertain")
    assert said(f"Findings: {text}")[0].endswith("negated")


def test_a_doubt_without_a_name_says_its_cue() -> None:
    text = "No pneumothorax.  A small one\ncannot be excluded."
    (mention,) = read_note(note(text, kind="note", name="n")).mentions
    assert (mention.assertion, mention.cue) == ("uncertain", "cannot be excluded")
    assert text[slice(*mention.sentence)] == "No pneumothorax."


def test_one_line_does_not_deny_the_next() -> None:
    assert said("No effusion\nPneumothorax on the left") == [
        "pleural_effusion negated",
        "pneumothorax affirmed",
    ]


def test_a_wrapped_line_is_one_sentence() -> None:
    assert said("There is no evidence of\npneumothorax or of an\neffusion.") == [
        "pneumothorax negated",
        "pleural_effusion negated",
    ]


def test_places_are_exact_and_the_cue_is_named() -> None:
    text = "Cough.  There is no  evidence of pleural\neffusion today."
    (mention,) = read_note(note(text, kind="note", name="n")).mentions
    assert text[mention.start : mention.end] == "pleural\neffusion"
    assert text[slice(*mention.sentence)] == "There is no  evidence of pleural\neffusion today."
    assert mention.cue == "no  evidence of"


def test_every_label_has_words_and_its_own_title_among_its_names() -> None:
    known = labels()
    assert {x for x in known.values() if x} == {x.code for x in TAXONOMY.labels}
    titles = {x.code: x.title for x in TAXONOMY.labels if x.code != "device_malposition"}
    found = {
        code: {known[x.label] for x in read_note(note(title, kind="note", name="t")).mentions}
        for code, title in titles.items()
    }
    assert [x for x in titles if x not in found[x]] == []


@pytest.mark.parametrize(
    ("text", "label", "named"),
    [
        ("Collapsed\nlung?", "pneumothorax", True),
        ("COLLAPSED-LUNG", "pneumothorax", True),
        ("the lung collapsed", "pneumothorax", False),
        ("massive swelling", "mass", False),
        ("known heart failure", "pulmonary_oedema", False),
        ("Subdural, old", "intracranial_haemorrhage", True),
        ("free air under the right hemidiaphragm", "free_air", True),
    ],
)
def test_whole_words_name_a_finding(text: str, label: str, named: bool) -> None:
    mentions = read_note(note(text, kind="note", name="n")).mentions
    assert (label in {x.label for x in mentions}) is named
