"""A whole database moved to another one, in both directions."""

from pathlib import Path

import pytest

from secondlook.errors import StoreError
from secondlook.intake.passages import note
from secondlook.store.database import Database
from store_values import add_assessment, add_case

KEY = b"0" * 32


def _filled(url: str) -> Database:
    database = Database.connect(url, audit_key=KEY)
    database.upgrade()
    for name in ("a", "ä 漢字", "c"):
        case = add_case(database, name)
        add_assessment(database, case)
        with database.write() as unit:
            first = unit.decisions.add(case, reviewer="ada", disposition="accept", key=name)
            unit.commit()
        with database.write() as unit:
            unit.decisions.add(case, reviewer="bo", disposition="scrap", amends=first.id)
            unit.commit()
    return database


def _everything(database: Database) -> list[object]:
    with database.read() as unit:
        return list(unit.worklist.export("parts"))


@pytest.fixture(params=["to PostgreSQL", "to SQLite"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Source and target."""
    sqlite = f"sqlite:///{tmp_path / 'moved.db'}"
    postgres = request.getfixturevalue("postgres_url")
    return (sqlite, postgres) if request.param == "to PostgreSQL" else (postgres, sqlite)


def test_everything_arrives_and_the_audit_verifies(urls: tuple[str, str]) -> None:
    source = _filled(urls[0])
    told: list[int] = []
    rows = source.copy_to(urls[1], told.append)
    target = Database.connect(urls[1], audit_key=KEY)
    assert rows == sum(told) == source.rows() == target.rows()
    assert len(_everything(source)) == 3
    assert _everything(target) == _everything(source)
    assert target.check() == ()
    with target.read() as unit:
        report = unit.audit.verify()
    assert report.problems == ()
    assert report.chains == 4
    target.dispose()
    source.dispose()


def test_new_records_go_on_where_the_copied_ones_ended(urls: tuple[str, str]) -> None:
    source = Database.connect(urls[0], audit_key=KEY)
    source.upgrade()
    notes = tuple(note(f"Note {i}.", kind="note", name=f"{i}") for i in range(1_200))
    add_case(source, "with many records", records=notes)
    source.copy_to(urls[1])
    target = Database.connect(urls[1], audit_key=KEY)
    add_case(target, "new", records=(note("Another note.", kind="note", name="n"),))
    assert len(_everything(target)) == 2
    target.dispose()
    source.dispose()


def test_a_database_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    source = _filled(f"sqlite:///{tmp_path / 'one.db'}")
    target = _filled(f"sqlite:///{tmp_path / 'two.db'}")
    before = target.rows()
    with pytest.raises(StoreError, match="Give an empty database"):
        source.copy_to(target.url)
    assert target.rows() == before
    target.dispose()
    source.dispose()
