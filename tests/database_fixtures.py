"""Fixtures with a migrated database: `database` (SQLite, then PostgreSQL), `sqlite_database`,
`postgres_url`.

Each kind is migrated once a session, by `upgrade head`; a test gets a copy.
"""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from private_postgres import FAST, PACKAGE, cluster, programs
from secondlook.store.database import Database

AUDIT_KEY = b"the audit key of the tests, 32 b"
TEMPLATE = "secondlook_template"
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A private PostgreSQL server; the test is skipped where the package is missing."""
    if programs() is None:
        pytest.skip(f"needs a PostgreSQL server: install the Debian package `{PACKAGE}`")
    with cluster(*FAST, "-c", "max_connections=60", in_memory=True) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty, migrated SQLite database."""
    file = tmp_path_factory.mktemp("template") / "secondlook.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> str:
    """The name of an empty, migrated database on the private server."""
    create_database(postgres_server, TEMPLATE)
    _migrate(_of(postgres_server, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """The URL of a new PostgreSQL database without a schema."""
    yield from temporary(postgres_server, "template0")


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A new migrated SQLite database."""
    file = tmp_path / "secondlook.db"
    shutil.copyfile(sqlite_template, file)
    yield from _opened(f"sqlite:///{file}")


@pytest.fixture
def postgres_database(postgres_server: URL, postgres_template: str) -> Iterator[Database]:
    """A new migrated PostgreSQL database."""
    for url in temporary(postgres_server, postgres_template):
        yield from _opened(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A new migrated database of each kind."""
    kind = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    made: Database = request.getfixturevalue(kind)
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database without a schema, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def create_database(server: URL, name: str, template: str = "template0") -> None:
    """Create a database on a server."""
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def temporary(server: URL, template: str) -> Iterator[str]:
    """The URL of a new database on a server; it goes away afterwards."""
    name = f"test_{next(_numbers)}"
    create_database(server, name, template)
    yield _of(server, name)
    _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(server: URL, statement: str) -> None:
    with psycopg.connect(
        host=str(server.query["host"]),
        user=server.username,
        dbname=server.database,
        autocommit=True,
    ) as connection:
        connection.execute(statement.encode())


def _of(server: URL, name: str) -> str:
    return server.set(database=name).render_as_string(hide_password=False)


def _migrate(url: str) -> None:
    database = Database.connect(url, audit_key=AUDIT_KEY)
    database.upgrade()
    database.dispose()


def _opened(url: str) -> Iterator[Database]:
    database = Database.connect(url, audit_key=AUDIT_KEY)
    yield database
    database.dispose()
