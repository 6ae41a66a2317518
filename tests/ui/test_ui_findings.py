"""Findings are agreed to, edited, rejected and added, and nothing of that is lost."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import RADIOLOGY, CaseMaker
from ui_reading import decide, keys, press, reason_field, said, stay, stored, view, write_reason

from secondlook.assessments import Finding
from secondlook.decisions import Act, Area, FindingAct
from secondlook_ui import workplace

OpenPage = Callable[..., AppTest]


def field(app: AppTest, kind: str, name: str) -> object:
    """A field of the open form."""
    return next(x for x in getattr(app, kind) if str(x.key).endswith(f":{name}"))


def fill(app: AppTest, kind: str, name: str, value: object) -> AppTest:
    """Fill one and leave it."""
    return field(app, kind, name).set_value(value).run()  # type: ignore[attr-defined]


def edited(app: AppTest) -> AppTest:
    """The one finding edited in every way."""
    press(app, "act:", ":edit")
    fill(app, "selectbox", "becomes", "scratch")
    fill(app, "selectbox", "severity", "minor")
    fill(app, "text_input", "site", "rim")
    fill(app, "text_input", "place", "10/20/30/40")
    return fill(app, "text_input", "comment", "along the edge")


def test_an_edit_is_stored_with_the_decision(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = press(edited(open_page("case", case=case)), "form-done")
    assert "changed to scratch" in said(app) and view(app, case).value is Act.EDIT
    decide(app, "rework")
    [decision] = stored(maker.workspace, case)[1]
    area = Area(attachment=maker.picture(case), left=10, top=20, width=30, height=40)
    assert decision.acts == (
        FindingAct(
            label="anomaly",
            act=Act.EDIT,
            becomes="scratch",
            severity="minor",
            site="rim",
            area=area,
            comment="along the edge",
        ),
    )


def test_a_finding_is_added_also_before_the_machine_is_asked(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed(domain=RADIOLOGY)
    app = press(open_page("case", case=case), "add-finding")
    fill(app, "selectbox", "becomes", "pneumonia")
    press(app, "form-done")
    assert "pneumonia or consolidation: added" in said(app) and "Anomaly (major)" not in said(app)
    write_reason(app, case, "seen by eye")
    decide(app, "urgent")
    [decision] = stored(maker.workspace, case)[1]
    assert decision.acts == (FindingAct(label="pneumonia", act=Act.ADD),)


def test_an_edit_that_changes_nothing_is_none(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = press(open_page("case", case=case), "act:", ":edit")
    fill(app, "text_input", "comment", "hm")
    fill(app, "text_input", "comment", "")
    app = decide(press(app, "form-done"), "scrap")
    assert stored(maker.workspace, case)[1][0].acts == ()


@pytest.mark.parametrize(
    ("typed", "told"), [("10/20", "four numbers"), ("90/0/30/10", "the picture at 96")]
)
def test_a_place_that_is_none_is_refused_in_words(
    maker: CaseMaker, open_page: OpenPage, typed: str, told: str
) -> None:
    case = maker.assessed()
    app = press(open_page("case", case=case), "act:", ":edit")
    fill(app, "text_input", "site", "rim")
    fill(app, "text_input", "place", typed)
    assert told in said(app)
    decide(app, "scrap")
    [act] = stored(maker.workspace, case)[1][0].acts
    assert (act.site, act.area) == ("rim", None)


def test_a_draft_keeps_edits_and_additions(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = press(edited(open_page("case", case=case)), "form-done")
    press(app, "add-finding")
    fill(app, "selectbox", "becomes", "dent")
    again = open_page("case", case=case)
    assert "changed to scratch; severity minor; site rim" in said(again)
    assert "dent: added" in said(again)
    decide(again, "rework")
    assert [x.held for x in stored(maker.workspace, case)[1][0].acts] == ["scratch", "dent"]


def test_the_keys_go_from_finding_to_finding(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    maker.store(
        case, (Finding(label="scratch", title="Scratch"), Finding(label="dent", title="Dent"))
    )
    app = open_page("case", case=case)
    assert with_keys(app) == {"scratch"}
    press(app, "act:", ":scratch:agree")
    assert with_keys(app) == {"dent"}
    press(app, "next-finding")
    assert with_keys(app) == {"scratch"}
    shortcuts = [x.proto.shortcut for x in app.button if x.proto.shortcut]
    assert len(set(shortcuts)) == len(shortcuts)


def with_keys(app: AppTest) -> set[str]:
    """The findings whose buttons have keys."""
    acts = [x for x in app.button if str(x.key).startswith("act:")]
    return {str(x.key).split(":")[-2] for x in acts if x.proto.shortcut}


def test_reasons_and_severity_are_stored(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = press(open_page("case", case=case), "why")
    field(app, "button_group", "reasons").set_value(["measured_wrong"]).run()  # type: ignore[attr-defined]
    field(app, "button_group", "severity").set_value("major").run()  # type: ignore[attr-defined]
    app = open_page("case", case=case)
    assert any(x.label == "Reasons (2)" for x in app.button)
    decide(app, "rework")
    [decision] = stored(maker.workspace, case)[1]
    assert (decision.reason_codes, decision.severity) == (("measured_wrong",), "major")


def test_a_reason_that_does_not_go_with_the_outcome_opens_the_list(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    with maker.workspace.database.write() as unit:
        unit.drafts.save(case, "Anna", {"reason_codes": ["acceptable"]})
        unit.commit()
    app = decide(open_page("case", case=case), "scrap")
    assert "Not saved. The reason “Acceptable variation” does not go with Scrap." in said(app)
    assert "Why it is decided so" in said(app)
    assert stored(maker.workspace, case)[1] == ()


def test_where_the_domain_wants_it_no_discrepancy_is_left_unexplained(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    domain = workplace.context().plugins.domains["defect-inspector"]
    monkeypatch.setattr(type(domain), "discrepancy_unexplained", False)
    decide(app, "scrap")
    assert "Scrap is not what the first look says: choose a reason, or write one." in said(app)
    assert stored(maker.workspace, case)[1] == ()
    write_reason(app, case, "it is cracked")
    decide(app, "scrap")
    assert stored(maker.workspace, case)[1][0].reason == "it is cracked"


def test_undo_opens_the_case_with_everything_that_was_decided(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case, other = maker.assessed("first", score=9.0), maker.assessed("second")
    app = press(edited(open_page("case", case=case)), "form-done")
    write_reason(app, case, "looked twice")
    app = stay(decide(app, "rework"), "case")
    assert app.query_params["case"] == other
    press(press(app, "undo"), "take-back")
    assert app.query_params["case"] == case
    app = open_page("case", case=case)
    assert "Taken back: Rework. The case is open again." in said(app)
    assert reason_field(app, case).value == "looked twice"
    before = stored(maker.workspace, case)[1][0].acts
    decide(app, "scrap")
    assert stored(maker.workspace, case)[1][1].acts == before


def test_the_worklist_takes_the_last_decision_back(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = stay(decide(open_page("case", case=case), "scrap"), "worklist")
    assert "Saved " in said(app)
    press(app, "undo-last")
    assert app.query_params["case"] == case
    with maker.workspace.database.read() as unit:
        assert unit.views.of(case, "Anna").undone


def test_what_cannot_be_taken_back_says_why(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = decide(open_page("case", case=case), "accept")
    maker.gain(case)
    app = press(open_page("case", case=case), "undo")
    assert "the case is open again already" in said(app)
    assert [x.disabled for x in app.button if str(x.key).startswith("take-back")] == [True]


def test_a_stored_draft_that_makes_no_sense_loses_only_that(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    body = {"reason": "kept", "findings": [{"label": "anomaly", "act": "burn"}]}
    with maker.workspace.database.write() as unit:
        unit.drafts.save(case, "Anna", body)
        unit.commit()
    app = open_page("case", case=case)
    assert reason_field(app, case).value == "kept" and view(app, case).value is None
    assert "add-finding" in keys(app)
