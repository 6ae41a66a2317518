"""Nobody sees a case of a domain before they have acknowledged what it is meant for."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import INSPECTOR, RADIOLOGY, CaseMaker
from ui_reading import keys, press, said, stay
from ui_viewer import scenes

from radiology_assistant.domain import RadiologyAssistant
from secondlook import IntendedUse
from secondlook.errors import NotAcknowledged
from secondlook.store.worklist import WorklistFilter
from secondlook_ui import shown, workplace

OpenPage = Callable[..., AppTest]
GATE = f"acknowledge:{RADIOLOGY}"


@pytest.fixture
def as_somebody_else(become: Callable[..., None]) -> OpenPage:
    """The same page with somebody else signed in."""

    def changed(app: AppTest, name: str | None = "Bert", page: str = "worklist") -> AppTest:
        become(name)
        app.run()
        return app if page == "worklist" or name is None else stay(app, page)

    return changed


def pictures(app: AppTest) -> int:
    return len(scenes(app))


def holder(maker: CaseMaker, case: str) -> str | None:
    with maker.workspace.database.read() as unit:
        [row] = [x for x in unit.worklist.page(WorklistFilter()).rows if x.id == case]
    return row.held_by


def test_a_case_is_shown_only_after_the_text_was_acknowledged(
    maker: CaseMaker, open_page: OpenPage, as_somebody_else: OpenPage
) -> None:
    case = maker.assessed("chest of somebody", domain=RADIOLOGY)
    app = open_page("case", case=case)
    assert "chest of somebody" in said(app) and pictures(app)
    app = as_somebody_else(app, page="case")
    assert "chest of somebody" not in said(app)
    assert not pictures(app)
    assert "A person reads every exam in full" in said(app)
    assert "version 1" in said(app)
    assert not [x for x in keys(app) if x.endswith(":routine")]
    assert holder(maker, case) is None, "what is not seen is not held"
    app = stay(press(app, GATE), "case")
    assert "chest of somebody" in said(app) and pictures(app)
    assert holder(maker, case) == "Bert"


def test_a_case_whose_plugin_is_not_loaded_is_not_shown(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed("chest of somebody", domain=RADIOLOGY)
    domains = workplace.context().plugins.domains
    monkeypatch.delitem(domains, RADIOLOGY)
    app = open_page("case", case=case)
    assert "is not loaded" in said(app)
    assert "chest of somebody" not in said(app) and not pictures(app)
    assert holder(maker, case) is None
    listed = open_page().dataframe[0].value.iloc[0]
    assert listed["First look"] == "its plugin is not loaded"


def test_the_worklist_lists_only_what_was_acknowledged(
    maker: CaseMaker, open_page: OpenPage, as_somebody_else: OpenPage
) -> None:
    maker.assessed("chest of somebody", domain=RADIOLOGY)
    maker.assessed("plate")
    app = as_somebody_else(open_page())
    options = app.selectbox(key="domain").options
    assert len(options) == 2 and not any("All" in x for x in options)
    assert app.selectbox(key="domain").value == INSPECTOR
    assert "chest of somebody" not in str([x.value for x in app.dataframe])
    app.selectbox(key="domain").set_value(RADIOLOGY).run()
    assert not app.dataframe and "next" not in keys(app)
    app = press(app, GATE)
    assert "chest of somebody" in str([x.value for x in app.dataframe])
    assert any("All" in x for x in app.selectbox(key="domain").options)


def test_going_on_never_lands_on_what_was_not_acknowledged(
    maker: CaseMaker, open_page: OpenPage, as_somebody_else: OpenPage
) -> None:
    maker.assessed("chest of somebody", domain=RADIOLOGY, score=9.0)
    plate = maker.assessed("plate")
    app = press(as_somebody_else(open_page()), "next")
    assert app.query_params["case"] == plate


def test_the_server_refuses_to_read_the_case(
    maker: CaseMaker, open_page: OpenPage, become: Callable[..., None]
) -> None:
    """Whatever page asks: the picture and the text of a case come through here."""
    case = maker.assessed(domain=RADIOLOGY)
    open_page()
    become("Bert")
    with pytest.raises(NotAcknowledged) as refused:
        shown.read(case)
    assert refused.value.domain == RADIOLOGY


def test_signed_out_there_is_nothing_to_press(
    maker: CaseMaker, open_page: OpenPage, as_somebody_else: OpenPage
) -> None:
    case = maker.assessed("chest of somebody", domain=RADIOLOGY)
    app = as_somebody_else(open_page("case", case=case), None, page="case")
    assert "chest of somebody" not in said(app)
    assert GATE not in keys(app)


def test_a_new_version_asks_again(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed("chest of somebody", domain=RADIOLOGY)
    use = IntendedUse(version="2", text="Another text.")
    monkeypatch.setattr(RadiologyAssistant, "intended_use", use)
    app = open_page("case", case=case)
    assert "chest of somebody" not in said(app)
    assert "Another text." in said(app)
    app = stay(press(app, GATE), "case")
    assert "chest of somebody" in said(app)


def test_other_domains_ask_for_nothing(
    maker: CaseMaker, open_page: OpenPage, as_somebody_else: OpenPage
) -> None:
    case = maker.assessed("plate")
    app = as_somebody_else(open_page("case", case=case), page="case")
    assert "plate" in said(app) and pictures(app)


def test_the_text_can_be_read_again(
    maker: CaseMaker, open_page: OpenPage, as_somebody_else: OpenPage
) -> None:
    app = open_page("about")
    assert "acknowledged by Anna" in said(app)
    assert "not yet by Bert" in said(as_somebody_else(app, page="about"))
