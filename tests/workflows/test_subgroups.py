"""Figures for parts of the patients, and none where the patients are too few."""

from typing import Any

import numpy as np
import pytest

from made_measurements import measured, measurement, raised
from secondlook_workflows.measuring import Measured
from secondlook_workflows.questions import ANYTHING, questions
from secondlook_workflows.subgroups import (
    LEAST_EACH,
    LEAST_PATIENTS,
    SEVERAL,
    UNSAID,
    subgroups,
    told,
)


def exams(patients: int, *, ill: int, exams: int = 1, **facts: str) -> list[Measured]:
    """Exams of so many patients, of whom the first `ill` have a finding."""
    rng = np.random.default_rng(patients)
    return [
        measured(
            ("crack",) if i < ill else (),
            patient=f"{facts}{i}",
            score=float(rng.random() + (i < ill)),
            findings=[raised("crack")] if i < ill else [],
            facts=facts,
        )
        for i in range(patients)
        for _ in range(exams)
    ]


def table(cases: list[Measured]) -> dict[str, Any]:
    """The figures of ANYTHING by fact and value."""
    found = subgroups(questions(measurement(cases)), seed=0)
    return {fact: {x: y[ANYTHING] for x, y in values.items()} for fact, values in found.items()}


@pytest.mark.parametrize(
    ("said", "files", "expected"),
    [
        ({"sex": "female", "age": "45"}, [], ("F", "40 to 64", UNSAID, UNSAID)),
        ({"sex": "m", "age": "17.0", "view": "pa"}, [], ("M", "under 18", "PA", UNSAID)),
        ({"age": "018Y"}, [{"sex": "O"}], ("O", "18 to 39", UNSAID, UNSAID)),
        ({}, [{"age_years": 80, "modality": "CR", "view": "AP"}], (UNSAID, "80 and over", "AP", "CR")),
        ({}, [{"view": "PA"}, {"view": "LL"}], (UNSAID, UNSAID, SEVERAL, UNSAID)),
        ({"view": "PA"}, [{"view": "LL"}], (UNSAID, UNSAID, "PA", UNSAID)),
        ({"sex": "unknown", "age": "old", "view": ""}, [], (UNSAID,) * 4),
        ({"sex": SEVERAL}, [], (SEVERAL, UNSAID, UNSAID, UNSAID)),
    ],
)  # fmt: skip
def test_facts_come_from_the_manifest_else_from_the_files(
    said: dict[str, str], files: list[dict[str, Any]], expected: tuple[str, ...]
) -> None:
    one = measured(facts=said, files=files).labelled
    assert tuple(told(one.case, one.facts).values()) == expected


def test_enough_patients_have_figures() -> None:
    cases = [*exams(40, ill=20, sex="F"), *exams(40, ill=15, sex="M")]
    found = table(cases)
    assert list(found) == ["sex"]
    assert [found["sex"][x]["with"] for x in "FM"] == [20, 15]
    assert found["sex"]["F"]["sensitivity"] == 1.0
    assert found["sex"]["F"]["auroc_interval"] is not None
    assert found["sex"]["F"]["too_few"] is None


@pytest.mark.parametrize(
    ("patients", "ill", "reason"),
    [
        (LEAST_PATIENTS - 1, 9, "19 patients of 20, 9 patients with it of 10"),
        (40, LEAST_EACH - 1, "9 patients with it of 10"),
        (40, 40 - LEAST_EACH + 1, "9 patients without it of 10"),
        (40, 0, "0 patients with it of 10"),
    ],
)
def test_few_patients_are_too_few_for_any_figure(patients: int, ill: int, reason: str) -> None:
    cells = table([*exams(patients, ill=ill, exams=3, sex="F"), *exams(40, ill=20, sex="M")])
    assert cells["sex"]["F"] == {
        "n": 3 * patients, "groups": patients, "too_few": f"too few: {reason}",
    }  # fmt: skip


def test_exams_of_one_patient_are_no_patients() -> None:
    cases = exams(5, ill=3, exams=30, sex="F")
    assert table(cases)["sex"]["F"]["too_few"] is not None


def test_who_says_nothing_is_a_part_by_itself() -> None:
    found = table([*exams(40, ill=20, sex="F"), *exams(30, ill=12)])
    assert found["sex"][UNSAID]["with"] == 12


def test_facts_that_nobody_states_are_left_out() -> None:
    assert table(exams(40, ill=20)) == {}
