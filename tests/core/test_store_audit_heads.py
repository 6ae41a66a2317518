"""Heads: nothing is signed onto a broken chain, and exported heads show what was put back."""

import pytest
from sqlalchemy import text

from secondlook.errors import AuditBroken
from secondlook.store.audit import WORKSPACE
from secondlook.store.audit_chain import COUNT
from secondlook.store.database import Database
from store_tampering import (
    Tampering,
    audited_case,
    forge_head,
    problems,
    remove_chain,
    run,
)
from store_values import add_assessment, add_case, behind_the_triggers


@pytest.fixture
def audited(database: Database) -> tuple[Database, str]:
    """A database and a case in it with five events."""
    return database, audited_case(database)


@pytest.mark.parametrize(
    ("tamper", "what"),
    [
        (run("UPDATE audit_heads SET seq=1 WHERE chain=:case"), "not signed with the audit key"),
        (run("DELETE FROM audit_heads WHERE chain=:case"), "there is no count"),
    ],
)
def test_a_count_that_was_changed_is_found(
    audited: tuple[Database, str], tamper: Tampering, what: str
) -> None:
    database, _ = audited
    with behind_the_triggers(database) as connection:
        tamper(connection, COUNT)
    (problem,) = problems(database)
    assert problem[0] == COUNT
    assert what in problem[2]


def test_a_count_that_was_put_back_is_found(database: Database) -> None:
    columns = "seq, hash, signature"
    with database.engine.connect() as connection:
        query = text(f"SELECT {columns} FROM audit_heads WHERE chain = :case")  # noqa: S608
        before = connection.execute(query, {"case": COUNT}).one()._mapping
    add_case(database, "a")
    with behind_the_triggers(database) as connection:
        back = "UPDATE audit_heads SET seq=:seq, hash=:hash, signature=:signature WHERE chain=:case"
        connection.execute(text(back), {**before, "case": COUNT})
    what = "there are 1 cases and 0 were counted: the count was put back"
    assert problems(database) == [(COUNT, 0, what)]


def test_a_broken_count_takes_no_case(database: Database) -> None:
    with behind_the_triggers(database) as connection:
        run("UPDATE audit_heads SET seq = 7 WHERE chain = :case")(connection, COUNT)
    with pytest.raises(AuditBroken, match="verify-audit"):
        add_case(database, "a")
    with database.read() as unit:
        assert unit.cases.groups() == ()


LAUNDERED: list[Tampering] = [
    run("DELETE FROM audit_events WHERE chain=:case AND seq=5"),
    run("DELETE FROM audit_heads WHERE chain=:case"),
    run("UPDATE audit_heads SET seq=0, hash='0', signature='0' WHERE chain=:case"),
    run("UPDATE audit_heads SET signature='x' WHERE chain=:case"),
    run("UPDATE audit_heads SET seq=4 WHERE chain=:case"),
    run("UPDATE audit_events SET hash='x' WHERE chain=:case AND seq=5"),
    run("DELETE FROM audit_events WHERE chain=:case"),
    forge_head,
    remove_chain,
]


@pytest.mark.parametrize("tamper", LAUNDERED)
def test_a_broken_chain_grows_no_further(audited: tuple[Database, str], tamper: Tampering) -> None:
    database, case_id = audited
    with behind_the_triggers(database) as connection:
        tamper(connection, case_id)
    before = problems(database)
    with (
        pytest.raises(AuditBroken, match=f"{case_id}.*`secondlook db verify-audit`"),
        database.write() as unit,
    ):
        unit.assessments.fail(case_id, "Too late.", actor="tests")
        unit.commit()
    assert problems(database) == before != []


def exported(database: Database) -> list[tuple[str, int, str]]:
    """The heads as somebody keeps them elsewhere."""
    with database.read() as unit:
        return list(unit.audit.heads())


def against(database: Database, heads: list[tuple[str, int, str]]) -> set[tuple[str, int, str]]:
    """What verification reports beside an export."""
    with database.read() as unit:
        return {(p.chain, p.seq, p.what) for p in unit.audit.verify(heads).problems}


def test_heads_name_the_end_of_every_chain(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    heads = exported(database)
    assert [chain for chain, _, _ in heads] == sorted(chain for chain, _, _ in heads)
    with database.read() as unit:
        last = unit.audit.events(case_id)[-1]
    assert (case_id, 5, last.hash) in heads
    assert {WORKSPACE, case_id} < {chain for chain, _, _ in heads}
    assert len(heads) == 3


def test_what_grew_since_an_export_verifies_against_it(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    heads = exported(database)
    add_case(database, "c")
    add_assessment(database, case_id, inputs="i3")
    assert against(database, heads) == set()


def test_an_earlier_state_put_back_is_found_beside_an_export(
    audited: tuple[Database, str],
) -> None:
    database, case_id = audited
    earlier = exported(database)
    with database.engine.connect() as connection:
        columns = "seq, hash, signature"
        query = text(f"SELECT {columns} FROM audit_heads WHERE chain = :case")  # noqa: S608
        head = connection.execute(query, {"case": case_id}).one()._mapping
    with database.write() as unit:
        unit.assessments.fail(case_id, "It broke.", actor="tests")
        unit.commit()
    later = exported(database)
    with behind_the_triggers(database) as connection:
        run("DELETE FROM audit_events WHERE chain = :case AND seq = 6")(connection, case_id)
        back = "UPDATE audit_heads SET seq=:seq, hash=:hash, signature=:signature WHERE chain=:case"
        connection.execute(text(back), {**head, "case": case_id})
    assert problems(database) == []
    assert against(database, earlier) == set()
    assert against(database, later) == {
        (case_id, 6, "events 6 to 6 were there when the heads were exported and are gone")
    }


def test_chains_that_are_gone_or_other_are_found_beside_an_export(
    audited: tuple[Database, str],
) -> None:
    database, case_id = audited
    gone, other = ("9" * 64, 2, "0" * 64), (case_id, 3, "f" * 64)
    assert against(database, [gone, other, *exported(database)]) == {
        ("9" * 64, 1, "events 1 to 2 were there when the heads were exported and are gone"),
        (case_id, 3, "the event is not the one that was there when the heads were exported"),
    }
