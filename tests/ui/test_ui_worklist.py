"""The worklist says what waits, and leads to it."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import RADIOLOGY, CaseMaker
from ui_reading import expire_leases, hold_as, press, said, stay

from secondlook_ui import worklist

OpenPage = Callable[..., AppTest]


def titles(app: AppTest) -> list[str]:
    """The titles in the table."""
    return list(app.dataframe[0].value["Title"])


def test_cases_are_listed_most_urgent_first(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.look(maker.add("clean"), found=None, score=1.0)
    maker.assessed("weak", score=2.5)
    maker.assessed("strong", score=9.0)
    assert titles(open_page()) == ["strong", "weak", "clean"]


def test_a_row_says_the_first_look_in_words(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.assessed("holed")
    row = open_page().dataframe[0].value.iloc[0]
    assert (row["First look"], row["Recommended"], row["Product"]) == ("Anomaly", "Hold", "plate")


def test_a_case_that_failed_says_why(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    with maker.workspace.database.write() as unit:
        unit.assessments.fail(case, "the picture is cut off", actor="test")
        unit.commit()
    row = open_page().dataframe[0].value.iloc[0]
    assert row["First look"] == "failed: the picture is cut off"


def test_counts_are_a_sentence(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.assessed()
    maker.add()
    hold_as(maker.workspace, maker.assessed(), "Bert")
    expected = "3 open, 1 of them without a first look, 1 being looked at, 0 decided"
    assert expected in said(open_page())


def test_an_empty_store_names_the_command(maker: CaseMaker, open_page: OpenPage) -> None:
    app = open_page()
    assert "Nothing is waiting" in app.info[0].value
    assert app.code[0].value.startswith("secondlook run ")


def test_filters_narrow_the_list(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.assessed("plate A")
    maker.assessed("plate B")
    maker.assessed("chest", domain=RADIOLOGY)
    app = open_page()
    app.text_input(key="search").set_value("plate").run()
    assert sorted(titles(app)) == ["plate A", "plate B"]
    app.text_input(key="search").set_value("").run()
    app.selectbox(key="domain").set_value(RADIOLOGY).run()
    assert titles(app) == ["chest"]


def test_a_filter_can_be_linked_to(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.assessed("plate A")
    maker.assessed("other")
    assert titles(open_page(search="plate")) == ["plate A"]


def test_pages_go_on_and_back(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "PAGE", 2)
    for number in range(5):
        maker.assessed(f"plate {number}", score=9.0 - number)
    app = open_page()
    assert titles(app) == ["plate 0", "plate 1"]
    press(press(app, "page-next"), "page-next")
    assert titles(app) == ["plate 4"]
    assert app.button(key="page-next").disabled
    assert titles(press(app, "page-back")) == ["plate 2", "plate 3"]


def test_a_new_filter_starts_at_the_first_page(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "PAGE", 1)
    maker.assessed("plate 0", score=9.0)
    maker.assessed("plate 1", score=8.0)
    app = press(open_page(), "page-next")
    app.text_input(key="search").set_value("plate").run()
    assert titles(app) == ["plate 0"]


def test_next_case_holds_and_opens_it(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed("holed")
    app = press(open_page(), "next")
    assert app.query_params["case"] == case
    assert "you (Anna) hold it until" in said(app)


def test_next_case_passes_over_what_others_hold(maker: CaseMaker, open_page: OpenPage) -> None:
    hold_as(maker.workspace, maker.assessed("first", score=9.0), "Bert")
    free = maker.assessed("second")
    assert press(open_page(), "next").query_params["case"] == free


def test_nothing_left_names_who_holds_the_rest(maker: CaseMaker, open_page: OpenPage) -> None:
    hold_as(maker.workspace, maker.assessed(), "Bert")
    app = press(open_page(), "next")
    assert "0 left, 1 held by Bert until" in said(app)


def test_nothing_left_under_a_filter_of_the_address_is_said(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    hold_as(maker.workspace, maker.assessed(), "Bert")
    app = press(open_page(domain="Defect inspector"), "next")
    assert "0 left, 1 held by Bert until" in said(app)
    assert app.selectbox(key="domain").value == "defect-inspector"


def test_next_stays_within_the_chosen_domain(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.assessed("urgent chest", domain=RADIOLOGY, score=9.0)
    plate = maker.assessed("plate")
    app = open_page()
    app.selectbox(key="domain").set_value("defect-inspector").run()
    assert press(app, "next").query_params["case"] == plate


def test_going_back_to_the_worklist_gives_the_case_back(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    stay(press(open_page(), "next"), "worklist")
    expire_leases(maker.workspace, case, "Bert")  # would raise LeaseLost while Anna held it


def test_signed_out_nothing_is_shown(
    maker: CaseMaker, open_page: OpenPage, become: Callable[..., None]
) -> None:
    maker.assessed("plate")
    app = open_page()
    become(None)
    app.run()
    assert "You are signed out" in said(app)
    assert not app.dataframe and not app.button


def test_assessing_is_queued_and_counted(maker: CaseMaker, open_page: OpenPage) -> None:
    maker.add()
    app = press(open_page(), "assess")
    assert "first looks: 1 queued" in said(app)
    assert "secondlook work" in said(app)
