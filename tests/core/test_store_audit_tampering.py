"""Whatever somebody without the key does to the rows of the trail is found."""

import pytest

from secondlook.store.audit_chain import COUNT
from secondlook.store.database import Database
from store_tampering import (
    Tampering,
    audited_case,
    edit_and_rehash,
    edit_evidence,
    forge_head,
    of_case,
    problems,
    remove_case,
    run,
)
from store_values import add_assessment, add_case, behind_the_triggers


@pytest.fixture
def audited(database: Database) -> tuple[Database, str]:
    """A database and a case in it with five events."""
    return database, audited_case(database)


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
        (of_case("UPDATE findings SET score=0.5", "inputs='i1'"), 2, "was changed"),
        (of_case("UPDATE findings SET title='Dent'"), 5, "was changed"),
        (edit_evidence, 2, "was changed"),
        (of_case("UPDATE evidence SET payload='[]'"), 2, "cannot be read"),
        (of_case("UPDATE evidence SET finding=NULL"), 2, "was changed"),
        (of_case("DELETE FROM evidence", "inputs='i2'"), 5, "was changed"),
        (run("UPDATE assessments SET disposition='accept' WHERE case_id=:case"), 2, "was changed"),
        (run("UPDATE assessments SET score=0 WHERE case_id=:case"), 2, "was changed"),
        (run("UPDATE assessments SET flags='[]' WHERE inputs='i2'"), 5, "was changed"),
        (run("UPDATE assessments SET ordinal=9 WHERE inputs='i1'"), 5, "another one stands"),
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


def test_a_removed_case_is_found(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    with behind_the_triggers(database) as connection:
        remove_case(connection, case_id)
    assert problems(database) == [(COUNT, 2, "2 cases were opened and 1 of them is gone")]


def test_a_removed_case_is_found_when_it_comes_again(database: Database) -> None:
    case_id = add_case(database, "a")
    with behind_the_triggers(database) as connection:
        remove_case(connection, case_id)
    assert add_case(database, "a") == case_id
    assert problems(database) == [(COUNT, 2, "2 cases were opened and 1 of them is gone")]


def test_a_case_whose_chain_is_all_that_is_left_is_found(database: Database) -> None:
    case_id = add_case(database, "a")
    with behind_the_triggers(database) as connection:
        run("DELETE FROM attachments WHERE case_id = :case")(connection, case_id)
        run("DELETE FROM cases WHERE id = :case")(connection, case_id)
    assert problems(database) == [(case_id, 1, "the case of this chain is gone: it was removed")]


def test_an_assessment_that_stands_again_verifies(database: Database) -> None:
    case_id = add_case(database, "a")
    for inputs in ("i1", "i2", "i1"):
        add_assessment(database, case_id, inputs=inputs, score=-0.0, priority=1)
    with database.read() as unit:
        assert len(unit.audit.events(case_id)) == 4
    assert problems(database) == []


def test_an_assessment_without_an_event_is_found(audited: tuple[Database, str]) -> None:
    database, case_id = audited
    slip = (
        "INSERT INTO assessments (id, case_id, ordinal, priority, created_at, adapter, inputs, "
        "code_version, backbones, flags, score) SELECT 'forged', cases.id, 1, 0, created_at, '', "
        "'', '', '[]', '[]', 0 FROM cases, assessments a WHERE cases.id <> :case AND inputs = 'i1'"
    )
    with behind_the_triggers(database) as connection:
        run(slip)(connection, case_id)
    assert [what for _, _, what in problems(database)] == ["assessment forged has no event"]
