"""Cases are passed on: to the leads, to a person who may decide them, back to everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_ui_second_read import reads, twice  # noqa: F401 - the second is a fixture
from ui_cases import INSPECTOR, CaseMaker, acknowledge_all
from ui_people import signed_in
from ui_reading import decide, keys, press, said, stored

from secondlook.accounts.actor import Role
from secondlook.decisions import How
from secondlook.reviewing import Stage

OpenPage = Callable[..., AppTest]
Become = Callable[..., None]


def field(app: AppTest, kind: str, name: str) -> Any:
    """A field of the form."""
    fields = getattr(app, kind)
    return next(x for x in fields if str(x.key).startswith("pass:") and x.key.endswith(f":{name}"))


def view(maker: CaseMaker, case: str) -> Any:
    """The case as a lead sees it."""
    with maker.workspace.database.read() as unit:
        return unit.views.of(case, "Zoe", lead=True)


def test_a_case_is_left_to_the_leads_with_a_reason(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = press(press(open_page("case", case=case), "pass-on"), "escalate")
    assert "takes a reason" in said(app) and view(maker, case).stage is None
    field(app, "text_input", "reason").set_value("never seen such a thing").run()
    press(app, "escalate")
    assert view(maker, case).stage is Stage.ESCALATED
    assert view(maker, case).acts[-1].reason == "never seen such a thing"


def test_a_case_is_handed_only_to_whoever_may_decide_it(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    for name, role in (("Bert", Role.REVIEWER), ("Vera", Role.VIEWER)):
        signed_in(maker.workspace, name, role)
    case = maker.assessed()
    app = press(open_page("case", case=case), "pass-on")
    assert field(app, "selectbox", "to").options == ["Bert"]
    press(app, "hand-over")
    assert "Choose to whom it goes." in said(app)
    field(app, "selectbox", "to").set_value("Bert").run()
    press(app, "hand-over")
    assert view(maker, case).handed_to == "Bert"


def test_a_case_is_put_back(maker: CaseMaker, open_page: OpenPage) -> None:
    case, other = maker.assessed("first", score=9.0), maker.assessed("second")
    app = press(press(open_page("case", case=case), "pass-on"), "put-back")
    assert app.query_params["case"] == other
    with maker.workspace.database.read() as unit:
        assert not unit.leases.holds(case, "Anna")


def test_a_lead_sees_both_reads_side_by_side_and_settles(
    twice: CaseMaker,  # noqa: F811 - the fixture
    open_page: OpenPage,
) -> None:
    case = twice.assessed()
    reads(twice, case, "Bert", "rework")
    reads(twice, case, "Cora", "scrap")
    app = open_page("case", case=case)
    text = said(app)
    assert "Two reads differ. You settle it." in text
    assert "REASON of Bert" in text and "REASON of Cora" in text
    assert {"Rework", "Scrap"} <= set(text.splitlines())
    decide(app, "scrap")
    [decision] = stored(twice.workspace, case)[1]
    assert (decision.how, decision.reviewer) == (How.ADJUDICATED, "Anna")


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.VIEWER])
def test_whoever_is_no_lead_sees_and_settles_nothing(
    twice: CaseMaker,  # noqa: F811 - the fixture
    open_page: OpenPage,
    become: Become,
    role: Role,
) -> None:
    acknowledge_all(twice.workspace.home, "Dora")
    case = twice.assessed()
    reads(twice, case, "Bert", "rework")
    reads(twice, case, "Cora", "scrap")
    become("Dora", role, INSPECTOR)
    app = open_page("case", case=case)
    assert "REASON" not in said(app) and "Bert" not in said(app)
    assert not [x for x in keys(app) if x.startswith(("decide:", "pass-on"))]


def test_handing_over_to_the_first_reader_does_not_say_that_they_read_it(
    twice: CaseMaker,  # noqa: F811 - the fixture
    open_page: OpenPage,
) -> None:
    signed_in(twice.workspace, "Bert", Role.REVIEWER)
    case = twice.assessed()
    reads(twice, case, "Bert")
    app = press(open_page("case", case=case), "pass-on")
    field(app, "selectbox", "to").set_value("Bert").run()
    press(app, "hand-over")
    assert "Bert cannot take this case." in said(app) and "read it" not in said(app)
