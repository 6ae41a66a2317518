"""What a person changed, added and drew is in the exports of inspections."""

from typing import Any

import pytest
from test_inspection_coco import as_coco
from test_inspection_reports import as_html, spoken

from export_parts import Parts
from secondlook.decisions import Act, Area, FindingAct
from secondlook.second_reads import SecondRead
from secondlook.store.unit_of_work import UnitOfWork


def drawn(parts: Parts, case: str) -> tuple[FindingAct, ...]:
    """An edit that moves the machine's finding, one more of the same kind, and a rejection."""
    with parts.workspace.database.read() as unit:
        picture = unit.cases.get(case).images()[0].sha256
    one = Area(attachment=picture, left=2, top=3, width=20, height=10)
    two = Area(attachment=picture, left=30, top=3, width=5, height=6)
    return (
        FindingAct(label="pore", act=Act.EDIT, becomes="crack", severity="major", area=one),
        FindingAct(label="pore", act=Act.ADD, area=two, comment="at the <rim>"),
    )


def decide(unit: UnitOfWork, case: str, by: str, acts: tuple[FindingAct, ...]) -> None:
    look = unit.assessments.latest(case)
    assert look is not None
    unit.decisions.add(
        case,
        reviewer=by,
        disposition="scrap",
        acts=acts,
        reason_codes=("measured_wrong",),
        assessment_id=look.id,
    )


@pytest.fixture
def case(parts: Parts) -> str:
    """A part that two people decided alike."""
    identity = parts.add()
    parts.look(identity)
    database = parts.workspace.database
    database.second_reads.policies = {"defect-inspector": SecondRead(share=1.0)}
    for by in ("Ada", "Bo"):
        with database.write() as unit:
            decide(unit, identity, by, drawn(parts, identity))
            unit.commit()
    return identity


def test_what_was_drawn_stands_for_the_places_of_the_machine(parts: Parts, case: str) -> None:
    found = as_coco(parts)
    names = {x["id"]: x["name"] for x in found["categories"]}
    told: list[Any] = [
        (names[x["category_id"]], x["bbox"], x["label_from"]) for x in found["annotations"]
    ]
    assert told == [
        ("crack", [2, 3, 20, 10], "person"),
        ("pore", [30, 3, 5, 6], "person"),
    ]
    assert found["annotations"][0]["severity"] == "major"
    assert found["images"][0]["labels"] == ["crack", "pore"]


def test_a_report_says_what_the_person_changed(parts: Parts, case: str) -> None:
    said = spoken(as_html(parts))
    for words in (
        "changed this finding: it is Crack",
        "Severity by the person: major",
        "Marked by the person: 20 x 10 at 2, 3",
        "Comment: at the <rim>",
        "Reason: The measurement is wrong",
        "Ada read it before and came to the same",
    ):
        assert words in said, words
