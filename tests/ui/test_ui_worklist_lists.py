"""The leads' list, what was handed over, saved filters: who is shown what, and what comes next."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import INSPECTOR, RADIOLOGY, CaseMaker, acknowledge_all
from ui_people import come_in, signed_in
from ui_reading import keys, press, said

from secondlook.accounts.actor import Role

OpenPage = Callable[..., AppTest]
LEADS, MINE = "For leads", "Handed to me"


def titles(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Title"])


def lists(app: AppTest) -> list[str]:
    return list(app.segmented_control(key="show").options)


def escalate(maker: CaseMaker, case: str, by: str = "Bert") -> str:
    with maker.workspace.database.write() as unit:
        unit.users.ensure(by)
        unit.case_acts.escalate(case, reviewer=by, reason="unsure")
        unit.commit()
    return case


def hand(maker: CaseMaker, case: str, to: str = "Anna") -> str:
    with maker.workspace.database.write() as unit:
        unit.case_acts.hand_over(case, reviewer="Bert", to=to, minutes=30)
        unit.commit()
    return case


def as_somebody(
    maker: CaseMaker, monkeypatch: pytest.MonkeyPatch, role: Role, **where: str
) -> None:
    token = signed_in(maker.workspace, "Rita", role, **where)
    acknowledge_all(maker.workspace.home, "Rita")
    come_in(monkeypatch, token)


def test_a_lead_is_shown_what_waits_for_one_and_why(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.assessed("ordinary")
    escalate(maker, maker.assessed("doubtful"))
    app = open_page()
    assert "1 open, 1 for leads, 0 decided" in said(app)
    assert titles(app) == ["ordinary"]
    app.segmented_control(key="show").set_value("leads").run()
    assert titles(app) == ["doubtful"]
    assert list(app.dataframe[0].value["For leads"]) == ["escalated"]


def test_next_of_the_leads_list_comes_from_it(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.assessed("ordinary", score=9.0)
    case = escalate(maker, maker.assessed("doubtful"))
    app = press(open_page(show=LEADS), "next")
    assert app.query_params["case"] == case
    with maker.workspace.database.read() as unit:
        assert unit.leases.holds(case, "Anna")


def test_an_empty_leads_list_says_who_holds_what_and_what_is_anothers(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    escalate(maker, maker.assessed("mine"), "Anna")
    held = escalate(maker, maker.assessed("held"))
    with maker.workspace.database.write() as unit:
        unit.leases.claim(held, "Cora", minutes=15, lead=True)
        unit.commit()
    app = press(open_page(show=LEADS), "next")
    text = said(app)
    assert app.segmented_control(key="show").value == "leads" and not app.exception
    assert "0 left, 1 held by Cora until" in text
    assert "1 for another lead, as you had a part in it" in text


def test_who_is_no_lead_is_told_of_none(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalate(maker, maker.assessed("doubtful"))
    app = open_page()
    as_somebody(maker, monkeypatch, Role.REVIEWER)
    app = open_page(show=LEADS, domain="Defect inspector")
    assert lists(app) == ["Open", MINE, "Decided", "All"]
    assert not app.dataframe and "leads" not in said(app)
    assert "bulk" not in [x.key for x in app.toggle]


def test_a_lead_of_one_domain_is_one_there_alone(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalate(maker, maker.assessed("plate"))
    escalate(maker, maker.assessed("chest", domain=RADIOLOGY))
    as_somebody(maker, monkeypatch, Role.REVIEWER)
    as_somebody(maker, monkeypatch, Role.LEAD, domain=INSPECTOR)
    app = open_page()
    assert LEADS not in lists(app)
    app.selectbox(key="domain").set_value(INSPECTOR).run()
    app.segmented_control(key="show").set_value("leads").run()
    assert titles(app) == ["plate"]
    app.selectbox(key="domain").set_value(RADIOLOGY).run()
    assert LEADS not in lists(app) and not app.dataframe and not app.exception


def test_what_was_handed_over_is_listed_and_comes_next(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    maker.assessed("ordinary", score=9.0)
    case = hand(maker, maker.assessed("handed"))
    app = open_page(show=MINE)
    assert "1 handed to you" in said(app) and titles(app) == ["handed"]
    assert press(app, "next").query_params["case"] == case


def test_nothing_handed_over_says_so(maker: CaseMaker, open_page: OpenPage) -> None:
    hand(maker, maker.assessed("theirs"), to="Cora")
    assert open_page(show=MINE).info[0].value == "Nothing is handed over to you now."


def save(app: AppTest, name: str, *, shared: bool = False) -> None:
    app.text_input(key="filter-name").set_value(name)
    if shared:
        app.checkbox(key="filter-shared").check()
    app.button(key="filter-save").click().run()


def saved_id(app: AppTest) -> str:
    return next(x for x in keys(app) if x.startswith("saved:")).partition(":")[2]


def test_a_saved_filter_is_opened_by_its_name_and_by_its_address(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    for title in ("plate A", "other"):
        maker.assessed(title)
    app = open_page(search="plate", show="All")
    save(app, "*plates*")
    assert "Saved: *plates*" in said(app)
    id = saved_id(app)
    assert any(x.value.endswith(f"/?view={id}") for x in app.code)
    assert titles(open_page(view=id)) == ["plate A"]
    other = open_page()
    assert len(titles(other)) == 2
    assert titles(press(other, "saved:")) == ["plate A"]
    assert other.segmented_control(key="show").value == "all"


def test_an_address_that_names_none_says_so(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.assessed("plate")
    app = open_page(view="nothing")
    assert "There is no such saved filter" in said(app) and titles(app) == ["plate"]


def test_a_filter_is_shared_by_leads_and_removed_by_them(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.assessed("plate")
    app = open_page()
    save(app, "own")
    save(app, "ours", shared=True)
    as_somebody(maker, monkeypatch, Role.REVIEWER)
    theirs = open_page()
    assert [x.label for x in theirs.button if str(x.key).startswith("saved:")] == ["ours"]
    assert not [x for x in theirs.checkbox if x.key == "filter-shared"]
    assert not [x for x in keys(theirs) if x.startswith("forget:")]
    as_somebody(maker, monkeypatch, Role.LEAD)
    press(open_page(), "forget:")
    with maker.workspace.database.read() as unit:
        assert [x.name for x in unit.saved_filters.of("Anna")] == ["own"]
