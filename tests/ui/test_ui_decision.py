"""A decision is stored once, visibly, and what was begun is never lost."""

from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from ui_cases import CaseMaker, acknowledge_all
from ui_reading import (
    decide,
    expire_leases,
    hold_as,
    press,
    reason_field,
    said,
    stored,
    view,
    write_reason,
)

from secondlook.cases import CaseStatus
from secondlook.decisions import Act, FindingAct
from secondlook.errors import SignedOut, StoreError
from secondlook_ui import pace, session, who
from secondlook_workflows import decide as verb

OpenPage = Callable[..., AppTest]


def test_a_decision_is_stored_and_the_next_case_opens(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    first, second = maker.assessed("first", score=9.0), maker.assessed("second")
    app = decide(open_page("case", case=first), "scrap")
    case, decisions = stored(maker.workspace, first)
    assert case.status is CaseStatus.DECIDED
    assert [(x.reviewer, x.disposition) for x in decisions] == [("Anna", "scrap")]
    assert app.query_params["case"] == second
    assert f"Saved {decisions[0].decided_at.astimezone():%H:%M:%S}: Scrap, first" in said(app)


@pytest.mark.parametrize("now", ["Bert", None])
def test_a_press_in_a_page_of_somebody_who_left_decides_nothing(
    maker: CaseMaker, open_page: OpenPage, become: Callable[..., None], now: str | None
) -> None:
    """As when a page reconnects after another person signed in: neither of them meant it."""
    acknowledge_all(maker.workspace.home, "Bert")
    case = maker.assessed("plate")
    app = open_page("case", case=case)
    become(now)
    decide(app, "scrap")
    assert stored(maker.workspace, case)[1] == ()


@pytest.mark.usefixtures("anna")
def test_a_callback_of_a_page_of_somebody_who_left_is_nobodys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Callbacks run before the page is drawn for whoever is signed in now."""
    assert session.actor().name == "Anna"
    monkeypatch.setitem(st.session_state, who.WHOSE, "another session")
    with pytest.raises(SignedOut):
        session.actor()


def test_the_last_decision_leads_back_to_the_worklist(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    app = decide(open_page("case", case=maker.assessed()), "accept")
    text = said(app)
    assert "Accept" in text and "Nothing is left to decide" in text
    assert app.info[0].value == "Nothing is left to decide here."


def test_views_of_findings_and_the_reason_go_with_it(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    view(app, case).set_value(Act.REJECT).run()
    write_reason(app, case, "only dust")
    decide(app, "accept")
    [decision] = stored(maker.workspace, case)[1]
    assert decision.acts == (FindingAct(label="anomaly", act=Act.REJECT),)
    assert decision.reason == "only dust"


def test_a_draft_outlives_the_browser(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    view(app, case).set_value(Act.AGREE).run()
    write_reason(app, case, "half a thought")
    assert "draft kept" in said(app)
    again = open_page("case", case=case)
    assert reason_field(again, case).value == "half a thought"
    assert view(again, case).value == Act.AGREE


def test_an_emptied_draft_is_gone(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    write_reason(app, case, "no")
    write_reason(app, case, "")
    with maker.workspace.database.read() as unit:
        assert unit.drafts.load(case, "Anna") is None


def test_a_lost_lease_refuses_and_keeps_what_was_entered(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    write_reason(app, case, "long work")
    expire_leases(maker.workspace, case, "Anna")
    hold_as(maker.workspace, case, "Bert")
    decide(app, "scrap")
    assert stored(maker.workspace, case)[1] == ()
    assert "Not saved." in said(app) and "Bert holds it" in said(app)
    with maker.workspace.database.read() as unit:
        draft = unit.drafts.load(case, "Anna")
    assert draft is not None and draft["reason"] == "long work"


def test_a_case_decided_meanwhile_is_not_decided_again(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    with maker.workspace.database.write() as unit:
        unit.decisions.add(case, reviewer="Anna", disposition="accept")  # another tab
        unit.commit()
    decide(app, "scrap")
    assert [x.disposition for x in stored(maker.workspace, case)[1]] == ["accept"]
    assert "Decided: Accept" in said(app)


def test_a_first_look_nobody_has_seen_is_not_decided_on(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    monkeypatch.setattr(verb, "run", _look_again_before(maker, case))
    decide(app, "accept")
    assert "A newer first look came in" in said(app)
    assert stored(maker.workspace, case)[1] == ()


def test_a_second_click_stores_nothing_twice(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    once = verb.run

    def twice(*arguments: object) -> object:
        once(*arguments)  # type: ignore[arg-type]
        return once(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(verb, "run", twice)
    decide(app, "accept")
    assert len(stored(maker.workspace, case)[1]) == 1
    assert "Saved" in said(app)


def test_a_key_that_comes_with_the_case_decides_nothing(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    monkeypatch.setattr(pace, "SETTLE_SECONDS", 60.0)
    decide(app, "scrap")
    assert stored(maker.workspace, case)[1] == ()
    assert "Nothing was decided" in said(app)


def test_a_database_that_refuses_is_a_clear_sentence(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(verb, "run", full)
    decide(app, "accept")
    assert "Not saved. the disk is full What you entered is kept." in said(app)


def test_skip_leaves_a_case_for_later(maker: CaseMaker, open_page: OpenPage) -> None:
    first, second = maker.assessed("first", score=9.0), maker.assessed("second")
    app = press(open_page("case", case=first), "skip")
    assert app.query_params["case"] == second
    hold_as(maker.workspace, first, "Bert")  # it was given back


def test_skipped_cases_come_again_when_no_other_is_left(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    first, second = maker.assessed("first", score=9.0), maker.assessed("second")
    app = press(open_page("case", case=first), "skip")
    decide(app, "accept")
    assert stored(maker.workspace, second)[1]
    assert app.query_params["case"] == first


def _look_again_before(maker: CaseMaker, case: str) -> Callable[..., object]:
    """Another first look comes in between the click and the transaction."""
    run = verb.run

    def looked(*arguments: object) -> object:
        maker.look(case, adapter="defect-inspector/plate/2")
        return run(*arguments)  # type: ignore[arg-type]

    return looked
