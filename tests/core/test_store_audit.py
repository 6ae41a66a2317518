"""The audit trail shows every kind of tampering, and nothing about a person."""

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from secondlook.errors import BadValue, StoreError
from secondlook.store.audit import WORKSPACE
from secondlook.store.audit_chain import event_hash, moment
from secondlook.store.database import Database
from store_tampering import FORGER, audited_case, problems, remove_chain, run
from store_values import add_case, behind_the_triggers, new_case, record

CHAIN = "1" * 64


@pytest.fixture
def audited(database: Database) -> tuple[Database, str]:
    """A database and a case in it with five events."""
    return database, audited_case(database)


def test_an_honest_trail_verifies(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with database.read() as unit:
        report = unit.audit.verify()
        actions = [event.action for event in unit.audit.events(case_id)]
    assert (report.chains, report.events, report.problems) == (3, 7, ())
    assert actions == [
        "case.opened", "case.assessed", "case.decided", "case.decided", "case.assessed",
    ]  # fmt: skip


def test_one_edited_event_is_one_problem(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with behind_the_triggers(database) as connection:
        run("UPDATE audit_events SET actor='eve' WHERE chain=:case AND seq=2")(connection, case_id)
    assert len(problems(database)) == 1


def test_an_event_beyond_the_head_is_found(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with database.read() as unit:
        last = unit.audit.events(case_id)[-1]
    digest = event_hash(last.hash, case_id, 6, moment(last.at), "eve", "case.failed", "{}")
    add = (
        "INSERT INTO audit_events (chain, seq, at, actor, action, body, hash) "
        "SELECT chain, 6, at, 'eve', 'case.failed', '{}', :hash "
        "FROM audit_events WHERE chain = :case AND seq = 5"
    )
    with behind_the_triggers(database) as connection:
        connection.execute(text(add), {"hash": digest, "case": case_id})
    assert problems(database) == [(case_id, 6, "there are events beyond the signed head")]


def test_a_removed_chain_is_found(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with behind_the_triggers(database) as connection:
        remove_chain(connection, case_id)
        remove_chain(connection, "workspace")
    whats = {chain: what for chain, _, what in problems(database)}
    assert "no audit chain" in whats[case_id] or "no event" in whats[case_id]
    assert "no workspace chain" in whats["workspace"]


@pytest.mark.parametrize("column", ["at", "seq", "body", "hash"])
def test_values_of_a_wrong_type_are_found(sqlite_database: Database, column: str) -> None:
    case_id = add_case(sqlite_database, "a")
    with behind_the_triggers(sqlite_database) as connection:
        change = text(f"UPDATE audit_events SET {column} = x'ff' WHERE chain = :case")  # noqa: S608
        connection.execute(change, {"case": case_id})
    assert {chain for chain, _, _ in problems(sqlite_database)} == {case_id}


def test_a_decision_event_that_cannot_be_read_is_found(sqlite_database: Database) -> None:
    case_id = add_case(sqlite_database, "a")
    with sqlite_database.write() as unit:
        unit.decisions.add(case_id, reviewer="ann", disposition="accept")
        unit.commit()
    with behind_the_triggers(sqlite_database) as connection:
        run("UPDATE audit_events SET body = '[' WHERE chain = :case AND seq = 2")(
            connection, case_id
        )
    assert (case_id, 2, "the event, or the one before it, was changed") in problems(sqlite_database)


def test_a_decision_without_an_event_is_found(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    slip = (
        "INSERT INTO decisions (id, case_id, ordinal, reviewer, disposition, decided_at, reason) "
        "SELECT 'forged', id, 1, 'ann', 'accept', opened_at, '' FROM cases WHERE id <> :case"
    )
    with behind_the_triggers(database) as connection:
        run(slip)(connection, case_id)
    assert [what for _, _, what in problems(database)] == ["decision forged has no event"]


def test_another_key_verifies_nothing(audited: tuple[Database, str]) -> None:
    database, _ = audited
    other = Database.connect(database.url, audit_key=FORGER)
    assert len(problems(other)) == 4
    other.dispose()


def test_the_trail_tells_nothing_about_a_person(database: Database) -> None:
    secret = "Jane Doe"
    case_id = add_case(
        database, "a", title=secret, name=secret, facts={"n": secret}, records=(record([secret]),)
    )
    with database.write() as unit:
        unit.assessments.fail(case_id, secret, actor="tests")
        unit.decisions.add(case_id, reviewer="ann", disposition="accept", reason=secret)
        unit.commit()
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM audit_events").all()
    assert rows
    assert secret not in str(rows)


@pytest.mark.parametrize("bad", [float("nan"), b"bytes", ["list of", object()]])
def test_a_body_that_is_not_plain_is_refused(sqlite_database: Database, bad: Any) -> None:
    with sqlite_database.write() as unit, pytest.raises(BadValue, match="audit body"):
        unit.audit.append(CHAIN, "case.opened", "ann", {"value": bad})


def test_an_event_needs_an_actor(sqlite_database: Database) -> None:
    with sqlite_database.write() as unit, pytest.raises(StoreError, match="without an actor"):
        unit.audit.append(CHAIN, "case.opened", " ", {})


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
BODIES = st.dictionaries(WORDS, SCALARS | WORDS, max_size=4)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies=st.lists(BODIES, min_size=1, max_size=5), actor=WORDS.filter(str.strip))
def test_whatever_was_audited_verifies_and_comes_back(
    database: Database, bodies: list[dict[str, Any]], actor: str
) -> None:
    with database.write() as unit:
        for body in bodies:
            unit.audit.append(WORKSPACE, "adapter.added", actor, body)
        assert unit.audit.verify().problems == ()
        events = unit.audit.events(WORKSPACE)[1:]
    assert [(e.seq, e.actor, e.body) for e in events] == [
        (i, actor, body) for i, body in enumerate(bodies, 2)
    ]


def test_writers_of_one_chain_take_turns(database: Database) -> None:
    case_id = add_case(database, "a")

    def write() -> None:
        for _ in range(10):
            with database.write() as unit:
                unit.audit.append(case_id, "case.changed", "ann", {})
                unit.commit()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems(database) == []
    with database.read() as unit:
        assert len(unit.audit.events(case_id)) == 41


def test_writers_who_begin_one_chain_take_turns(database: Database) -> None:
    barrier = threading.Barrier(4)

    def write() -> None:
        barrier.wait()
        with database.write() as unit:
            unit.audit.append(CHAIN, "case.opened", "ann", {})
            unit.commit()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems(database) == [(CHAIN, 4, "the case of this chain is gone: it was removed")]
    with database.read() as unit:
        assert len(unit.audit.events(CHAIN)) == 4


def test_writers_who_open_cases_at_once_are_all_counted(database: Database) -> None:
    def write(name: str) -> None:
        for batch in range(3):
            with database.write() as unit:
                for i in range(3):
                    unit.cases.add(new_case(f"{name}{batch}{i}"), actor="tests")
                unit.commit()

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems(database) == []
    with database.read() as unit:
        assert unit.audit.verify().chains == 37
