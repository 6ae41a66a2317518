"""Decisions are taken once, amended in order, and never edited."""

from typing import Any

import pytest
from sqlalchemy import text

from secondlook.cases import CaseStatus
from secondlook.decisions import Act, FindingAct
from secondlook.errors import Conflict, LeaseLost, NotFound, StoreError
from secondlook.store.database import Database
from store_values import add_assessment, add_case, assessment

ACTS = (FindingAct(label="crack", act=Act.REJECT), FindingAct(label="dent", act=Act.ADD))

DECISION = {"reviewer": "ann", "disposition": "accept"}


def test_a_decision_comes_back_as_it_was_taken(database: Database) -> None:
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    with database.write() as unit:
        lease = unit.leases.claim(case_id, "ann", minutes=5)
        unit.drafts.save(case_id, "ann", {"reason": "fi"})
        taken = unit.decisions.add(
            case_id,
            reviewer="ann",
            disposition="accept",
            acts=ACTS,
            reason="fine ☂",
            assessment_id=assessment(case_id).id,
            lease=lease,
        )
        unit.commit()
    with database.read() as unit:
        assert unit.decisions.of(case_id) == (taken,)
        assert unit.cases.get(case_id).status is CaseStatus.DECIDED
        assert unit.drafts.load(case_id, "ann") is None
        assert unit.worklist.counts().held == 0
        event = unit.audit.events(case_id)[-1]
    assert (event.action, event.actor) == ("case.decided", "ann")
    assert "fine" not in str(event.body)


def test_the_same_key_decides_once(database: Database) -> None:
    first, second = add_case(database, "a"), add_case(database, "b")
    with database.write() as unit:
        taken = unit.decisions.add(first, reviewer="ann", disposition="accept", key="k1")
        unit.commit()
        again = unit.decisions.add(first, reviewer="ann", disposition="scrap", key="k1")
        assert (again, len(unit.decisions.of(first))) == (taken, 1)
        with pytest.raises(Conflict, match="'k1'"):
            unit.decisions.add(second, reviewer="ann", disposition="accept", key="k1")


def test_a_decided_case_takes_only_an_amendment_of_its_latest_decision(
    database: Database,
) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        first = unit.decisions.add(case_id, reviewer="ann", disposition="accept")
        with pytest.raises(Conflict, match="ann decided 'accept' meanwhile"):
            unit.decisions.add(case_id, reviewer="bob", disposition="scrap")
        second = unit.decisions.add(case_id, reviewer="bob", disposition="scrap", amends=first.id)
        with pytest.raises(Conflict):
            unit.decisions.add(case_id, reviewer="ann", disposition="hold", amends=first.id)
        assert unit.decisions.of(case_id) == (first, second)


def test_there_must_be_something_to_amend(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit, pytest.raises(Conflict, match="it has none yet"):
        unit.decisions.add(case_id, reviewer="ann", disposition="accept", amends="x")


def test_nobody_decides_what_somebody_else_holds(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        lease = unit.leases.claim(case_id, "ann", minutes=5)
        with pytest.raises(LeaseLost, match="ann holds it until"):
            unit.decisions.add(case_id, reviewer="bob", disposition="accept")
        with pytest.raises(LeaseLost):
            unit.decisions.add(case_id, reviewer="bob", disposition="accept", lease=lease)
        unit.decisions.add(case_id, reviewer="ann", disposition="accept")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"reviewer": " "}, StoreError),
        ({"disposition": ""}, StoreError),
        ({"assessment_id": "none"}, NotFound),
    ],
)
def test_a_decision_names_who_what_and_a_real_assessment(
    database: Database, changes: dict[str, Any], error: type[Exception]
) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit, pytest.raises(error):
        unit.decisions.add(case_id, **(DECISION | changes))
    with database.read() as unit:
        assert unit.decisions.of(case_id) == ()


def test_a_case_that_is_not_there_cannot_be_decided(database: Database) -> None:
    with database.write() as unit, pytest.raises(NotFound):
        unit.decisions.add("0" * 64, reviewer="ann", disposition="accept")


def test_the_version_counts_changes(database: Database) -> None:
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    with database.write() as unit:
        unit.decisions.add(case_id, reviewer="ann", disposition="accept")
        assert unit.cases.get(case_id).version == 3


@pytest.mark.parametrize("table", ["audit_events", "decisions", "finding_acts"])
@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_the_database_refuses_to_change_the_past(database: Database, table: str, verb: str) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        unit.decisions.add(case_id, reviewer="ann", disposition="accept", acts=ACTS)
        unit.commit()
    column = {"audit_events": "actor", "decisions": "reviewer", "finding_acts": "label"}[table]
    with (
        database.engine.connect() as connection,
        pytest.raises((StoreError, Conflict), match=r"append-only|contradicts"),
    ):
        connection.execute(text(verb.format(table, column)))
    with database.read() as unit:
        assert unit.decisions.of(case_id)[0].acts == ACTS
