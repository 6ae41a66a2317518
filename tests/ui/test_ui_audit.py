"""The audit page: what may be searched by whom, and what verification says."""

from streamlit.testing.v1 import AppTest
from test_ui_second_read import reads, twice  # noqa: F401 - the last is a fixture
from ui_cases import RADIOLOGY, CaseMaker

from conftest import Become, OpenPage
from secondlook.accounts.actor import Role
from secondlook.store.audit import AuditFilter


def about(app: AppTest) -> set[str]:
    """Which chains the rows are of."""
    return set(app.dataframe[0].value["about"])


def test_events_are_found_by_case_person_and_act(maker: CaseMaker, open_page: OpenPage) -> None:
    one, other = maker.decided("one"), maker.decided("other")
    app = open_page("audit")
    assert {one, other, "accounts", "workspace"} <= about(app)
    app.text_input(key="audit-case").set_value(one[:12]).run()
    assert about(app) == {one}
    app.text_input(key="audit-person").set_value("Bert").run()
    acts = list(app.dataframe[0].value["act"])
    assert acts == ["case decided"]
    app.text_input(key="audit-person").set_value("Nobody").run()
    assert not app.dataframe
    assert "No event fits" in app.info[0].value


def test_verification_says_in_words_what_it_found(
    maker: CaseMaker, open_page: OpenPage, become: Become
) -> None:
    maker.decided("one")
    app = open_page("audit")
    assert any("Not verified in this session" in x.value for x in app.text)
    app.button(key="verify").click().run()
    assert any("Nothing was changed, removed or put in" in x.value for x in app.text)
    with maker.workspace.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER decisions_no_update")
        connection.exec_driver_sql("UPDATE decisions SET disposition = 'accept'")
    app.button(key="verify").click().run()
    assert any("1 place does not add up" in x.value for x in app.text)
    assert "keep a copy" in app.error[0].value


def test_a_lead_of_one_domain_sees_its_cases_alone(
    maker: CaseMaker, open_page: OpenPage, become: Become
) -> None:
    maker.decided("a plate")
    chest = maker.assessed("a chest", domain=RADIOLOGY)
    become("Lena", Role.LEAD, RADIOLOGY)
    app = open_page("audit")
    assert about(app) == {chest}
    assert app.button(key="verify").disabled


def test_the_trail_tells_the_next_reader_nothing_of_the_first(
    twice: CaseMaker,  # noqa: F811 - the fixture
) -> None:
    case, database = twice.assessed("read once"), twice.workspace.database
    reads(twice, case, "Bert")
    with database.read() as unit:
        blind, own = (
            unit.audit.search(AuditFilter(reader=x, chain=case), 100) for x in ("Anna", "Bert")
        )
    assert {x.actor for x in blind} == {"test"}
    assert len(own) > len(blind)
    reads(twice, case, "Cleo")
    with database.read() as unit:
        every = unit.audit.search(AuditFilter(reader="Anna", chain=case), 100)
    assert {x.actor for x in every} == {"test", "Bert", "Cleo"}, "it is decided: nothing is hidden"
