"""What an owner does to one person. Each act asks again for the role, and the trail tells of it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from secondlook.accounts.actor import ANY, Actor, Permission, Role
from secondlook_ui import session, shortcuts
from secondlook_ui.session import Notice
from secondlook_workflows.accounts import people
from secondlook_workflows.accounts.people import Added, Person
from secondlook_workflows.context import Context

NONE = "no role of their own"
PLACE = "people"
GIVEN = "given"
"""In the state of a page, until it is drawn: a passphrase that opens an account once."""


def told() -> None:
    """What was just done; a one-time passphrase is shown this once and kept nowhere."""
    given: Added | None = st.session_state.pop(GIVEN, None)
    if given is not None:
        st.success("Hand this over in person. It is shown this once and opens the account once.")
        with st.container(key="strong-given"):
            st.text(f"{given.name}:")
            st.code(given.passphrase, language=None)
    notice = session.notice(PLACE)
    if notice is not None:
        with st.container(key="said-people" if notice.good else "caution-people"):
            st.text(notice.text if notice.good else f"This did not work. {notice.text}")


def change(found: Sequence[Person], places: Mapping[str, str]) -> None:
    """The acts upon one person."""
    with st.container(key="large-one"):
        st.text("One person")
    names = [x.name for x in found]
    name = st.selectbox(
        "Who",
        names,
        index=None,  # a key pressed by mistake acts upon nobody
        placeholder="Choose a person",
        key="who",
    )
    person = next((x for x in found if x.name == name), None)
    if person is None:
        return
    first, second = st.columns(2)
    where = first.selectbox("Where", list(places), format_func=places.__getitem__, key="where")
    held = person.roles.get(where)
    options = [NONE, *(x.value for x in Role)]
    chosen = second.selectbox(
        "Role there",
        options,
        index=options.index(held.value if held else NONE),
        key=f"role:{name}:{where}",
    )
    wanted = None if chosen == NONE else Role(chosen)
    st.button(
        "Set this role",
        key="set-role",
        on_click=_set_role,
        args=(name, wanted, where),
        shortcut=shortcuts.SET_ROLE,
        disabled=wanted is held,
    )
    _access(person)


def _access(person: Person) -> None:
    name, disabled = person.name, person.state == "disabled"
    with st.container(horizontal=True):
        st.button(
            "New one-time passphrase",
            key="passphrase",
            on_click=_passphrase,
            args=(name,),
            shortcut=shortcuts.PASSPHRASE,
            disabled=disabled,
        )
        st.button(
            "End all sessions",
            key="end-sessions",
            on_click=_end,
            args=(name,),
            shortcut=shortcuts.END_SESSIONS,
            disabled=not person.sessions,
        )
        st.button(
            "Let in again" if disabled else "Disable",
            key="disable",
            on_click=_enable if disabled else _disable,
            args=(name,),
            shortcut=shortcuts.DISABLE,
        )
    st.caption("A new passphrase and disabling end all sessions at once. What was decided stays.")


def add(places: Mapping[str, str]) -> None:
    """A new account."""
    with st.container(key="large-new"):
        st.text("Somebody new")
    name = st.text_input("Name, as they sign in", key="new-name", max_chars=80).strip()
    first, second = st.columns(2)
    where = first.selectbox("Where", list(places), format_func=places.__getitem__, key="new-where")
    roles = [x.value for x in Role]
    role = second.selectbox("Role", roles, index=roles.index(Role.REVIEWER), key="new-role")
    st.button(
        "Add",
        key="add",
        on_click=_add,
        args=(name, Role(role), where),
        shortcut=shortcuts.ADD_PERSON,
        disabled=not name,
    )
    st.caption("They get a one-time passphrase, and choose their own when they sign in.")


@session.careful
def _add(name: str, role: Role, where: str) -> None:
    owner, acting = _owner()
    st.session_state[GIVEN] = people.add(name, role, owner, acting, domain=where)
    st.session_state["new-name"] = ""
    session.notify(Notice(f"{name} has an account."))


@session.careful
def _set_role(name: str, role: Role | None, where: str) -> None:
    owner, acting = _owner()
    people.set_role(name, role, owner, acting, domain=where)
    place = "all domains" if where == ANY else where
    session.notify(Notice(f"{name}: {role or NONE} in {place}."))


@session.careful
def _passphrase(name: str) -> None:
    owner, acting = _owner()
    st.session_state[GIVEN] = people.give_passphrase(name, owner, acting)
    session.notify(Notice(f"{name} was signed out everywhere; the old passphrase opens nothing."))


@session.careful
def _end(name: str) -> None:
    owner, acting = _owner()
    ended = people.sign_out(name, owner, acting)
    session.notify(Notice(f"Sessions of {name} that ended: {ended}."))


@session.careful
def _disable(name: str) -> None:
    owner, acting = _owner()
    people.disable(name, owner, acting)
    session.notify(Notice(f"{name} can sign in no more."))


@session.careful
def _enable(name: str) -> None:
    owner, acting = _owner()
    people.enable(name, owner, acting)
    session.notify(Notice(f"{name} can sign in again."))


def _owner() -> tuple[Actor, Context]:
    """Whoever acts, and the context in which every write asks for their role again."""
    return session.must(Permission.USERS), session.acting(Permission.USERS)
