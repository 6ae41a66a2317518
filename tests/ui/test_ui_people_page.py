"""The people page: for owners alone, one act at a time, each of them in the trail."""

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import CaseMaker

from conftest import Become, OpenPage
from secondlook.accounts.actor import ANY, Actor, Role
from secondlook.errors import NotAllowed
from secondlook.store.audit_chain import ACCOUNTS
from secondlook_ui import people_acts
from secondlook_ui.pages import WAYS


@pytest.fixture
def owned(maker: CaseMaker, open_page: OpenPage, become: Become) -> AppTest:
    """The page of Otto, the only owner; Bert is a reviewer."""
    become("Bert", Role.REVIEWER)
    become("Otto", Role.OWNER)
    with maker.workspace.database.write() as unit:
        unit.sign_ins.keep_passphrase("Otto", "no hash", by="Otto")
        unit.commit()
    return open_page("people")


def trail(maker: CaseMaker) -> list[tuple[str, str]]:
    """Who did what to people."""
    with maker.workspace.database.read() as unit:
        return [(x.actor, x.action) for x in unit.audit.events(ACCOUNTS)]


def words(app: AppTest) -> str:
    """Every word that stands alone."""
    return " ".join(x.value for x in app.text)


def test_an_owner_adds_somebody_whose_passphrase_is_shown_once(
    owned: AppTest, maker: CaseMaker
) -> None:
    owned.text_input(key="new-name").set_value("Nina").run()
    owned.button(key="add").click().run()
    assert "Nina has an account." in words(owned)
    given = owned.code[0].value
    assert len(given) > 10
    assert "Nina" in list(owned.dataframe[0].value["Name"])
    owned.run()
    assert not owned.code
    assert given not in repr(owned.session_state)
    with maker.workspace.database.read() as unit:
        assert unit.users.get("Nina").grants == {ANY: Role.REVIEWER}
    assert ("Otto", "user.added") in trail(maker)
    owned.text_input(key="new-name").set_value("nina").run()
    owned.button(key="add").click().run()
    assert "There is a user 'Nina' already" in words(owned)


def test_an_owner_acts_upon_one_person(owned: AppTest, maker: CaseMaker) -> None:
    owned.selectbox(key="who").set_value("Bert").run()
    owned.selectbox(key=f"role:Bert:{ANY}").set_value("lead").run()
    owned.button(key="set-role").click().run()
    assert "Bert: lead in all domains." in words(owned)
    owned.button(key="end-sessions").click().run()
    assert "Sessions of Bert that ended: 1." in words(owned)
    owned.button(key="disable").click().run()
    assert owned.button(key="disable").label == "Let in again"
    with maker.workspace.database.read() as unit:
        assert unit.users.get("Bert").disabled_at is not None
        assert unit.users.get("Bert").grants == {ANY: Role.LEAD}
    did = [what for who, what in trail(maker) if who == "Otto"]
    assert did[-3:] == ["user.role", "user.signed-out", "user.disabled"]


def test_the_last_owner_stays(owned: AppTest, maker: CaseMaker) -> None:
    owned.selectbox(key="who").set_value("Otto").run()
    owned.button(key="disable").click().run()
    assert "Otto is the last owner who can sign in" in words(owned)
    with maker.workspace.database.read() as unit:
        assert unit.users.owners() == ("Otto",)


def test_nobody_else_has_the_page_or_the_acts(
    maker: CaseMaker, anna: None, open_page: OpenPage
) -> None:
    app = open_page()
    assert "people" not in app.session_state["pages"]
    with pytest.raises(NotAllowed):
        people_acts._owner()
    assert ("Anna", "role.refused") in trail(maker)


def test_each_role_has_its_pages() -> None:
    seen = {"worklist", "case", "dashboard", "adapters", "about"}
    ways = {
        role: {x for x, way in WAYS.items() if way.open_to(Actor("Somebody", {ANY: role}))}
        for role in Role
    }
    assert ways[Role.VIEWER] == ways[Role.REVIEWER] == seen
    assert ways[Role.LEAD] == seen | {"audit"}
    assert ways[Role.OWNER] == seen | {"audit", "people", "plugins"} == set(WAYS)
    of_one = Actor("Somebody", {"defect-inspector": Role.OWNER})
    assert not WAYS["case"].open_to(Actor("Nobody", {}))
    assert {x for x, way in WAYS.items() if way.open_to(of_one)} == seen | {"audit"}
