"""What was decided is changed on purpose, with a reason, and stays on record."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest
from ui_cases import CaseMaker
from ui_reading import decide, keys, press, reason_field, said, stay, stored, view, write_reason

from secondlook.decisions import Act

OpenPage = Callable[..., AppTest]


def decided_again(open_page: OpenPage, case: str) -> AppTest:
    """Accept a case, and go back to it."""
    app = decide(open_page("case", case=case), "accept")
    back: AppTest = stay(press(stay(app, "worklist"), "back"), "case")
    return back


def test_a_decision_is_changed_by_a_second_one(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = decided_again(open_page, case)
    app.radio(key=f"amend:{case}:1").set_value("scrap").run()
    write_reason(app, case, "saw the pore too late")
    press(app, "amend")
    before, after = stored(maker.workspace, case)[1]
    assert (before.disposition, after.disposition, after.amends) == ("accept", "scrap", before.id)
    assert "Anna changed the decision to Scrap" in said(app)
    assert "Reason: saw the pore too late" in said(app)


def test_a_change_starts_without_a_reason_and_keeps_the_views(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    app = open_page("case", case=case)
    view(app, case).set_value(Act.AGREE).run()
    write_reason(app, case, "clear pore")
    app = stay(press(stay(decide(app, "hold"), "worklist"), "back"), "case")
    assert reason_field(app, case).value == ""
    app.radio(key=f"amend:{case}:1").set_value("scrap").run()
    write_reason(app, case, "measured")
    press(app, "amend")
    before, after = stored(maker.workspace, case)[1]
    assert before.acts == after.acts != ()
    assert (before.reason, after.reason) == ("clear pore", "measured")


def test_a_change_needs_a_reason(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = decided_again(open_page, case)
    app.radio(key=f"amend:{case}:1").set_value("scrap").run()
    press(app, "amend")
    assert len(stored(maker.workspace, case)[1]) == 1
    assert "A change needs" in said(app)


def test_a_decided_case_has_no_deciding_keys(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed()
    app = decided_again(open_page, case)
    assert not [x for x in keys(app) if x.startswith("decide:")]
