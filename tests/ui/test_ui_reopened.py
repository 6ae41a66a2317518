"""A decided case that gained a file is open again, and what stands is amended, not forgotten."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest
from ui_cases import INSPECTOR, RADIOLOGY, CaseMaker
from ui_reading import decide, hold_as, keys, press, said, stay, stored, view, write_reason

from secondlook.cases import CaseStatus
from secondlook.decisions import Act

OpenPage = Callable[..., AppTest]


def reopened(maker: CaseMaker, domain: str = INSPECTOR) -> str:
    """A case that Bert accepted, open again."""
    case_id = maker.assessed(domain=domain)
    decide_and_reopen(maker, case_id)
    return case_id


def decide_and_reopen(maker: CaseMaker, case_id: str) -> None:
    """Bert decides, and then a file is added."""
    with maker.workspace.database.write() as unit:
        unit.decisions.add(case_id, reviewer="Bert", disposition="accept", reason="clean")
        unit.commit()
    maker.gain(case_id)


def test_an_open_case_says_what_was_decided_before(maker: CaseMaker, open_page: OpenPage) -> None:
    text = said(open_page("case", case=reopened(maker)))
    assert "Decided before: Accept; new files came in" in text
    assert "Bert decided Accept" in text and "Reason: clean" in text
    assert "you (Anna) hold it until" in text


def test_the_next_decision_amends_the_one_before(maker: CaseMaker, open_page: OpenPage) -> None:
    case = reopened(maker)
    app = open_page("case", case=case)
    view(app, case).set_value(Act.AGREE).run()
    write_reason(app, case, "the new picture shows a pore")
    decide(app, "scrap")
    now, (before, after) = stored(maker.workspace, case)
    assert now.status is CaseStatus.DECIDED
    assert (after.reviewer, after.disposition, after.amends) == ("Anna", "scrap", before.id)
    assert [x.act for x in after.acts] == [Act.AGREE]
    assert after.reason == "the new picture shows a pore"


def test_a_draft_of_it_keeps_the_views(maker: CaseMaker, open_page: OpenPage) -> None:
    case = reopened(maker)
    view(open_page("case", case=case), case).set_value(Act.REJECT).run()
    assert view(open_page("case", case=case), case).value == Act.REJECT


def test_it_cannot_be_decided_while_somebody_else_holds_it(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = reopened(maker)
    hold_as(maker.workspace, case, "Bert")
    app = open_page("case", case=case)
    assert "Bert holds it until" in said(app)
    assert not [x for x in keys(app) if x.startswith("decide:")]


def test_the_first_look_waits_again_where_the_picture_comes_first(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    app = open_page("case", case=reopened(maker, domain=RADIOLOGY))
    assert "Anomaly (major)" not in said(app)
    assert "Anomaly (major)" in said(press(app, "first-look"))


def test_a_press_on_the_page_of_before_decides_nothing(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    with maker.workspace.database.write() as unit:
        held = unit.leases.claim(case, "Anna", minutes=15)
        unit.leases.release(held)
        unit.commit()
    decide_and_reopen(maker, case)
    decide(app, "scrap")
    assert [x.disposition for x in stored(maker.workspace, case)[1]] == ["accept"]
    assert "Decided before: Accept" in said(app)


def test_the_worklist_shows_it_as_waiting(maker: CaseMaker, open_page: OpenPage) -> None:
    case = reopened(maker)
    app = open_page()
    [row] = app.dataframe[0].value.to_dict("records")
    assert row["Waiting"] == "0 min"
    assert stay(press(app, "next"), "case").query_params["case"] == case
