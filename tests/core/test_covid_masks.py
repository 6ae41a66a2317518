"""Notes of the chest images: no word is left that tells the finding or how it ended."""

import re
from pathlib import Path

import pytest

from covid_exams import covid_rows, truth
from covid_masking import mask, masked_words

WORD = re.compile(r"[^\W_]+|_{3}")


def left(note: str) -> set[str]:
    """Words of the list that a masked note still holds, looked for without any pattern."""
    words = WORD.findall(note.lower())
    found = set()
    for entry in (x for kind in masked_words().values() for x in kind):
        parts = WORD.findall(entry.lower())
        for start in range(len(words) - len(parts) + 1):
            *front, last = words[start : start + len(parts)]
            ends = last.startswith(parts[-1]) if entry.endswith("*") else last == parts[-1]
            if front == parts[:-1] and ends:
                found.add(entry)
    return found


@pytest.mark.parametrize(
    "told",
    [
        "SARS-CoV-2 pneumonia", "ICU", "icu-day 3", "intubated.", "COVID19", "2019-nCoV", "E.coli",
        "e coli", "passed away", "Passed\nAway", "high-flow", "(ETT)", "non-Pneumonia", "ARDS/MERS",
        "RT-PCR", "rtPCR positive", "Influenza_A", "Case courtesy of Dr X, Radiopaedia.org",
    ],
)  # fmt: skip
def test_every_spelling_goes(told: str) -> None:
    masked = mask(f"Cough. {told}")
    assert masked.startswith("Cough. ")
    assert left(masked) == set()
    assert "pneumonia" not in masked.lower()


def test_what_tells_nothing_stays() -> None:
    note = "Fever, cough and breathing difficulties for ten days. Bilateral opacities."
    assert mask(note) == note


def test_no_masked_word_is_left_in_any_note(shared_data: Path) -> None:
    rows = covid_rows(shared_data / "covid_cxr")
    assert len(rows) == 386
    assert {x for row in rows for x in left(mask(row["note"]))} == set()
    assert sum(mask(x["note"]) != x["note"] for x in rows) > 250


def test_no_name_of_a_finding_is_left(shared_data: Path) -> None:
    """The names come from the column itself, not from the list."""
    rows = covid_rows(shared_data / "covid_cxr")
    names = {x.lower() for row in rows for x in WORD.findall(row["finding"]) if len(x) > 2}
    names -= {"todo", "finding"}
    kept = {x for row in rows for x in WORD.findall(mask(row["note"]).lower())}
    assert names & kept == set()


def test_the_questions_have_both_answers(shared_data: Path) -> None:
    rows = covid_rows(shared_data / "covid_cxr")
    for question in ("care", "covid"):
        said = [truth(x, question) for x in rows]  # type: ignore[arg-type]  # both are questions
        assert min(said.count(True), said.count(False)) > 60
