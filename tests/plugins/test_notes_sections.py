"""The sections of notes, and what of them was known before an exam was read."""

import pytest

from radiology_assistant.notes import before_reading, read_note
from radiology_assistant.notes.sections import sections_of
from secondlook.intake.passages import note

REPORT = """CHEST 2 VIEWS

INDICATION: Cough, fever.
COMPARISON: 1 January
TECHNIQUE: PA and lateral
FINDINGS:
Lungs: clear. Heart: normal.

IMPRESSION:
1. No acute disease.
RECOMMENDATION: none
"""


def known(text: str) -> list[str]:
    record = note(text, kind="note", name="n")
    passages = before_reading(record)
    assert all(record.text[x.start : x.end] == x.text for x in passages)
    assert [x.ordinal for x in passages] == list(range(len(passages)))
    assert all(x.line == record.text.count("\n", 0, x.start) + 1 for x in passages)
    return [x.text for x in passages]


def names(text: str) -> list[str]:
    return [x.name for x in sections_of(text)]


def test_a_report_falls_into_its_sections() -> None:
    assert names(REPORT) == [
        "document",
        "indication",
        "comparison",
        "technique",
        "findings",
        "impression",
        "recommendation",
    ]
    assert known(REPORT) == ["Cough, fever.", "1 January"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Indication: cough Findings: clear Impression: none", ["cough"]),
        ("history: fall. findings: fracture.", ["fall."]),
        ("**Clinical history**\nfall\n\n**Findings**\nfracture", ["fall"]),
        ("## Reason for exam\nfall\n## Findings\nfracture", ["fall"]),
        ("1. INDICATION: fall\n2. FINDINGS: fracture", ["fall"]),
        ("HISTORY - fall\nFINDINGS - fracture", ["fall"]),
        ("Clinical history (brief): fall\nCT FINDINGS: fracture", ["fall"]),
        ("History and findings: fall with fracture", []),
        ("Fragestellung: Sturz\nBefund: Fraktur\nBeurteilung: Fraktur", ["Sturz"]),
        ("Klinische Angaben\nSturz\n\nBefund\nFraktur", ["Sturz"]),
        ("Impression: fracture", []),
        ("A fall from a ladder, pain in the chest.", ["A fall from a ladder, pain in the chest."]),
        ("Heart size is normal. The lungs are clear. No effusion.", []),
        ("Document: letter\nFell today.\n\nReport:\nClear.", []),
        (
            "Indication: fall\n\nReport: clear.\n\nDocument: letter\nFell.",
            ["fall", "letter\nFell."],
        ),
        (
            "Findings: clear\n\nDocument:\nFell today.\n\nDocument:\nNo wound.",
            ["Fell today.", "No wound."],
        ),
    ],
)
def test_only_what_was_known_before_is_kept(text: str, kept: list[str]) -> None:
    assert known(text) == kept


@pytest.mark.parametrize(
    ("text", "assertion"),
    [
        ("Indication: pneumothorax", "hypothetical"),
        ("Indication: known pneumothorax", "affirmed"),
        ("Past medical history: pneumothorax", "historical"),
        ("Comparison: CT with pneumothorax", "historical"),
        ("History: pneumothorax", "affirmed"),
        ("Findings: pneumothorax", "affirmed"),
        ("Indication: no pneumothorax", "negated"),
    ],
)
def test_a_section_says_how_a_bare_name_is_meant(text: str, assertion: str) -> None:
    (mention,) = read_note(note(text, kind="note", name="n")).mentions
    assert mention.assertion == assertion
    assert mention.known is (mention.section != "findings")


def test_a_heading_inside_of_a_sentence_is_none() -> None:
    assert names("He said that the findings: were new.") == ["document"]
    assert names("Seen at 10:30 and 11:15.") == ["document"]


def test_sub_headings_stay_in_their_section() -> None:
    assert names("Findings:\nLungs: clear.\nHeart: normal.") == ["findings"]
