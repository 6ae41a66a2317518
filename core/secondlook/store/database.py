"""The database: opened from a URL, migrated, checked, and used in units of work."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.orm import Session

from secondlook.accounts.require import Check
from secondlook.cases import Scalar
from secondlook.deid.keys import Pseudonyms
from secondlook.errors import StoreError
from secondlook.queues import Queue
from secondlook.second_reads import SecondReads
from secondlook.store import schema
from secondlook.store.audit import WORKSPACE, Audit
from secondlook.store.audit_heads import Heads
from secondlook.store.case_tables import CaseRow
from secondlook.store.engines import (
    BEGIN,
    application_engine,
    migration_engine,
    parse_url,
    shown_url,
    sqlite_file,
)
from secondlook.store.groups import GroupNames, rekey
from secondlook.store.review_tables import AuditEventRow, AuditHeadRow
from secondlook.store.transfer import count_rows, transfer
from secondlook.store.unit_of_work import UnitOfWork

SHORTEST_KEY = 16
SESSION_OPTIONS = {"synchronize_session": False, "populate_existing": True}
"""Rows are read when they are needed and changed by statement, never through loaded objects."""


class Database:
    """One database, shared by all threads of a process. After a fork, connect again.

    Attributes:
        groups: turns what cases belong with into what is stored of it.
        queues: how the cases of each domain wait; of others by score and without limits. Set by
            whoever knows the domains, before cases are added.
        second_reads: which cases are read by a second person; none until its policies are set.
        pseudonyms: stands in for whatever identifies a person.
    """

    url: str
    engine: Engine
    groups: GroupNames
    queues: Mapping[str, Queue]
    second_reads: SecondReads
    pseudonyms: Pseudonyms

    def __init__(self, url: str, engine: Engine, *, audit_key: bytes) -> None:
        self.url = url
        self.engine = engine
        self._audit_key = audit_key
        self._checks: tuple[Check, ...] = ()
        self._domains: frozenset[str] | None = None
        self.groups = GroupNames(audit_key)
        self.queues = {}
        self.second_reads = SecondReads(audit_key)
        self.pseudonyms = Pseudonyms(audit_key)
        sqlite = engine.dialect.name == "sqlite"
        self._write = engine.execution_options(**{BEGIN: "IMMEDIATE"}) if sqlite else engine
        self._read = (
            engine
            if sqlite
            else engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        )

    @classmethod
    def connect(cls, url: str, *, audit_key: bytes) -> "Database":
        """A database by URL; nothing is opened before the first use.

        `sqlite:////folder/file.db` or `postgresql+psycopg://user@host/name`. `audit_key` signs
        the audit trail and lives outside the database. StoreError for another kind of URL.
        """
        if len(audit_key) < SHORTEST_KEY:
            raise StoreError(
                f"Tried to open a database with an audit key of {len(audit_key)} bytes: it takes "
                f"{SHORTEST_KEY} or more."
            )
        return cls(url, application_engine(parse_url(url)), audit_key=audit_key)

    def __repr__(self) -> str:
        return f"Database({shown_url(parse_url(self.url))!r})"

    def watched(self, check: Check, domains: frozenset[str] | None = None) -> "Database":
        """The same database, of which every unit that writes begins with this check.

        Whatever verb is handed it: what the check read holds until the unit is done. Its worklist
        lists cases of these `domains` alone; None for all.
        """
        watched = copy.copy(self)
        watched._checks = (*self._checks, check)
        watched._domains = domains
        return watched

    def upgrade(self) -> None:
        """Bring the schema to the present version; safe when several processes do it at once.

        Open cases are fitted to the limits of `queues`, where these are set.
        """
        engine = migration_engine(parse_url(self.url))
        try:
            schema.upgrade(engine, self._note_upgrade)
            with engine.begin() as connection:
                self._begin_audit(connection)
        finally:
            engine.dispose()
        self.refit()

    def refit(self) -> None:
        """Bring the limits of all open cases up to date with `queues`, some at a time."""
        for domain, queue in self.queues.items():
            after: str | None = "" if queue.bands else None
            while after is not None:
                with self.write() as unit:
                    after = unit.priorities.refit(domain, after=after)
                    unit.commit()

    def signed_by_another(self) -> bool:
        """Whether another key than this one signs the audit trail; False while there is none.

        StoreError when the database cannot be reached. A file that is not there is not made, and
        no connection is kept.
        """
        file = sqlite_file(self.engine.url)
        if file is not None and not file.exists():
            return False
        try:
            with self._read.begin() as connection:
                if not inspect(connection).has_table(AuditHeadRow.__tablename__):
                    return False
                with Session(connection) as session:
                    return Heads(session, self._audit_key).signed_by_another()
        finally:
            self.engine.dispose()

    def check(self) -> tuple[str, ...]:
        """What is wrong with the schema, in plain words; nothing is fine."""
        with self.engine.connect() as connection:
            try:
                return schema.check(connection)
            finally:
                connection.rollback()

    def rows(self) -> int:
        """How many rows all tables hold together."""
        with self._read.begin() as connection:
            return count_rows(connection)

    def copy_to(self, url: str, advance: Callable[[int], None] = lambda rows: None) -> int:
        """Copy everything into an empty database, in one transaction; returns how many rows.

        The audit chains go along with their signatures, so the same key verifies them there.
        """
        engine = migration_engine(parse_url(url))
        try:
            schema.upgrade(engine, note=lambda connection, before, after: None)
            with self._read.begin() as source, engine.begin() as target:
                return transfer(source, target, advance)
        finally:
            engine.dispose()

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A unit that sees one consistent state and cannot commit."""
        with self._unit(self._read, writes=False) as unit:
            yield unit

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A unit that may change things; only what it commits lasts."""
        with self._unit(self._write, writes=True) as unit:
            for check in self._checks:
                check(unit)
            yield unit

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _unit(self, engine: Engine, *, writes: bool) -> Iterator[UnitOfWork]:
        session = Session(
            engine, autoflush=False, expire_on_commit=False, execution_options=SESSION_OPTIONS
        )
        try:
            key = self._audit_key
            yield UnitOfWork(
                session,
                audit_key=key,
                writes=writes,
                queues=self.queues,
                second_reads=self.second_reads,
                domains=self._domains,
            )
        except StoreError as error:
            # The driver's own error quotes rows; it must not reach a log by way of the chain.
            error.__cause__, error.__suppress_context__ = None, True
            raise
        finally:
            session.close()

    def _note_upgrade(self, connection: Connection, before: str | None, after: str) -> None:
        if not self._begin_audit(connection):
            with Session(connection, execution_options=SESSION_OPTIONS) as session:
                body: dict[str, Scalar] = {"from": before, "to": after}
                if groups := rekey(session, self.groups):
                    body["groups"] = groups
                audit = Audit(session, self._audit_key)
                audit.append(WORKSPACE, "schema.upgraded", "secondlook", body)

    def _begin_audit(self, connection: Connection) -> bool:
        """Begin the trail where there is none, and nothing yet that it could have told of."""
        with Session(connection, execution_options=SESSION_OPTIONS) as session:
            tables = (AuditHeadRow.chain, AuditEventRow.chain, CaseRow.id)
            if any(session.scalar(select(column).limit(1)) is not None for column in tables):
                return False
            body = {"from": None, "to": schema.revision(connection)}
            Audit(session, self._audit_key).begin(body)
            return True
