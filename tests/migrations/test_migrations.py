"""Every migration goes up and down on data, loses nothing, and ends at the tables of the program."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import Column, Text, func, select, text

from database_fixtures import AUDIT_KEY
from secondlook.accounts.actor import Role
from secondlook.decisions import Act, FindingAct
from secondlook.deid.link import Link
from secondlook.deid.seal import Seal
from secondlook.errors import Conflict, StoreError
from secondlook.intended_use import IntendedUse
from secondlook.queues import Band, Queue
from secondlook.store import schema
from secondlook.store.account_tables import How
from secondlook.store.adapters import AdapterInfo
from secondlook.store.case_tables import QuarantineRowTable
from secondlook.store.database import Database
from secondlook.store.embedding_values import Space
from secondlook.store.engines import migration_engine, parse_url
from secondlook.store.product_mapping import product_id
from secondlook.store.tables import metadata
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist import WorklistFilter
from store_processes import together, upgrade
from store_values import BACKBONE, NOON, add_assessment, add_case, assessment, digest, record

ROOT = Path(__file__).parents[2]
QUEUE = Queue(bands=(Band(code="soon", title="Soon", priority=2),))
HOUR = timedelta(hours=1)
SPACE = Space("f" * 64, "bfloat16")
OF_PEOPLE = ("sessions", "one_time", "identities", "sign_in_tries", "saved_filters")


def migrate(url: str, verb: Any, target: str) -> None:
    """Run one alembic command in one transaction."""
    engine = migration_engine(parse_url(url))
    with engine.begin() as connection:
        schema.run(connection, verb, target)
    engine.dispose()


def fill(database: Database) -> str:
    """Put a row into every table; returns a case with everything on it."""
    case_id = add_case(database, "a", records=(record(["one", "two"]),))
    add_assessment(database, case_id)
    database.queues = {"parts": QUEUE}
    with database.write() as unit:
        unit.priorities.set(case_id, "soon", reviewer="ann", key="band")
        lease = unit.leases.claim(case_id, "ann", minutes=5)
        unit.case_acts.put_back(case_id, reviewer="ann", lease=lease)
        lease = unit.leases.claim(case_id, "ann", minutes=5)
        decision = unit.decisions.add(
            case_id,
            reviewer="ann",
            disposition="hold",
            acts=(FindingAct(label="crack", act=Act.AGREE),),
            lease=lease,
            key="first",
        )
        unit.decisions.add(case_id, reviewer="bob", disposition="scrap", amends=decision.id)
        unit.drafts.save(case_id, "cat", {"reason": "later"})
        fill_accounts(unit)
        unit.intended_uses.acknowledge("parts", IntendedUse(version="1", text="x"), "ann")
        unit.runs.start("learn", {}, seed=1, code_version="0.1.0")
        unit.adapters.add(adapter(), actor="ann")
        unit.products.describe("parts", "bolt", manual=record(["three"]), actor="ann")
        refused = {"key": digest("k"), "domain": "parts", "source": "a.png", "reason": "empty"}
        store_vectors(unit, case_id)
        unit.links.keep(case_id, Link(numbers=("4711",)), Seal(b"0" * 32))
        row = QuarantineRowTable(**refused, detail="It has 0 bytes.", at=NOON)
        unit.quarantine._session.add(row)
        unit.quarantine._session.flush()
        unit.commit()
    return case_id


def fill_accounts(unit: UnitOfWork) -> None:
    """Somebody with a role, an identity, a session, a link and a try."""
    unit.users.ensure("ann")
    unit.users.grant("ann", Role.OWNER, by="ann")
    unit.sign_ins.keep_passphrase("ann", "hash", by="ann")
    unit.sign_ins.identify("ann", "https://id.example", "42", by="ann")
    unit.sessions.begin("ann", How.PASSPHRASE, idle=HOUR, absolute=HOUR)
    unit.sign_ins.link("set-up", lasting=HOUR)
    unit.sign_ins.wait("ann")
    unit.saved_filters.save("ann", "mine", choice="open")


def store_vectors(unit: UnitOfWork, case_id: str) -> None:
    """A vector for the picture and for each passage of a case."""
    embeddings = unit.embeddings
    pictures = [x.key for x in embeddings.images.missing(SPACE, limit=9, case_id=case_id)]
    passages = [x.key for x in embeddings.passages.missing(SPACE, limit=9)]
    embeddings.images.add(SPACE, pictures, np.eye(len(pictures), 4, dtype=np.float32))
    embeddings.passages.add(SPACE, passages, np.eye(len(passages), 4, dtype=np.float32))


def adapter() -> AdapterInfo:
    """A made-up adapter."""
    return AdapterInfo(
        id="parts/1",
        domain="parts",
        product=None,
        version=1,
        backbone=BACKBONE,
        path="parts/1",
        sha256=digest("p"),
        state="champion",
        card={},
        created_at=NOON,
    )


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_down_and_up_again_loses_no_row(database: Database) -> None:
    case_id = fill(database)
    before = rows(database)
    assert min(before.values()) > 0, before
    with database.read() as unit:
        whole = (unit.cases.get(case_id), unit.assessments.history(case_id))
        decisions = unit.decisions.of(case_id)
    database.dispose()
    migrate(database.url, command.downgrade, "0001")
    with database.engine.connect() as connection:
        assert schema.revision(connection) == "0001"
    database.upgrade()
    told = {"audit_events": before["audit_events"] + 1}
    dropped = {"image_embeddings": 0, "passage_embeddings": 0}  # they are made again
    undone = (
        "products",
        "product_versions",
        "priority_acts",
        "patient_links",
        "case_acts",
    )  # 0004 knows of none
    asked_again = {"intended_uses": 0, "acknowledgements": 0}
    accounts = dict.fromkeys(OF_PEOPLE, 0)
    kept = before | told | dropped | dict.fromkeys(undone, 0) | asked_again | accounts
    assert rows(database) == kept
    with database.read() as unit:
        assert (unit.cases.get(case_id), unit.assessments.history(case_id)) == whole
        assert unit.decisions.of(case_id) == decisions
        # Of the product, of who moved the case, put it back or acknowledged, as the trail tells.
        problems = unit.audit.verify().problems
        put_back, moved = sorted((x for x in problems if x.chain == case_id), key=lambda x: x.what)
        removed, unsaid, gone = (x for x in problems if x.chain != case_id)
        assert (put_back.chain, moved.chain) == (case_id, case_id)
        assert put_back.what.startswith("act ") and put_back.what.endswith("was removed")
        assert moved.what.startswith("priority ") and moved.what.endswith("was removed")
        assert {removed.chain, gone.chain} == {product_id("parts", "bolt")}
        assert unsaid.what.startswith("acknowledgement ") and unsaid.what.endswith("was removed")
        assert removed.what.endswith("was removed")
        assert gone.what.endswith("is gone: it was removed")
        assert unit.audit.events("workspace")[-1].action == "schema.upgraded"
    assert database.check() == ()


def test_products_come_to_a_database_with_cases(database: Database) -> None:
    """From 0004: cases stay as they are until somebody describes their product."""
    decided = fill_cases(database)
    database.dispose()
    migrate(database.url, command.downgrade, "0004")
    database.upgrade()
    assert database.check() == ()
    manual = record(["three"])
    with database.write() as unit:
        assert unit.audit.verify().problems == ()
        assert {x.spec for x in unit.cases.load(list(decided))} == {None}
        unit.products.describe("parts", "tile", manual=manual, pitch_mm=0.1, actor="ann")
        cases = {decided[x.id]: x for x in unit.cases.load(list(decided))}
        assert (cases["decided"].spec, len(cases["decided"].records)) == (None, 1)
        spec = cases["open"].spec
        assert spec is not None
        assert (spec.pitch_mm, spec.manual) == (0.1, manual.sha256)
        assert [x.sha256 for x in cases["open"].records][1:] == [manual.sha256]
        assert unit.audit.verify().problems == ()


def test_who_waits_has_a_limit_right_after_the_upgrade(database: Database) -> None:
    """Not only once a worker starts: from 0006, which knew of no limits."""
    cases = {}
    for domain in ("radiology-assistant", "parts"):
        cases[domain] = add_case(database, domain, domain=domain)
    database.dispose()
    migrate(database.url, command.downgrade, "0006")
    wait = timedelta(hours=4)
    bands = (
        Band(code="now", title="Now", priority=3),
        Band(code="soon", title="Soon", priority=2, wait=wait),
    )
    database.queues = {"radiology-assistant": Queue(bands=bands, unassessed="soon")}
    database.upgrade()
    with database.read() as unit:
        rows = {x.domain: x for x in unit.worklist.page(WorklistFilter()).rows}
    exam = rows["radiology-assistant"]
    assert (exam.priority, exam.promote_at) == (2, exam.opened_at + wait)
    assert rows["parts"].promote_at is None
    assert {x: y.id for x, y in rows.items()} == cases


def test_what_was_judged_again_outlives_a_way_down_and_up(database: Database) -> None:
    """0004 has room for one assessment of an adapter and inputs, and no word for the other."""
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    made_by = assessment(case_id, inputs="i2").provenance
    again = replace(made_by, rejudged=assessment(case_id).id)
    add_assessment(database, case_id, id="2" * 32, provenance=again)
    add_assessment(database, case_id, id="3" * 32, provenance=made_by)
    database.dispose()
    migrate(database.url, command.downgrade, "0004")
    database.upgrade()
    with database.read() as unit:
        ids = [x.id for x in unit.assessments.history(case_id)]
        (problem,) = unit.audit.verify().problems
    assert ids == [assessment(case_id).id, "2" * 32, "3" * 32]
    assert problem.what == f"assessment {'2' * 32} was changed"
    assert database.check() == ()


def test_who_decided_before_has_a_role_and_cannot_sign_in(database: Database) -> None:
    """From 0008: everybody a reviewer of all domains; custodians stay what they are."""
    database.dispose()
    migrate(database.url, command.downgrade, "0008")
    with database.engine.begin() as connection:
        for name, role in (("ann", "reviewer"), ("cat", "custodian")):
            row = {"name": name, "role": role, "at": "2026-01-02 03:04:05+00"}
            connection.execute(
                text("INSERT INTO users (name, role, created_at) VALUES (:name, :role, :at)"), row
            )
    database.dispose()
    database.upgrade()
    assert database.check() == ()
    with database.write() as unit:
        ann, cat = unit.users.all()
        assert ann.grants == cat.grants == {"*": Role.REVIEWER}
        assert (ann.custodian, cat.custodian) == (False, True)
        assert not ann.passphrase and unit.users.owners() == ()
        unit.sign_ins.keep_passphrase("ann", "hash", by="cat")
        unit.users.disable("ann", by="cat")
        unit.commit()
    database.dispose()
    migrate(database.url, command.downgrade, "0008")
    with database.engine.begin() as connection:
        found = connection.execute(text("SELECT name, role FROM users ORDER BY name")).all()
    assert [tuple(x) for x in found] == [("ann", "reviewer"), ("cat", "custodian")]
    database.dispose()
    database.upgrade()
    assert database.check() == ()


def fill_cases(database: Database) -> dict[str, str]:
    """An open and a decided case, each with a first look; what each is, by id."""
    cases = {}
    for state in ("open", "decided"):
        case_id = add_case(database, state, records=(record(["one", "two"]),))
        add_assessment(database, case_id)
        cases[case_id] = state
    with database.write() as unit:
        unit.decisions.add(case_id, reviewer="ann", disposition="hold")
        unit.commit()
    return cases


def test_the_triggers_outlive_a_rebuild(database: Database) -> None:
    fill(database)
    database.dispose()
    for verb, target in ((command.downgrade, "0001"), (command.upgrade, "head")):
        migrate(database.url, verb, target)
        for statement in ("UPDATE decisions SET reason = 'x'", "DELETE FROM decisions"):
            with (
                pytest.raises((StoreError, Conflict), match="append-only|contradicts"),
                database.engine.connect() as connection,
            ):
                connection.execute(text(statement))
        database.dispose()


def test_down_to_nothing_and_up_again(empty_url: str) -> None:
    database = Database.connect(empty_url, audit_key=AUDIT_KEY)
    database.upgrade()
    migrate(empty_url, command.downgrade, "base")
    assert "no secondlook schema" in database.check()[0]
    database.upgrade()
    assert database.check() == ()
    database.dispose()


def test_upgrading_twice_is_upgrading_once(database: Database) -> None:
    database.upgrade()
    with database.read() as unit:
        assert [event.action for event in unit.audit.events("workspace")] == ["workspace.opened"]


def test_processes_that_upgrade_at_once_do_not_collide(empty_url: str) -> None:
    assert together(upgrade, empty_url, 3) == [(), (), ()]


def test_a_schema_behind_or_ahead_is_told(database: Database) -> None:
    database.dispose()
    migrate(database.url, command.downgrade, "0001")
    needed = schema.head_revision()
    assert database.check() == (
        f"The database has schema 0001 and needs {needed}: run `secondlook db upgrade`.",
    )
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "a newer secondlook made it" in database.check()[0]
    with pytest.raises(StoreError, match="a newer secondlook made it"):
        database.upgrade()


def test_alembic_check_is_clean_and_turns_red(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.dispose()
    engine = migration_engine(parse_url(database.url))
    with engine.begin() as connection:
        schema.run(connection, lambda config, _: command.check(config), "")
    table = metadata.tables["users"]
    table.append_column(Column("address", Text))
    try:
        with engine.begin() as connection, pytest.raises(CommandError, match="address"):
            schema.run(connection, lambda config, _: command.check(config), "")
        assert database.check() == ("The column 'address' of table users is missing.",)
    finally:
        table._columns.remove(table.c.address)
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("ALTER TABLE users ADD COLUMN spare TEXT", "'spare' of table users should not be there"),
        ("DROP INDEX ix_cases_open_order", "'ix_cases_open_order' of table cases is missing"),
        ("DROP TRIGGER decisions_no_update{on}", "decisions_no_update is missing"),
        ("DROP TABLE drafts", "The table 'drafts' is missing"),
    ],
)
def test_drift_is_told(database: Database, statement: str, problem: str) -> None:
    on = " ON decisions" if database.engine.dialect.name == "postgresql" else ""
    with database.engine.begin() as connection:
        connection.execute(text(statement.format(on=on)))
    found = database.check()
    assert len(found) == 1
    assert problem in found[0]


def test_a_changed_check_is_told(postgres_database: Database) -> None:
    for change in (
        "ALTER TABLE cases DROP CONSTRAINT ck_cases_status",
        "ALTER TABLE cases ADD CONSTRAINT ck_cases_status CHECK (status IN ('new', 'decided'))",
    ):
        with postgres_database.engine.begin() as connection:
            connection.execute(text(change))
        assert postgres_database.check() == ("The CHECK ck_cases_status of table cases differs.",)


def test_a_changed_check_is_told_on_sqlite(sqlite_database: Database) -> None:
    with sqlite_database.engine.connect() as connection:
        connection.execute(text("PRAGMA writable_schema = ON"))
        connection.execute(
            text(
                "UPDATE sqlite_master SET sql = replace(sql, '''failed'', ', '') "
                "WHERE name = 'cases'"
            )
        )
        connection.commit()
    sqlite_database.dispose()
    assert sqlite_database.check() == ("The CHECK ck_cases_status of table cases differs.",)


def test_a_trigger_that_is_switched_off_is_told(postgres_database: Database) -> None:
    with postgres_database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER ALL"))
    assert len(postgres_database.check()) == 2


def test_a_migration_that_loses_rows_is_undone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    before = rows(database)
    database.dispose()
    migrate(database.url, command.downgrade, "0001")
    engine = migration_engine(parse_url(database.url))

    counts = iter(({"drafts": 1}, {"drafts": 0}))
    monkeypatch.setattr("secondlook_migrations.harm._counts", lambda _: next(counts))
    with pytest.raises(StoreError, match="drafts had 1 rows and then 0"), engine.begin() as c:
        schema.run(c, command.upgrade, "head")
    monkeypatch.undo()
    with database.engine.connect() as connection:
        assert schema.revision(connection) == "0001"
    engine.dispose()
    database.upgrade()
    assert rows(database)["drafts"] == before["drafts"]


def test_a_reference_to_nothing_stops_a_migration(sqlite_database: Database) -> None:
    fill(sqlite_database)
    sqlite_database.dispose()
    engine = migration_engine(parse_url(sqlite_database.url))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM case_records"))
        connection.execute(text("DELETE FROM records"))
    with pytest.raises(StoreError, match=r"\['passages'\] refer to rows that are gone"):
        migrate(sqlite_database.url, command.downgrade, "0001")
    with sqlite_database.engine.connect() as connection:
        assert schema.revision(connection) == schema.head_revision()
    engine.dispose()


def test_the_migrations_are_found_from_any_folder(tmp_path: Path) -> None:
    program = (
        "from secondlook.store.database import Database\n"
        f"d = Database.connect('sqlite:///100%25.db', audit_key={AUDIT_KEY!r})\n"
        "d.upgrade(); print(d.check())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("()\n", "")


def alembic(*words: str, url: str | None) -> "subprocess.CompletedProcess[str]":
    """The alembic command from the repository's root."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
    if url is not None:
        environment["SECONDLOOK_DATABASE_URL"] = url
    return subprocess.run(
        [sys.executable, "-m", "alembic", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_line_of_alembic_does_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'file.db'}"
    for words in (("upgrade", "head"), ("check",), ("downgrade", "0001"), ("upgrade", "head")):
        done = alembic(*words, url=url)
        assert done.returncode == 0, done.stderr
    database = Database.connect(url, audit_key=AUDIT_KEY)
    assert database.check() == ()
    with database.read() as unit:
        assert "no workspace chain" in unit.audit.verify().problems[0].what
    database.dispose()


def test_the_command_line_asks_for_a_database() -> None:
    done = alembic("upgrade", "head", url=None)
    assert done.returncode == 1
    assert "Set SECONDLOOK_DATABASE_URL" in done.stderr


def test_every_migration_has_a_note() -> None:
    folder = ROOT / "migrations" / "secondlook_migrations"
    notes = (folder / "NOTES.md").read_text()
    for file in (folder / "versions").glob("*.py"):
        number, name = file.stem.split("_", 1)
        assert f"## {number} {name}" in notes
