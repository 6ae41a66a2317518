"""How numbers of the first look are put into words."""

import pytest

from defect_inspector.domain import DefectInspector
from secondlook import NOTHING, LabelProbabilities, ModalityContribution
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


def test_probabilities_name_labels_as_people_do() -> None:
    item = LabelProbabilities(
        probabilities={"pore": 0.7, NOTHING: 0.25, "crack": 0.05},
        possible=("pore", NOTHING),
        coverage=0.9,
    )
    assert words.probabilities(DefectInspector(), item) == (
        "pore or blowhole 0.70, no finding 0.25, crack 0.05; "
        "with 90% coverage it is pore or blowhole or no finding"
    )
    assert words.probabilities(None, item, most=1).startswith("pore 0.70;")
