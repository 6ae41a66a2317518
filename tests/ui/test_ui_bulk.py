"""Acting on several cases: a preview of exactly that, then each case for itself, then a report."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import RADIOLOGY, CaseMaker
from ui_people import signed_in
from ui_reading import hold_as, press, said

from radiology_assistant.policy_settings import TriageSettings
from secondlook.accounts.actor import Role

OpenPage = Callable[..., AppTest]
DOMAIN = {"domain": "Radiology assistant"}


@pytest.fixture
def exams(maker: CaseMaker) -> list[str]:
    """Three exams, of which Bert holds the second; Rita may take some."""
    signed_in(maker.workspace, "Rita", Role.REVIEWER)
    cases = [maker.add(f"exam {x}", domain=RADIOLOGY) for x in range(3)]
    hold_as(maker.workspace, cases[1], "Bert")
    return cases


def chosen(app: AppTest, act: str, **values: str) -> AppTest:
    """Everything in the list, and one act."""
    app.toggle(key="bulk").set_value(True).run()
    app.selectbox(key="bulk-act").set_value(act).run()
    app.selectbox(key="bulk-scope").set_value("all in this list")
    for key, value in values.items():
        app.selectbox(key=f"bulk-{key}").set_value(value)
    return app.run()


def rows(maker: CaseMaker) -> dict[str, Any]:
    from secondlook.store.worklist import WorklistFilter

    with maker.workspace.database.read() as unit:
        return {x.title: x for x in unit.worklist.page(WorklistFilter()).rows}


def test_a_preview_names_who_is_left_out_and_does_nothing(
    maker: CaseMaker, exams: list[str], open_page: OpenPage
) -> None:
    app = press(chosen(open_page(**DOMAIN), "hand_over", to="Rita"), "bulk-preview")
    assert "2 cases; 1 left out: Bert holds it" in said(app)
    assert {x.handed_to for x in rows(maker).values()} == {None}


def test_cases_are_handed_over_and_reported(
    maker: CaseMaker, exams: list[str], open_page: OpenPage
) -> None:
    app = press(chosen(open_page(**DOMAIN), "hand_over", to="Rita"), "bulk-preview")
    app = press(app, "bulk-do")
    assert "Hand over: done for 2 cases." in said(app)
    assert [x.handed_to for _, x in sorted(rows(maker).items())] == ["Rita", None, "Rita"]
    assert "Hand over: done" not in said(press(app, "bulk-seen"))


def test_what_was_chosen_anew_needs_a_preview_anew(exams: list[str], open_page: OpenPage) -> None:
    app = press(chosen(open_page(**DOMAIN), "hand_over", to="Rita"), "bulk-preview")
    app.text_input(key="bulk-reason").set_value("more").run()
    assert not [x for x in app.button if x.key == "bulk-do"]


def test_cases_are_moved_to_a_band(maker: CaseMaker, exams: list[str], open_page: OpenPage) -> None:
    app = chosen(open_page(**DOMAIN), "band", band="urgent")
    app = press(press(app, "bulk-preview"), "bulk-do")
    assert "Move to another band: done for 2 cases." in said(app)
    urgent = TriageSettings().queue().band("urgent").priority
    moved = {title for title, x in rows(maker).items() if x.priority == urgent}
    assert moved == {"exam 0", "exam 2"}


def test_who_lost_the_role_meanwhile_does_nothing(
    maker: CaseMaker, exams: list[str], open_page: OpenPage
) -> None:
    app = press(chosen(open_page(**DOMAIN), "hand_over", to="Rita"), "bulk-preview")
    with maker.workspace.database.write() as unit:
        unit.users.grant("Anna", Role.REVIEWER, by="test")
        unit.commit()
    app.button(key="bulk-do").click().run()
    assert {x.handed_to for x in rows(maker).values()} == {None}


def test_a_new_first_look_is_queued_once(exams: list[str], open_page: OpenPage) -> None:
    app = press(press(chosen(open_page(**DOMAIN), "look"), "bulk-preview"), "bulk-do")
    assert "Ask for a new first look: done for 2 cases." in said(app)
    assert "first looks: 1 queued" in said(app)
