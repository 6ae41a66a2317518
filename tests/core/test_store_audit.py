"""The audit trail shows every kind of tampering, and nothing about a person."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text, update

from secondlook.errors import StoreError
from secondlook.store.audit_chain import event_hash, moment, sign
from secondlook.store.database import Database
from secondlook.store.review_tables import AuditEventRow
from store_values import NOON, add_assessment, add_case, behind_the_triggers, record

CHAIN = "1" * 64
FORGER = b"a key that the forger has made up"


@pytest.fixture
def audited(database: Database) -> tuple[Database, str]:
    """A database with a case whose chain has five events, and another one."""
    case_id = add_case(database, "a")
    add_case(database, "b")
    add_assessment(database, case_id)
    with database.write() as unit:
        first = unit.decisions.add(case_id, reviewer="ann", disposition="accept", reason="x")
        unit.decisions.add(case_id, reviewer="bob", disposition="scrap", amends=first.id)
        unit.commit()
    add_assessment(database, case_id, inputs="i2")
    return database, case_id


def problems(database: Database) -> list[tuple[str, int, str]]:
    """What verification reports."""
    with database.read() as unit:
        return [(p.chain, p.seq, p.what) for p in unit.audit.verify().problems]


def test_an_honest_trail_verifies(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with database.read() as unit:
        report = unit.audit.verify()
        actions = [event.action for event in unit.audit.events(case_id)]
    assert (report.chains, report.events, report.problems) == (3, 7, ())
    assert actions == [
        "case.opened", "case.assessed", "case.decided", "case.decided", "case.assessed",
    ]  # fmt: skip


Tampering = Callable[[Connection, str], object]


def run(statement: str) -> Tampering:
    """A tampering that is one statement about the chain `:case`."""
    return lambda connection, case_id: connection.execute(text(statement), {"case": case_id})


def edit_and_rehash(connection: Connection, case_id: str) -> None:
    """Change event 3 and give it the right hash for its new content."""
    query = text("SELECT hash FROM audit_events WHERE chain = :case AND seq = 2")
    previous = connection.execute(query, {"case": case_id}).scalar_one()
    digest = event_hash(previous, case_id, 3, moment(NOON), "eve", "case.changed", "{}")
    connection.execute(
        update(AuditEventRow)
        .where(AuditEventRow.chain == case_id, AuditEventRow.seq == 3)
        .values(at=NOON, actor="eve", action="case.changed", body="{}", hash=digest)
    )


def forge_head(connection: Connection, case_id: str) -> None:
    """Cut the tail and sign the new head with another key."""
    connection.execute(
        text("DELETE FROM audit_events WHERE chain = :case AND seq = 5"), {"case": case_id}
    )
    query = text("SELECT hash FROM audit_events WHERE chain = :case AND seq = 4")
    digest = connection.execute(query, {"case": case_id}).scalar_one()
    signature = sign(FORGER, case_id, 4, digest)
    change = "UPDATE audit_heads SET seq = 4, hash = :h, signature = :s WHERE chain = :case"
    connection.execute(text(change), {"h": digest, "s": signature, "case": case_id})


def remove_chain(connection: Connection, chain: str) -> None:
    """Take away a chain with its head."""
    run("DELETE FROM audit_events WHERE chain = :case")(connection, chain)
    run("DELETE FROM audit_heads WHERE chain = :case")(connection, chain)


@pytest.mark.parametrize(
    ("tamper", "seq", "what"),
    [
        (run("UPDATE audit_events SET actor='eve' WHERE chain=:case AND seq=2"), 2, "changed"),
        (run("UPDATE audit_events SET body='{}' WHERE chain=:case AND seq=5"), 5, "changed"),
        (edit_and_rehash, 4, "the one before it, was changed"),
        (run("DELETE FROM audit_events WHERE chain=:case AND seq=2"), 2, "2 to 2 are missing"),
        (run("DELETE FROM audit_events WHERE chain=:case AND seq=1"), 1, "missing"),
        (run("DELETE FROM audit_events WHERE chain=:case AND seq>=4"), 4, "missing at the end"),
        (run("DELETE FROM audit_events WHERE chain=:case"), 1, "all events"),
        (run("DELETE FROM audit_heads WHERE chain=:case"), 5, "no head"),
        (forge_head, 4, "not signed with the audit key"),
        (
            run(
                "INSERT INTO audit_events (chain, seq, at, actor, action, body, hash) "
                "SELECT chain, 6, at, actor, action, body, hash "
                "FROM audit_events WHERE chain=:case AND seq=5"
            ),
            6,
            "changed",
        ),
        (run("UPDATE decisions SET disposition='hold' WHERE case_id=:case"), 3, "was changed"),
        (run("UPDATE decisions SET reason='y' WHERE amends IS NULL"), 3, "was changed"),
        (run("DELETE FROM decisions WHERE case_id=:case AND ordinal=2"), 4, "was removed"),
    ],
)  # fmt: skip
def test_tampering_is_found(
    audited: tuple[Database, str], tamper: Tampering, seq: int, what: str
) -> None:
    database, case_id = audited
    with behind_the_triggers(database) as connection:
        tamper(connection, case_id)
    found = problems(database)
    assert any(c == case_id and s == seq and what in w for c, s, w in found), found


def test_one_edited_event_is_one_problem(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with behind_the_triggers(database) as connection:
        run("UPDATE audit_events SET actor='eve' WHERE chain=:case AND seq=2")(connection, case_id)
    assert len(problems(database)) == 1


def test_an_event_beyond_the_head_is_found(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with database.read() as unit:
        last = unit.audit.events(case_id)[-1]
    digest = event_hash(last.hash, case_id, 6, moment(last.at), "eve", "case.assessed", "{}")
    add = (
        "INSERT INTO audit_events (chain, seq, at, actor, action, body, hash) "
        "SELECT chain, 6, at, 'eve', 'case.assessed', '{}', :hash "
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


def test_a_removed_chain_is_found_when_it_is_begun_anew(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with behind_the_triggers(database) as connection:
        remove_chain(connection, case_id)
    with database.write() as unit:
        unit.assessments.fail(case_id, "Too late.", actor="tests")
        unit.commit()
    assert (case_id, 1, "the chain begins with 'case.failed', so its beginning was removed") in (
        problems(database)
    )


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
    assert len(problems(other)) == 3
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
    with sqlite_database.write() as unit, pytest.raises(StoreError, match="audit body"):
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
            unit.audit.append(CHAIN, "case.opened", actor, body)
        assert unit.audit.verify().problems == ()
        events = unit.audit.events(CHAIN)
    assert [(e.seq, e.actor, e.body) for e in events] == [
        (i, actor, body) for i, body in enumerate(bodies, 1)
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
    assert problems(database) == []
    with database.read() as unit:
        assert len(unit.audit.events(CHAIN)) == 4
