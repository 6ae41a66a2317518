"""A kill -9 at any statement of an act leaves all of it or nothing."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select

from database_fixtures import AUDIT_KEY
from secondlook.decisions import Act, FindingAct
from secondlook.second_reads import SecondRead
from secondlook.store.database import Database
from secondlook.store.tables import metadata
from secondlook.store.unit_of_work import UnitOfWork
from store_values import add_case

STEP = 4
"""Every so many-th statement is died at, and the last one before the commit."""
ACTS = (FindingAct(label="crack", act=Act.ADD, severity="minor"),)
Deed = Callable[[UnitOfWork, str], object]


def decided(by: str, outcome: str, **more: Any) -> Deed:
    """A decision as an act."""
    said = {"reviewer": by, "disposition": outcome, "acts": ACTS, "key": f"{by} {outcome}"}
    return lambda unit, case: unit.decisions.add(case, **said, **more)


def last(unit: UnitOfWork, case: str) -> str:
    """The id of the last read."""
    return unit.decisions.past(case).rows[-1].id


SCENES: dict[str, tuple[tuple[Deed, ...], Deed]] = {
    "first read": ((), decided("ann", "scrap")),
    "agreeing read": ((decided("ann", "scrap"),), decided("bob", "scrap")),
    "differing read": ((decided("ann", "scrap"),), decided("bob", "hold")),
    "adjudicate": (
        (decided("ann", "scrap"), decided("bob", "hold")),
        decided("lea", "hold", lead=True),
    ),
    "undo": (
        (decided("ann", "scrap"), decided("bob", "scrap")),
        lambda unit, case: unit.case_acts.undo(
            last(unit, case), reviewer="bob", minutes=5, key="u"
        ),
    ),
    "escalate": (
        (),
        lambda unit, case: unit.case_acts.escalate(case, reviewer="ann", reason="x", key="e"),
    ),
    "hand over": (
        (lambda unit, case: unit.leases.claim(case, "ann", minutes=5),),
        lambda unit, case: unit.case_acts.hand_over(
            case, reviewer="ann", to="bob", minutes=5, key="h"
        ),
    ),
    "put back": (
        (lambda unit, case: unit.leases.claim(case, "ann", minutes=5),),
        lambda unit, case: unit.case_acts.put_back(case, reviewer="ann", key="p"),
    ),
}


@pytest.mark.parametrize("scene", SCENES)
def test_all_or_nothing(database: Database, scene: str) -> None:
    before, act = SCENES[scene]
    database.second_reads.policies = {"parts": SecondRead(share=1.0)}
    case_id = add_case(database, "a")
    for each in before:
        with database.write() as unit:
            each(unit, case_id)
            unit.commit()
    start, at = everything(database), 1
    while died_at(at, act, case_id, database):
        assert everything(database) == start, f"killed at statement {at}"
        at += STEP
    assert at > STEP
    done = everything(database)
    assert done != start
    with database.write() as unit:  # the same request again, after the answer was lost
        act(unit, case_id)
        unit.commit()
    assert {**everything(database), "leases": done["leases"]} == done
    with database.read() as unit:
        assert unit.audit.verify().problems == ()


def died_at(number: int, act: Deed, case_id: str, database: Database) -> bool:
    """Do it in a process that dies at this statement; False where it came to its end before."""
    policies, url = database.second_reads.policies, database.url
    database.dispose()  # a fork must not share connections
    child = os.fork()
    if child == 0:
        try:
            _do(number, act, case_id, url, policies)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the act failed"
    return False


def _do(number: int, act: Deed, case_id: str, url: str, policies: Any) -> None:
    database = Database.connect(url, audit_key=AUDIT_KEY)
    database.second_reads.policies = policies
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen >= number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.engine, "after_cursor_execute", count)
    with database.write() as unit:
        act(unit, case_id)
        if seen + STEP >= number > seen:
            os.kill(os.getpid(), signal.SIGKILL)
        unit.commit()
    os._exit(0)


def everything(database: Database) -> dict[str, list[str]]:
    """Every row of every table."""
    with database.engine.connect() as connection:
        return {
            x.name: sorted(str(row) for row in connection.execute(select(x)))
            for x in metadata.sorted_tables
        }
