"""The way of a case through its readers: one read or two, a lead where they differ. Plain rules.

A case waits in a stage. A first read decides it, or asks for a second one; a second read that comes
to the same decides it, one that differs asks for a lead. What was taken back counts no more, and
stays on record. Nobody settles their own dispute: a lead whose read differs or is open, or who
escalated the case, leaves it to another lead. Who may act as a lead is not known here: the caller
says so.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from secondlook.decisions import Decision, How
from secondlook.errors import Conflict, OthersTurn

LAST = 10
"""So many of their own decisions a reviewer may take back."""


class Stage(StrEnum):
    """What an open case waits for; a decided one is back at `first`."""

    FIRST = "first"
    SECOND = "second"
    ADJUDICATION = "adjudication"
    ESCALATED = "escalated"

    @property
    def for_leads(self) -> bool:
        """Whether it waits in the leads' queue, and in no other."""
        return self in (Stage.ADJUDICATION, Stage.ESCALATED)


ORDINARY = frozenset(x for x in Stage if not x.for_leads)
"""What any reviewer may be offered."""


class Deed(StrEnum):
    """What a person did to a case without deciding it."""

    ESCALATED = "escalated"
    HANDED_OVER = "handed_over"
    PUT_BACK = "put_back"
    UNDONE = "undone"


@dataclass(frozen=True, kw_only=True)
class CaseAct:
    """One such act. Appended, never edited."""

    id: str
    case_id: str
    deed: Deed
    reviewer: str
    at: datetime
    to: str | None = None
    """To whom it was handed over."""
    about: str | None = None
    """The decision that was taken back."""
    reason: str = ""


@dataclass(frozen=True)
class Past:
    """Everything that was decided about a case, oldest first, and what of it was taken back."""

    rows: tuple[Decision, ...] = ()
    undone: frozenset[str] = frozenset()

    @property
    def closing(self) -> tuple[Decision, ...]:
        """The decisions proper, without reads that waited for another one."""
        return tuple(x for x in self.rows if x.how.closes)

    @property
    def standing(self) -> Decision | None:
        """The last one that was not taken back."""
        return next((x for x in reversed(self.rows) if x.id not in self.undone), None)

    @property
    def read(self) -> Decision | None:
        """The same without what leads decided."""
        kept = (x for x in reversed(self.rows) if x.id not in self.undone)
        return next((x for x in kept if x.how is not How.ADJUDICATED), None)

    def differed(self, first: str) -> bool:
        """Whether a second read ever differed from this first one, taken back or not."""
        return any(x.how is How.SECOND and x.second_to == first for x in self.rows)


def agree(one: Decision, other: Decision) -> bool:
    """Whether two reads come to the same: disposition, severity, and the findings that hold."""
    return (one.disposition, one.severity, one.held) == (
        other.disposition,
        other.severity,
        other.held,
    )


def second_turn(stage: Stage, past: Past) -> Decision | None:
    """The first read that a second one would be compared with; None where none waits for one."""
    return past.standing if stage is Stage.SECOND else None


def how_decided(
    said: Decision, stage: Stage, is_open: bool, past: Past, *, wanted: bool, lead: bool
) -> tuple[How, str | None]:
    """How a decision counts, and the first read that it was compared with.

    `wanted`: the domain's policy asks for a second read of it. Once two reads have differed, or a
    second one was asked for, taking a read back does not undo that: nobody steers who looks.

    Raises OthersTurn for whoever may not read it now, Conflict for a lead who is not needed.
    """
    by_lead = not is_open and bool(past.closing) and past.closing[-1].how is How.ADJUDICATED
    if lead:
        if stage.for_leads or by_lead:
            return How.ADJUDICATED, None
        raise Conflict(
            f"Tried to adjudicate case {said.case_id[:12]}: it waits for no lead. Decide it as any "
            "reviewer does."
        )
    if stage.for_leads or by_lead:
        raise leads_turn(said.case_id)
    first = second_turn(stage, past)
    if first is not None:
        if first.reviewer == said.reviewer:
            raise read_already(said.case_id, said.reviewer)
        settled = agree(first, said) and not past.differed(first.id)
        return (How.AGREED if settled else How.SECOND), first.id
    agreed = not is_open and bool(past.closing) and past.closing[-1].how is How.AGREED
    asked = any(x.how is How.FIRST for x in past.rows)
    return (How.FIRST if wanted or agreed or asked else How.ALONE), None


def stage_after(how: How) -> Stage:
    """What a case waits for after this; `first` once it is decided."""
    return {How.FIRST: Stage.SECOND, How.SECOND: Stage.ADJUDICATION}.get(how, Stage.FIRST)


def stage_without(decision: Decision, past: Past, *, own: bool) -> Stage:
    """What the case waits for once this decision is taken back, by its reader or somebody else.

    Raises Conflict where a later act stands on it.
    """
    standing = past.standing
    if decision.id in past.undone:
        raise _stands(decision, "it was taken back before")
    if standing is None or standing.id != decision.id:
        by = standing.reviewer if standing else "somebody"
        raise _stands(decision, f"{by} acted on the case after it")
    match decision.how:
        case How.AGREED:
            return Stage.SECOND if own else Stage.ADJUDICATION
        case How.SECOND if not own:
            raise _stands(decision, "a lead sees both reads and decides: adjudicate it instead")
        case How.SECOND:
            return Stage.SECOND
        case How.ADJUDICATED:
            differed = past.read is not None and past.read.how is How.SECOND
            return Stage.ADJUDICATION if differed else Stage.ESCALATED
        case _:
            return Stage.FIRST


def check_undone(decision: Decision, stage: Stage, is_open: bool) -> None:
    """Raises Conflict where the case has gone on since: new files came, or it was escalated."""
    if is_open and decision.how.closes:
        raise _stands(decision, "the case is open again already")
    if not decision.how.closes and stage is not stage_after(decision.how):
        raise _stands(decision, f"the case went on since, and waits as {stage.value}")


def leads_turn(case_id: str) -> OthersTurn:
    """What to say where a case waits for a lead."""
    return OthersTurn(
        f"Tried to act on case {case_id[:12]}: it waits for a lead, who decides it with "
        "`secondlook adjudicate`. Take another case."
    )


def read_already(case_id: str, reviewer: str, *, lead: bool = False) -> OthersTurn:
    """What to say to whoever has had their say on a case: now it is another's turn."""
    has, who = ("a part in it", "another lead") if lead else ("read it", "somebody else")
    return OthersTurn(
        f"Tried to act on case {case_id[:12]}: {reviewer} has {has}, and {who} "
        f"{'decides' if lead else 'reads'} it now. Take another case."
    )


def _stands(decision: Decision, why: str) -> Conflict:
    return Conflict(
        f"Tried to take back {decision.reviewer}'s decision on case {decision.case_id[:12]}: {why}."
    )
