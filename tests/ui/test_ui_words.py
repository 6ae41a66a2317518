"""How numbers of the first look are put into words."""

import pytest

from defect_inspector.domain import DefectInspector
from secondlook import NOTHING, CitedPassage, LabelProbabilities, ModalityContribution
from secondlook_ui import words


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.254, "the image raises the probability by 0.25"),
        (-0.1, "the image lowers the probability by 0.10"),
        (0.001, "the image makes no difference"),
    ],
)
def test_a_contribution_says_which_way(share: float, text: str) -> None:
    assert words.contribution(ModalityContribution(modality="image", share=share)) == text


PORE, CRACK = "pore or blowhole", "crack"


def answer(possible: tuple[str, ...] = (), **probabilities: float) -> LabelProbabilities:
    """Probabilities by code; what is left stands for no finding."""
    rest = {NOTHING: 1 - sum(probabilities.values())}
    return LabelProbabilities(probabilities=probabilities | rest, possible=possible, coverage=0.9)


def test_probabilities_name_labels_as_people_do() -> None:
    item = answer(pore=0.7, crack=0.05, possible=(NOTHING, "pore"))
    assert words.probabilities(DefectInspector(), item) == (
        f"{PORE} 0.70, no finding 0.25, {CRACK} 0.05",
        f"with 90% coverage it is one of: {PORE}, no finding",
    )
    assert words.probabilities(None, item)[0].startswith("pore 0.70,")


def test_one_possible_label_is_said_to_be_it() -> None:
    item = answer(pore=0.97, possible=("pore",))
    assert words.probabilities(DefectInspector(), item)[1] == f"with 90% coverage it is: {PORE}"
    assert len(words.probabilities(DefectInspector(), answer(pore=0.97))) == 1


def test_long_lists_are_cut_and_what_is_hardly_possible_is_counted() -> None:
    many = {f"label{x}": 0.1 for x in range(6)} | {f"rare{x}": 0.001 for x in range(20)}
    item = answer(possible=tuple(many), **many)
    assert words.probabilities(None, item) == (
        "no finding 0.38, label0 0.10, label1 0.10, label2 0.10, 23 others less probable",
        "with 90% coverage it is one of: label0, label1, label2, label3 and 22 others",
    )
    sure = words.probabilities(None, answer(pore=0.999))
    assert sure == ("pore 1.00, 1 other less probable",)


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (None, ()),
        (0.124, ("without this sentence the probability falls by 0.12",)),
        (-0.2, ("without this sentence the probability rises by 0.20",)),
        (0.001, ("without this sentence the probability stays as it is",)),
    ],
)
def test_a_sentence_says_what_the_finding_owes_to_it(
    effect: float | None, text: tuple[str, ...]
) -> None:
    passage = CitedPassage(
        record="r",
        record_name="n",
        text="t",
        start=0,
        end=1,
        line=1,
        page=None,
        similarity=0.5,
        query="q",
        effect=effect,
    )
    assert words.effect(passage) == text
