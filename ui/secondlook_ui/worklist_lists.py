"""The lists that the worklist offers, what stands in each, and how many there are."""

from typing import NamedTuple

from secondlook.accounts.actor import ANY, Permission
from secondlook.cases import CaseStatus
from secondlook.reviewing import Stage
from secondlook.store.worklist import OPEN as OPEN_STATUSES
from secondlook.store.worklist import Counts, WorklistFilter
from secondlook_ui import session

OPEN, LEADS, MINE, DECIDED, ALL = "open", "leads", "mine", "decided", "all"
TITLES = {
    OPEN: "Open",
    LEADS: "For leads",
    MINE: "Handed to me",
    DECIDED: "Decided",
    ALL: "All",
}
"""They stand in addresses too."""
FOR_LEADS = frozenset(x for x in Stage if x.for_leads)
WHY = {
    Stage.ADJUDICATION: "two reads differ",
    Stage.ESCALATED: "escalated",
}
"""What a lead is told of a case in the leads' list; in no other list is it told to anybody."""


class View(NamedTuple):
    """What the page is narrowed to."""

    domain: str | None
    """None for all."""
    choice: str = OPEN
    search: str = ""

    @property
    def filter(self) -> WorklistFilter:
        """The same for the store."""
        statuses = {DECIDED: frozenset({CaseStatus.DECIDED}), ALL: frozenset(CaseStatus)}
        return WorklistFilter(
            domain=self.domain,
            statuses=statuses.get(self.choice, OPEN_STATUSES),
            search=self.search or None,
            stages=FOR_LEADS if self.choice == LEADS else None,
            handed_to=session.reviewer() if self.choice == MINE else None,
        )


def offered(domain: str | None) -> list[str]:
    """The lists that whoever is signed in may choose from in a domain, or in all."""
    return [x for x in TITLES if x != LEADS or settles(domain)]


def settles(domain: str | None) -> bool:
    """Whether they act as a lead there, so that what waits for a lead is told to them."""
    return session.actor().may(Permission.ADJUDICATE, domain or ANY)


def sentence(counts: Counts, *, mine: int, lead: bool) -> str:
    """`23 open, 2 for leads, 1 handed to you, 4 decided`: as many as each list holds."""
    ordinary = {x: n - counts.for_leads.get(x, 0) for x, n in counts.by_status.items()}
    parts = [f"{sum(ordinary[x] for x in OPEN_STATUSES)} open"]
    if new := ordinary[CaseStatus.NEW]:
        parts.append(f"{new} of them without a first look")
    if failed := ordinary[CaseStatus.FAILED]:
        parts.append(f"{failed} could not be assessed")
    if counts.held:
        parts.append(f"{counts.held} being looked at")
    leads = sum(counts.for_leads.values())
    parts += [f"{leads} for leads"] if lead and leads else []
    parts += [f"{mine} handed to you"] if mine else []
    return ", ".join([*parts, f"{counts.by_status[CaseStatus.DECIDED]} decided"])
