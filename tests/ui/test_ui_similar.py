"""Decided cases that look alike: shown with what was decided, opened as the worklist does."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from streamlit.testing.v1 import AppTest
from ui_cases import RADIOLOGY, CaseMaker, neighbours
from ui_reading import press, reason_field, said, stay, view, write_reason

from secondlook.decisions import Act
from secondlook.errors import ModelError
from secondlook_ui import session, similar

OpenPage = Callable[..., AppTest]
HEADING = "Decided cases that look alike"


def cards(app: AppTest) -> list[str]:
    """The cases that can be opened from the cards, in their order."""
    return [x.key.split(":")[1] for x in app.button if x.key and x.key.startswith("alike:")]


def test_the_most_similar_come_with_what_was_decided(maker: CaseMaker, open_page: OpenPage) -> None:
    case, others = neighbours(maker, 4)
    app = open_page("case", case=case)
    text = said(app)
    assert cards(app) == others[:3]
    told = text[text.index(HEADING) :].splitlines()[1:5]
    assert told == ["Scrap", "anomaly of unknown type", "similarity 0.97", "decided 0"]
    assert len(app.get("image")) == 3, "a small one on each card"


def test_nothing_is_said_where_nothing_looks_alike(maker: CaseMaker, open_page: OpenPage) -> None:
    lonely = maker.assessed("lonely")
    maker.vector(lonely, 1, 0)
    assert HEADING not in said(open_page("case", case=lonely))


def test_open_cases_are_not_shown(maker: CaseMaker, open_page: OpenPage) -> None:
    case, _ = neighbours(maker, 0)
    maker.vector(maker.assessed("open"), 1, 0)
    assert HEADING not in said(open_page("case", case=case))


def test_a_card_opens_its_case_and_the_way_back_keeps_what_was_begun(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case, [other] = neighbours(maker, 1)
    app = open_page("case", case=case)
    view(app, case).set_value(Act.REJECT).run()
    write_reason(app, case, "only dust")
    app = press(app, f"alike:{other}")
    assert app.query_params["case"] == other
    app = stay(app, "case")
    assert "Decided: Scrap" in said(app) and "looks like at hand" in said(app)
    app = stay(press(app, "back"), "case")
    assert app.query_params["case"] == case
    assert reason_field(app, case).value == "only dust"
    assert view(app, case).value is Act.REJECT


def test_image_first_hides_them_until_the_first_look_is_shown(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, others = neighbours(maker, 1, domain=RADIOLOGY)
    domain = session.context().plugins.domains[RADIOLOGY]
    monkeypatch.setattr(domain, "image_first", True, raising=False)
    app = open_page("case", case=case)
    assert cards(app) == [] and HEADING not in said(app)
    assert "decided 0" not in said(app)
    assert cards(press(app, "first-look")) == others


def test_they_are_searched_once_while_the_case_is_open(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, others = neighbours(maker, 2)
    searched: list[str] = []
    search = similar.similar_decided

    def counted(at_hand, assessment, unit):  # type: ignore[no-untyped-def]
        searched.append(at_hand.id)
        return search(at_hand, assessment, unit)

    monkeypatch.setattr(similar, "similar_decided", counted)
    app = open_page("case", case=case)
    app.run()
    write_reason(app, case, "only dust")
    assert searched == [case]
    late = maker.decided("late")
    maker.vector(late, 1, 0)
    app = stay(stay(app, "worklist"), "case")
    assert cards(app) == [late, *others] and searched == [case, case]


def test_more_decided_cases_cost_no_more_statements(maker: CaseMaker, open_page: OpenPage) -> None:
    open_page()  # the workspace is open
    engine = maker.workspace.database.engine
    seen: list[object] = []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    def statements(count: int) -> int:
        case_id, _ = neighbours(maker, count)
        with maker.workspace.database.read() as unit:
            case, assessment = unit.cases.get(case_id), unit.assessments.latest(case_id)
            seen.clear()
            assert len(similar.search(case, assessment, unit)) == 3
            return len(seen)

    assert statements(3) == statements(9)


def test_a_search_that_fails_does_not_hide_the_case(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ModelError("vectors of another size")

    monkeypatch.setattr(similar, "similar_decided", broken)
    case, _ = neighbours(maker, 1)
    app = open_page("case", case=case)
    assert "Anomaly (major)" in said(app) and HEADING not in said(app)
    assert not app.exception


def test_a_picture_that_is_gone_leaves_the_words(maker: CaseMaker, open_page: OpenPage) -> None:
    case, [other] = neighbours(maker, 1)
    stored: Path = maker.workspace.blobs.path(maker.picture(other))
    stored.unlink()
    app = open_page("case", case=case)
    assert "no picture" in said(app) and cards(app) == [other]
