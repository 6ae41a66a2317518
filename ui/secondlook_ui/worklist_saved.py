"""Saved filters: named views, one's own or shared by a lead, each with a short address."""

from urllib.parse import urlsplit

import streamlit as st

from secondlook.accounts.actor import ANY, Permission
from secondlook.domain import Domain
from secondlook.errors import NotFound
from secondlook.store.saved_filters import LONGEST_NAME, SavedFilter
from secondlook_ui import session, words, worklist_filter
from secondlook_ui.session import Notice
from secondlook_ui.worklist_lists import TITLES, View

ADDRESS = "view"
"""`?view=ID` opens a saved filter."""


def follow() -> None:
    """Open the saved filter that the address names, if it names one."""
    named = st.query_params.get(ADDRESS)
    if named is None:
        return
    del st.query_params[ADDRESS]
    try:
        with session.workspace().database.read() as unit:
            _put(unit.saved_filters.find(named, session.reviewer()))
    except NotFound as error:
        session.notify(Notice(str(error), good=False))


def show(view: View, domains: dict[str, Domain]) -> None:
    """A menu of what was saved, and a way to save what is shown."""
    with session.workspace().database.read() as unit:
        found = unit.saved_filters.of(session.reviewer())
    with st.popover("Saved filters", width="stretch"):
        for item in found:
            _item(item)
        if not found:
            st.text("Nothing is saved yet.")
        _form(view, domains)


def _item(item: SavedFilter) -> None:
    own = item.owner == session.reviewer()
    title, address, rest = st.columns([4, 4, 1], vertical_alignment="center")
    title.button(
        words.label(item.name),
        key=f"saved:{item.id}",
        on_click=_put,
        args=(item,),
        width="stretch",
    )
    if item.shared:
        title.caption("shared by you" if own else f"shared by {words.label(item.owner)}")
    address.code(f"{_here()}?{ADDRESS}={item.id}", language=None, wrap_lines=True)
    if _may_drop(item):
        rest.button(
            "",
            key=f"forget:{item.id}",
            icon=":material/delete:",
            help="Remove this filter",
            on_click=_drop,
            args=(item,),
        )


def _form(view: View, domains: dict[str, Domain]) -> None:
    with st.form("save-filter", clear_on_submit=True, border=False):
        st.text(f"Save what is shown: {sentence(view, domains)}")
        name = st.text_input("Name", key="filter-name", max_chars=LONGEST_NAME)
        may = session.actor().may(Permission.SHARE, view.domain or ANY)
        shared = may and st.checkbox("For everybody who may see these cases", key="filter-shared")
        if st.form_submit_button("Save", key="filter-save"):
            _save(name, view, shared)
            st.rerun()


def sentence(view: View, domains: dict[str, Domain]) -> str:
    """`For leads, Radiology assistant, title contains "chest"`."""
    domain = domains.get(view.domain or "")
    parts = [TITLES[view.choice], domain.title if domain else "all domains"]
    parts += [f'title contains "{view.search}"'] if view.search else []
    return ", ".join(parts)


@session.careful
def _save(name: str, view: View, shared: bool) -> None:
    permission = Permission.SHARE if shared else Permission.SEE
    with session.writing(permission, view.domain or ANY) as unit:
        made = unit.saved_filters.save(
            session.reviewer(),
            name,
            domain=view.domain,
            choice=view.choice,
            search=view.search,
            shared=shared,
        )
        unit.commit()
    session.notify(Notice(f"Saved: {made.name}"))


@session.careful
def _drop(item: SavedFilter) -> None:
    own = item.owner == session.reviewer()
    with session.writing(Permission.SEE if own else Permission.SHARE, item.domain or ANY) as unit:
        unit.saved_filters.drop(item.id)
        unit.commit()
    session.notify(Notice(f"Removed: {item.name}"))


def _may_drop(item: SavedFilter) -> bool:
    own = item.owner == session.reviewer()
    return own or session.actor().may(Permission.SHARE, item.domain or ANY)


def _put(item: SavedFilter) -> None:
    worklist_filter.put(View(item.domain, item.choice, item.search))


def _here() -> str:
    """Where the worklist is: the first page of all."""
    here = urlsplit(st.context.url or "")
    return f"{here.scheme}://{here.netloc}/"
