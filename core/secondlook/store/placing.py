"""Where a case stands in the worklist: column values for what happens to it.

The priority is the higher one of what a person and what a machine gave, and of what waiting made of
it. Before its first look a case stands where `not assessed` does; that is nobody's judgement, and
the first look replaces it. From then on no machine lowers it. What a person lowered stays there
until a machine says more than it had ever said before.
"""

from datetime import datetime
from typing import Any

from secondlook.queues import Queue
from secondlook.store.case_tables import CaseRow

Values = dict[str, Any]


def waits_since(case: CaseRow) -> datetime:
    """From when its waiting counts."""
    return case.reopened_at or case.opened_at


def opened(queue: Queue, at: datetime) -> Values:
    """Of a new case."""
    floor = queue.floor
    return {
        "priority": floor,
        "turn": queue.turn(0.0, at),
        "promote_at": queue.due(floor, at),
    }


def reopened(case: CaseRow, queue: Queue, at: datetime) -> Values:
    """Of a decided case that came back: it waits anew, where it stood."""
    return {
        "reopened_at": at,
        "turn": queue.turn(case.score, at),
        "promote_at": queue.due(case.priority, at),
        "promoted_at": None,
    }


def looked(case: CaseRow, priority: int, score: float, queue: Queue) -> Values:
    """After a first look that gave this priority."""
    before = case.machine_priority
    untouched = case.promoted_at is None and case.reopened_at is None
    provisional = before is None and untouched
    standing = (case.human_priority or 0) if provisional else case.priority
    more = before is None or priority > before
    place = _placed(case, max(standing, priority) if more else standing, queue)
    highest = priority if before is None else max(before, priority)
    turn = queue.turn(score, waits_since(case))
    return {**place, "machine_priority": highest, "turn": turn}


def failed(case: CaseRow, queue: Queue) -> Values:
    """After a look that broke: never below what was not assessed, unless a person put it there."""
    if case.human_priority is not None:
        return {}
    return _placed(case, max(case.priority, queue.floor), queue)


def _placed(case: CaseRow, priority: int, queue: Queue) -> Values:
    if priority == case.priority:
        return {}
    due = queue.due(priority, waits_since(case))
    return {"priority": priority, "promote_at": due, "promoted_at": None}
