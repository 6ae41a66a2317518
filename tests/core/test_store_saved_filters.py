"""Saved filters are their owner's, or shared, and never tell of a domain that is not seen."""

import pytest

from secondlook.errors import BadValue, Conflict, NotFound, StoreError
from secondlook.store.database import Database
from secondlook.store.saved_filters import LONGEST_NAME, MOST, SavedFilter


def save(database: Database, owner: str, name: str, **what: str | bool | None) -> SavedFilter:
    with database.write() as unit:
        unit.users.ensure(owner)
        made = unit.saved_filters.save(owner, name, choice="open", **what)  # type: ignore[arg-type]
        unit.commit()
    return made


def names(database: Database, reader: str) -> list[str]:
    with database.read() as unit:
        return [x.name for x in unit.saved_filters.of(reader)]


def test_ones_own_come_first_then_what_is_shared(database: Database) -> None:
    save(database, "bob", "A bob's", shared=True)
    save(database, "bob", "B bob's own")
    save(database, "ann", "z", domain="parts", search="plate")
    save(database, "ann", "Y")
    assert names(database, "ann") == ["Y", "z", "A bob's"]
    assert names(database, "bob") == ["A bob's", "B bob's own"]


def test_what_was_saved_is_found_by_its_id(database: Database) -> None:
    made = save(database, "ann", "  plates \n of  today ", domain="parts", search="plate")
    assert made.name == "plates of today" and len(made.id) == 8
    with database.read() as unit:
        assert unit.saved_filters.find(made.id, "ann") == made
        with pytest.raises(NotFound):
            unit.saved_filters.find(made.id, "bob")


def test_of_a_domain_that_is_not_seen_nothing_is_told(database: Database) -> None:
    parts = save(database, "bob", "parts", domain="parts", shared=True)
    every = save(database, "bob", "all", shared=True)
    narrow = database.watched(lambda unit: None, frozenset({"scans"}))
    assert names(narrow, "ann") == [] and names(database, "ann") == ["all", "parts"]
    for hidden in (parts, every):
        with narrow.read() as unit, pytest.raises(NotFound):
            unit.saved_filters.find(hidden.id, "ann")


def test_a_name_is_taken_once_by_each(database: Database) -> None:
    save(database, "ann", "today")
    save(database, "bob", "today")
    with pytest.raises(Conflict, match="already"):
        save(database, "ann", " today ")


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST_NAME + 1), "a\x1bb"])
def test_a_name_that_is_none_is_refused(sqlite_database: Database, name: str) -> None:
    with pytest.raises(StoreError, match="name of 1 to"):
        save(sqlite_database, "ann", name)


def test_a_search_that_no_database_holds_is_refused(sqlite_database: Database) -> None:
    with pytest.raises(BadValue):
        save(sqlite_database, "ann", "x", search="\x00")


def test_there_is_an_end(sqlite_database: Database) -> None:
    for number in range(MOST):
        save(sqlite_database, "ann", str(number))
    with pytest.raises(Conflict, match="Remove one"):
        save(sqlite_database, "ann", "one more")


def test_one_that_is_dropped_is_gone(database: Database) -> None:
    made = save(database, "ann", "today")
    with database.write() as unit:
        unit.saved_filters.drop(made.id)
        unit.commit()
    assert names(database, "ann") == []
