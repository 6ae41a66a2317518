"""No note makes the reader raise, hang or lose a place."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiology_assistant.notes import before_reading, read_note
from radiology_assistant.notes.phrases import Phrases
from secondlook.intake.passages import note

WORDS = [
    "no", "not", "without", "pneumothorax", "effusion", "heart", "enlarged", "the", ",", ".", ";",
    "or", "and", "?", "but", "cannot", "exclude", "rule", "out", "Findings:", "Indication:",
    "Report:", "\n", "\n\n", "-", ":", "1.", "(", ")", "history", "of", "İ", "ß", "XXXX", "is",
]  # fmt: skip
REPORT = """INDICATION: 56 year old with cough, rule out pneumonia.
FINDINGS: The heart is mildly enlarged. No focal consolidation, pneumothorax, or effusion. There is
a small nodule in the left lower lobe, which may represent a granuloma. Old rib fractures.
IMPRESSION: 1. No acute disease. 2. Cardiomegaly.

"""
NOTES = st.one_of(
    st.text(max_size=400), st.lists(st.sampled_from(WORDS), max_size=80).map(" ".join)
)
LONG = {
    "words": "no pneumothorax or effusion, ",
    "no blanks": "x",
    "colons": "Findings: ",
    "question marks": "?",
    "commas": "no , and ",
    "cues": "no evidence of ",
    "gaps": "heart ",
    "lines": "no\n",
    "brackets": "Findings ((((",
    "marks": "*_",
    "blanks": " \t",
    "stops": "e.g. ",
    "digits": "1,1.",
    "hyphens": "-a",
}


@settings(max_examples=300, deadline=None)
@given(NOTES)
def test_places_hold_for_any_text(text: str) -> None:
    record = note(text, kind="note", name="n")
    read = read_note(record)
    for mention in read.mentions:
        start, end = mention.sentence
        assert start <= mention.start < mention.end <= end
        assert any(x.start <= start and end <= x.end for x in read.sections)
    known = before_reading(record)
    assert all(record.text[x.start : x.end] == x.text and x.text.strip() for x in known)
    assert all(x.end <= y.start for x, y in pairwise(known))
    assert all(x.end <= y.start for x, y in pairwise(read.sections))


@pytest.mark.parametrize("piece", LONG.values(), ids=LONG.keys())
def test_no_text_of_100_kB_takes_long(piece: str) -> None:
    record = note(piece * (100_000 // len(piece)), kind="note", name="n")
    start = time.process_time()
    read_note(record)
    assert time.process_time() - start < 3.0


def test_a_note_of_100_kB_takes_well_under_a_second() -> None:
    text = REPORT * (100_000 // len(REPORT))
    record = note(text, kind="note", name="n")
    start = time.process_time()
    mentions = read_note(record).mentions
    assert time.process_time() - start < 0.6
    assert len(mentions) > 1000


@pytest.mark.parametrize("phrase", ["", "..", ".. heart", "heart ..", "a b|c/d"])
def test_what_is_no_phrase_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match="no phrase"):
        Phrases([(phrase, 1)])
