"""What cases are never to be parted from: stored under a key, one group whatever was stored before."""

import hashlib
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select, update

from database_fixtures import AUDIT_KEY
from secondlook.cases import GROUP, CaseStatus, NewCase
from secondlook.store import schema
from secondlook.store.case_tables import CaseRow
from secondlook.store.cases import AddedCase
from secondlook.store.database import Database
from secondlook.store.engines import migration_engine, parse_url
from secondlook.store.groups import GroupNames, NamedBy, bare, grouped
from store_values import add_assessment, add_case, new_case

NAMES = GroupNames(AUDIT_KEY)


def plain(name: str) -> str:
    """How a group was stored before there was a key."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def named(name: str, by: NamedBy = NamedBy.MANIFEST) -> str:
    return NAMES.of(name, by)


def add(database: Database, new: NewCase) -> AddedCase:
    with database.write() as unit:
        added = unit.cases.add(new, actor="tests")
        unit.commit()
    return added


def facts(database: Database, case_id: str) -> dict[str, Any]:
    """Of a case, whose column for its group says the same."""
    with database.read() as unit:
        known = dict(unit.cases.get(case_id).facts)
    with database.engine.connect() as connection:
        column = connection.scalar(select(CaseRow.grouped).where(CaseRow.id == case_id))
    assert column == grouped(known)
    return known


def actions(database: Database, case_id: str) -> list[str]:
    with database.read() as unit:
        return [x.action for x in unit.audit.events(case_id)]


def store_plain(database: Database, case_id: str, name: str) -> None:
    """As an earlier version stored it."""
    with database.engine.begin() as connection:
        known = {"shift": 2, GROUP: plain(name)}
        new = {"facts": known, "grouped": plain(name)}
        connection.execute(update(CaseRow).where(CaseRow.id == case_id).values(new))


def test_nobody_without_the_key_can_compute_a_group() -> None:
    digest = bare(named("patient 1"))
    assert len(digest) == 32
    computable = [hashlib.sha256(x).hexdigest() for x in (b"patient 1", AUDIT_KEY + b"patient 1")]
    assert not any(digest in x or x[:16] in digest for x in computable)
    assert named("patient 1") == GroupNames(AUDIT_KEY).of("patient 1", NamedBy.MANIFEST)
    assert bare(GroupNames(b"x" * 32).of("patient 1", NamedBy.MANIFEST)) != digest
    assert named("patient 2") != named("patient 1")
    assert b"audit" not in repr(NAMES).encode()


def test_a_group_is_one_whoever_names_it_and_however_it_was_stored() -> None:
    by_manifest, by_file = named("7"), named("7", NamedBy.DICOM)
    assert by_manifest != by_file
    assert bare(by_manifest) == bare(by_file) == bare(NAMES.keyed(plain("7")))
    assert NAMES.keyed(by_file) == by_file
    assert NAMES.keyed("lot 1") == "lot 1"  # a domain's own word
    assert NAMES.of("\udcff", NamedBy.DICOM) != NAMES.of("\udcfe", NamedBy.DICOM)


def test_a_manifest_wins_over_what_the_file_says(database: Database) -> None:
    case_id = add_case(database, "a", facts={"shift": 2, GROUP: named("p", NamedBy.DICOM)})
    add_assessment(database, case_id)
    added = add(database, new_case("a", facts={GROUP: named("lot 1")}))
    assert (added.changed, added.parted) == (False, False)
    assert facts(database, case_id) == {"shift": 2, GROUP: named("lot 1")}
    add(database, new_case("a", facts={GROUP: named("q", NamedBy.DICOM)}))
    add(database, new_case("a", facts={GROUP: named("lot 2")}))  # the first one stands
    assert facts(database, case_id)[GROUP] == named("lot 1")
    assert actions(database, case_id).count("case.grouped") == 1
    with database.read() as unit:
        assert unit.cases.get(case_id).status is CaseStatus.ASSESSED


def test_files_of_another_patient_do_not_join_a_case(database: Database) -> None:
    first = new_case("a", key="study", facts={GROUP: named("p", NamedBy.DICOM)})
    case_id = add(database, first).id
    other = new_case("b", key="study", facts={GROUP: named("q", NamedBy.DICOM)})
    assert add(database, other) == AddedCase(id=case_id, created=False, changed=False, parted=True)
    with database.read() as unit:
        assert len(unit.cases.get(case_id).attachments) == 1
    assert actions(database, case_id) == ["case.opened"]
    same = new_case("b", key="study", facts={GROUP: named("p", NamedBy.DICOM)})
    assert add(database, same).changed
    unnamed = new_case("c", key="study")
    assert add(database, unnamed).changed  # a file may say nothing


def test_ingesting_again_replaces_a_plain_digest(database: Database) -> None:
    case_id = add_case(database, "a")
    store_plain(database, case_id, "lot 1")
    add(database, new_case("a", facts={GROUP: named("p", NamedBy.DICOM)}))
    assert facts(database, case_id)[GROUP] == plain("lot 1")  # it came from a manifest
    add(database, new_case("a", facts={GROUP: named("lot 1")}))
    assert facts(database, case_id) == {"shift": 2, GROUP: named("lot 1")}
    assert actions(database, case_id) == ["case.opened", "case.grouped"]


def test_an_upgrade_replaces_all_plain_digests(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secondlook.store.groups.PAGE", 2)
    ids = [add_case(database, x) for x in "abcde"]
    for case_id, name in zip(ids, ("p", "p", "q", "r", "r"), strict=True):
        store_plain(database, case_id, name)
    other = add_case(database, "x", facts={GROUP: named("p", NamedBy.DICOM), "note": '"group"'})
    none = add_case(database, "y", facts={"shift": 2, "words": '"group"'})
    database.dispose()
    engine = migration_engine(parse_url(database.url))
    with engine.begin() as connection:
        schema.run(connection, command.downgrade, "0003")
    engine.dispose()
    database.upgrade()
    found = [facts(database, x) for x in ids]
    assert found == [{"shift": 2, GROUP: named(x)} for x in ("p", "p", "q", "r", "r")]
    assert facts(database, other)[GROUP] == named("p", NamedBy.DICOM)
    assert GROUP not in facts(database, none)
    with database.read() as unit:
        event = unit.audit.events("workspace")[-1]
        assert unit.audit.verify().problems == ()
    assert (event.action, event.body["groups"]) == ("schema.upgraded", 5)


def test_groups_are_the_same_in_a_copy(sqlite_database: Database, postgres_url: str) -> None:
    case_id = add_case(sqlite_database, "a", facts={GROUP: named("p")})
    sqlite_database.copy_to(postgres_url)
    copy = Database.connect(postgres_url, audit_key=AUDIT_KEY)
    assert facts(copy, case_id)[GROUP] == copy.groups.of("p", NamedBy.MANIFEST)
    add(copy, new_case("a", facts={GROUP: copy.groups.of("p", NamedBy.MANIFEST)}))
    assert actions(copy, case_id) == ["case.opened"]
    copy.dispose()
