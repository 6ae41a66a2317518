"""Opening, units of work, and errors that tell the way on and nothing else."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event, text

from database_fixtures import AUDIT_KEY
from secondlook.errors import BadValue, Conflict, StoreError
from secondlook.store import engines
from secondlook.store.base import UtcDateTime
from secondlook.store.database import Database
from secondlook.store.refusals import meaning
from secondlook.store.worklist import WorklistFilter
from store_values import NOON, add_case, new_case


def test_only_what_is_committed_lasts(database: Database) -> None:
    with database.write() as unit:
        unit.cases.add(new_case("a"), actor="tests")
        unit.commit()
        unit.cases.add(new_case("b"), actor="tests")
    with pytest.raises(KeyError), database.write() as unit:
        unit.cases.add(new_case("c"), actor="tests")
        raise KeyError
    with database.read() as unit:
        titles = [row.title for row in unit.worklist.page(WorklistFilter()).rows]
    assert titles == ["Part a"]


def test_a_unit_opened_with_read_cannot_commit(database: Database) -> None:
    with database.read() as unit, pytest.raises(StoreError, match=r"Open it with write\(\)"):
        unit.commit()


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    add_case(database, "a")
    with database.read() as unit:
        before = unit.worklist.counts()
        add_case(database, "b")
        assert unit.worklist.counts() == before
    with database.read() as unit:
        assert unit.worklist.counts() != before


def test_a_database_without_a_schema_names_the_command(empty_url: str) -> None:
    database = Database.connect(empty_url, audit_key=AUDIT_KEY)
    with database.read() as unit, pytest.raises(StoreError, match="secondlook db upgrade"):
        unit.cases.groups()
    database.dispose()


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("nonsense", "it is not one"),
        ("mysql://u:secret@h/d", "'mysql'"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_other_urls_are_refused_without_their_password(url: str, word: str) -> None:
    with pytest.raises(StoreError, match=word) as refused:
        Database.connect(url, audit_key=AUDIT_KEY)
    assert "secret" not in str(refused.value)


def test_a_short_audit_key_is_refused() -> None:
    with pytest.raises(StoreError, match="of 5 bytes"):
        Database.connect("sqlite:////nowhere/x.db", audit_key=b"short")


@pytest.mark.parametrize("query", ["", "&password=secret2"])
def test_a_server_that_is_not_there_is_named_without_the_password(
    tmp_path: Path, query: str
) -> None:
    url = f"postgresql://ann:secret@/cases?host={tmp_path}{query}"
    database = Database.connect(url, audit_key=AUDIT_KEY)
    with pytest.raises(StoreError, match="the server does not answer") as refused:
        database.check()
    shown = f"{refused.value} {database!r}"
    assert "secret" not in shown
    assert "ann:***@" in shown


def test_a_database_that_is_not_there_is_told_apart(postgres_url: str) -> None:
    database = Database.connect(postgres_url.replace("/test_", "/no_"), audit_key=AUDIT_KEY)
    with pytest.raises(StoreError, match="no such database or role"):
        database.check()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    database = Database.connect(f"sqlite:///{tmp_path}/no/file.db", audit_key=AUDIT_KEY)
    with pytest.raises(StoreError, match="Check its folder and rights"):
        database.upgrade()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file.db"
    file.write_bytes(b"not a database, and long enough for a header" * 30)
    database = Database.connect(f"sqlite:///{file}", audit_key=AUDIT_KEY)
    with pytest.raises(StoreError, match="not an SQLite database"):
        database.check()


def test_a_database_that_another_process_holds_is_told(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "WAIT_SECONDS", 0)
    impatient = Database.connect(sqlite_database.url, audit_key=AUDIT_KEY)
    with sqlite_database.write() as unit:
        unit.cases.add(new_case("a"), actor="tests")
        with pytest.raises(StoreError, match="another process holds it"):
            add_case(impatient, "b")
    impatient.dispose()


def test_a_full_disk_is_told_and_half_writes_nothing(sqlite_database: Database) -> None:
    with sqlite_database.write() as unit:
        session = unit.cases._session
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count = {pages + 1}"))
        with pytest.raises(StoreError, match="the disk is full"):
            for i in range(200):
                unit.cases.add(new_case(str(i), title="x" * 4000), actor="tests")
        session.rollback()
        assert unit.cases.groups() == ()


def test_an_error_carries_no_row_into_a_log(database: Database) -> None:
    add_case(database, "a", title="Jane Doe")
    with pytest.raises(Conflict) as refused, database.write() as unit:
        unit.cases._session.execute(text("UPDATE cases SET is_open = (status = 'decided')"))
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    assert "Jane" not in str(refused.value)


def test_sqlite_runs_with_the_settings_that_keep_decisions(sqlite_database: Database) -> None:
    with sqlite_database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 30_000,
    }  # fmt: skip


def test_a_time_without_a_timezone_is_refused(sqlite_database: Database) -> None:
    with pytest.raises(BadValue, match="it has no timezone"):
        UtcDateTime().process_bind_param(NOON.replace(tzinfo=None), sqlite_database.engine.dialect)


def test_an_unknown_error_is_named_by_its_class_alone() -> None:
    assert meaning(sqlite3.DatabaseError("Jane Doe")) == "the driver refused with DatabaseError."


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_stops_the_program_stops_it(
    sqlite_database: Database, stop: type[BaseException]
) -> None:
    def interrupt() -> None:
        raise stop

    with sqlite_database.write() as unit:
        session = unit.cases._session
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.create_function("interrupt", 0, interrupt)

        @event.listens_for(sqlite_database.engine, "before_cursor_execute")
        def stopped(*_: object) -> None:
            interrupt()

        with pytest.raises(stop):
            session.execute(text("SELECT 1"))
        event.remove(sqlite_database.engine, "before_cursor_execute", stopped)


@pytest.mark.parametrize("facts", [{"x": [float("nan")]}, {"x": ["\ud800"]}, {"x": object()}])
def test_a_value_that_fits_nowhere_is_told_from_a_database_that_fails(
    database: Database, facts: dict[str, object]
) -> None:
    with pytest.raises(BadValue, match="cannot hold a value"):
        add_case(database, "a", facts=facts)


def test_a_number_beyond_the_column_is_a_bad_value(database: Database) -> None:
    with database.write() as unit, pytest.raises(BadValue, match="cannot hold a value"):
        unit.runs.start("learn", {}, seed=2**70, code_version="0.1.0")
