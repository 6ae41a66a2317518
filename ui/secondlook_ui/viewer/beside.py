"""Which pictures may stand beside those of a case: a good part, earlier exams, similar cases."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from secondlook.cases import Case
from secondlook.errors import SecondlookError
from secondlook.store import companions
from secondlook_ui import session, trouble, words
from secondlook_ui.shown import Shown
from secondlook_ui.viewer.series import series_of

KEPT = "beside"
MOST = 6


@dataclass(frozen=True)
class Companion:
    """A case to compare with, and why."""

    case: Case
    why: str

    def told(self) -> dict[str, Any]:
        """As the component is told of it; of other people's decisions only what is said here."""
        return {"title": self.why, "series": [x.told(self.case) for x in series_of(self.case)]}


def companions_of(page: Shown) -> tuple[Companion, ...]:
    """Looked up once while a case is open. Nothing where the machine's part is withheld."""
    if page.triage_only:
        return ()
    of = (page.case.id, page.assessment.id if page.assessment else None)
    kept: tuple[object, tuple[Companion, ...]] = st.session_state.get(KEPT, (None, ()))
    if kept[0] != of:
        kept = st.session_state[KEPT] = (of, _found(page))
    return kept[1]


def _found(page: Shown) -> tuple[Companion, ...]:
    """What is only beside the case must not hide it."""
    try:
        return _looked_up(page)
    except SecondlookError as error:
        trouble.log(error)
        return ()


def _looked_up(page: Shown) -> tuple[Companion, ...]:
    case = page.case
    with session.workspace().database.read() as unit:
        good = companions.holders(unit, case, [x.reference for x in page.nearest()])
        why = dict.fromkeys(good, "nearest good part")
        for earlier, opened in companions.earlier(unit, case):
            why.setdefault(earlier, f"earlier, opened {words.clock(opened)}")
        for item in page.similar:
            title = words.disposition(page.domain, item.found.decided)
            why.setdefault(item.found.case, f"similar, decided {title}")
        cases = unit.cases.load(list(why)[:MOST])
    return tuple(Companion(x, why[x.id]) for x in cases if series_of(x))
