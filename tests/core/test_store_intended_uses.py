"""Acknowledgements of intended-use texts: by each reviewer, for each text, never undone."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from database_fixtures import AUDIT_KEY
from secondlook import IntendedUse
from secondlook.errors import BadValue, StoreError
from secondlook.store.database import Database
from store_values import behind_the_triggers

USE = IntendedUse(version="1", text="Read all of it.\n\nDecide\nyourself.")

FORGED = (
    "INSERT INTO acknowledgements (id, intended_use_id, reviewer, at) "
    "SELECT 'forged', intended_use_id, 'eve', at FROM acknowledgements"
)


def acknowledge(database: Database, reviewer: str = "ann", use: IntendedUse = USE) -> str:
    with database.write() as unit:
        done = unit.intended_uses.acknowledge("exams", use, reviewer)
        unit.commit()
    return done.id


def has(database: Database, reviewer: str, use: IntendedUse = USE, domain: str = "exams") -> bool:
    with database.read() as unit:
        return unit.intended_uses.acknowledged(domain, use, reviewer) is not None


def problems(database: Database) -> list[str]:
    with database.read() as unit:
        return [x.what for x in unit.audit.verify().problems]


def test_a_text_is_in_paragraphs() -> None:
    assert USE.paragraphs == ("Read all of it.", "Decide yourself.")


def test_it_is_one_reviewers_word_for_one_text(database: Database) -> None:
    acknowledge(database)
    assert has(database, "ann")
    assert not has(database, "Ann")
    assert not has(database, "bob")
    assert not has(database, "ann", domain="parts")
    assert not has(database, "ann", replace(USE, version="2"))
    assert not has(database, "ann", replace(USE, text="Read some of it."))


def test_twice_is_once_and_is_audited_once(database: Database) -> None:
    first = acknowledge(database)
    assert acknowledge(database) == first
    with database.read() as unit:
        [one] = unit.intended_uses.all("exams")
        told = [x for x in unit.audit.events("workspace") if x.action.startswith("intended")]
    assert (one.id, one.reviewer, one.version, one.text) == (first, "ann", "1", USE.text)
    assert [(x.actor, x.body["domain"], x.body["version"]) for x in told] == [("ann", "exams", "1")]
    assert problems(database) == []


def test_earlier_versions_stay_on_record(database: Database) -> None:
    acknowledge(database)
    acknowledge(database, use=replace(USE, version="2"))
    acknowledge(database, "bob")
    with database.read() as unit:
        kept = [(x.reviewer, x.version) for x in unit.intended_uses.all("exams")]
        assert unit.intended_uses.all("parts") == ()
    assert sorted(kept) == [("ann", "1"), ("ann", "2"), ("bob", "1")]


@pytest.mark.parametrize("name", ["", "  "])
def test_nobody_cannot_acknowledge(database: Database, name: str) -> None:
    with pytest.raises(StoreError, match="without a name"):
        acknowledge(database, name)
    with pytest.raises(BadValue, match="NUL"):
        acknowledge(database, "a\x00")


@pytest.mark.parametrize("table", ["acknowledgements", "intended_uses"])
def test_they_are_append_only(database: Database, table: str) -> None:
    acknowledge(database)
    column = "reviewer" if table == "acknowledgements" else "text"
    for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):  # noqa: S608
        with (
            pytest.raises(StoreError, match="append-only|contradicts"),
            database.engine.begin() as c,
        ):
            c.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE acknowledgements SET reviewer = 'eve'", "was changed"),
        ("UPDATE intended_uses SET text = 'Trust it.'", "was changed"),
        ("UPDATE acknowledgements SET at = '2020-01-01 00:00:00+00'", "was changed"),
        ("DELETE FROM acknowledgements", "was removed"),
        (
            FORGED,
            "has no event",
        ),
    ],
)
def test_tampering_is_found(database: Database, statement: str, what: str) -> None:
    acknowledge(database)
    with behind_the_triggers(database) as connection:
        connection.execute(text(statement))
    [problem] = problems(database)
    assert problem.startswith("acknowledgement ") and problem.endswith(what)


def test_another_database_gets_them_too(sqlite_database: Database, postgres_url: str) -> None:
    acknowledge(sqlite_database)
    sqlite_database.copy_to(postgres_url)
    target = Database.connect(postgres_url, audit_key=AUDIT_KEY)
    assert has(target, "ann")
    assert problems(target) == []
    target.dispose()


def test_a_row_that_cannot_be_read_is_told(sqlite_database: Database) -> None:
    acknowledge(sqlite_database)
    with behind_the_triggers(sqlite_database) as connection:
        connection.execute(text("UPDATE acknowledgements SET at = 'yesterday'"))
    assert problems(sqlite_database) == ["the acknowledgements cannot be read: they were changed"]
