"""Products are described, described anew and never edited; their open cases follow."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from database_fixtures import AUDIT_KEY
from secondlook.cases import CaseStatus, ProductSpec, Record, Role, Zone
from secondlook.errors import Conflict, NotFound, StoreError, UsageError
from secondlook.products import ProductVersion
from secondlook.store.database import Database
from store_processes import describe_often, together
from store_tampering import problems
from store_values import (
    add_assessment,
    add_case,
    assessment,
    behind_the_triggers,
    new_case,
    picture,
    record,
)

RIM = Zone(name="rim", left=0, top=0, width=1, height=0.125)
A, B, C = (replace(record([f"manual {x}"]), name=f"{x}.txt") for x in "abc")
NOTE = record(["seen at noon"], "note")


def describe(database: Database, manual: Record | None = A, **values: object) -> ProductVersion:
    """Describe the product `tile`."""
    with database.write() as unit:
        done = unit.products.describe("parts", "tile", manual=manual, actor="ann", **values)  # type: ignore[arg-type]
        unit.commit()
    return done


def revise(database: Database, manual: Record, revision: str | None = None) -> ProductVersion:
    """Revise its manual."""
    with database.write() as unit:
        done = unit.products.revise("parts", "tile", manual, revision=revision, actor="bob")
        unit.commit()
    return done


def decide(database: Database, case_id: str, amends: str | None = None) -> str:
    """Decide a case; the decision's id."""
    with database.write() as unit:
        done = unit.decisions.add(case_id, reviewer="ann", disposition="accept", amends=amends)
        unit.commit()
    return done.id


def seen(database: Database, case_id: str) -> tuple[list[str], ProductSpec | None]:
    """The names of the records of a case, and what is known of its product."""
    with database.read() as unit:
        case = unit.cases.get(case_id)
    return [x.name for x in case.records], case.spec


def test_a_product_comes_back_as_it_was_described(database: Database) -> None:
    first = describe(database, pitch_mm=0.1, zones=(RIM,), revision="A")
    second = revise(database, B, "B")
    with database.read() as unit:
        assert unit.products.get("parts", "tile") == second == unit.products.find("parts", "tile")
        assert unit.products.history("parts", "tile") == (first, second)
        assert unit.products.all() == unit.products.all("parts") == (second,)
        assert unit.products.all("others") == ()
        assert unit.products.manual(first) == A
        assert unit.products.find("parts", "bolt") is None
        assert unit.products.find("others", "tile") is None
    assert first.spec == ProductSpec(pitch_mm=0.1, zones=(RIM,), revision="A", manual=A.sha256)
    assert second.spec == replace(first.spec, revision="B", manual=B.sha256)
    assert (first.by, second.by, second.file, second.ordinal) == ("ann", "bob", "b.txt", 2)
    assert problems(database) == []


def test_an_unknown_product_names_the_known_ones(database: Database) -> None:
    describe(database)
    with database.write() as unit:
        for call in (
            lambda: unit.products.get("parts", "tiel"),
            lambda: unit.products.revise("parts", "tiel", B, actor="ann"),
            lambda: unit.products.change("parts", "tiel", pitch_mm=1, actor="ann"),
        ):
            with pytest.raises(NotFound, match="'tiel'; there is: tile"):
                call()
        with pytest.raises(NotFound, match="there is: none"):
            unit.products.get("others", "tile")
        with pytest.raises(Conflict, match="described already"):
            unit.products.describe("parts", "tile", actor="ann")


def test_what_cannot_be_is_not_stored(database: Database) -> None:
    describe(database)
    with database.write() as unit:
        with pytest.raises(UsageError, match="cannot be"):
            unit.products.change("parts", "tile", pitch_mm=-1, actor="ann")
        with pytest.raises(UsageError, match="outside"):
            unit.products.change("parts", "tile", zones=[replace(RIM, left=1)], actor="ann")
        with pytest.raises(UsageError, match="another manual already"):
            unit.products.revise("parts", "tile", B, revision="1", actor="ann")


def test_open_cases_follow_and_decided_ones_stay(database: Database) -> None:
    describe(database)
    decided = add_case(database, "a", records=(NOTE,))
    first = decide(database, decided)
    open_one = add_case(database, "b", records=(NOTE,))
    other = add_case(database, "c", product="bolt")
    described = describe_spec(A, "1")
    assert seen(database, decided) == (["note.txt", "a.txt"], described)
    assert seen(database, open_one) == (["note.txt", "a.txt"], described)
    revise(database, B)
    with database.write() as unit:
        unit.products.change("parts", "tile", pitch_mm=0.5, actor="ann")
        unit.commit()
    now = replace(describe_spec(B, "2"), pitch_mm=0.5)
    assert seen(database, open_one) == (["note.txt", "b.txt"], now)
    assert seen(database, decided) == (["note.txt", "a.txt"], described)
    assert seen(database, other) == ([], None)
    decide(database, decided, amends=first)
    assert seen(database, decided) == (["note.txt", "a.txt"], described)
    assert seen(database, add_case(database, "d")) == (["b.txt"], now)
    decide(database, open_one)
    assert seen(database, open_one) == (["note.txt", "b.txt"], now)


def describe_spec(manual: Record, revision: str) -> ProductSpec:
    """What is known of a product with nothing but a manual."""
    return ProductSpec(revision=revision, manual=manual.sha256)


def test_a_decided_case_that_gains_something_takes_the_standing_revision(
    database: Database,
) -> None:
    describe(database)
    case_id = add_case(database, "a")
    decide(database, case_id)
    for manual in (B, C):
        revise(database, manual)
    assert add_case(database, "a", records=(A, C)) == case_id  # by the product: no gain
    assert seen(database, case_id) == (["a.txt"], describe_spec(A, "1"))
    add_case(database, "a", attachments=(picture("a"), picture("sheet", Role.DOCUMENT)))
    assert seen(database, case_id) == (["c.txt"], describe_spec(C, "3"))
    assert problems(database) == []


def test_cases_that_were_there_first_get_the_manual(database: Database) -> None:
    with_it = add_case(database, "a", records=(A, NOTE))
    without = add_case(database, "b")
    decided = add_case(database, "c")
    decide(database, decided)
    describe(database)
    assert seen(database, with_it) == (["a.txt", "note.txt"], describe_spec(A, "1"))
    assert seen(database, without)[0] == ["a.txt"]
    assert seen(database, decided) == ([], None)
    revise(database, B)  # what they were given by hand was the product's manual
    assert seen(database, with_it)[0] == ["note.txt", "b.txt"]
    assert seen(database, without)[0] == ["b.txt"]


def test_the_same_ingest_again_brings_no_former_revision_back(database: Database) -> None:
    describe(database)
    case_id = add_case(database, "a", records=(A,))
    revise(database, B)
    with database.write() as unit:
        again = unit.cases.add(new_case("a", records=(A, B)), actor="tests")
        unit.commit()
    assert not again.changed
    assert seen(database, case_id)[0] == ["b.txt"]


def test_a_product_without_a_manual_leaves_records_alone(database: Database) -> None:
    describe(database, None, pitch_mm=0.1)
    case_id = add_case(database, "a", records=(A,))
    assert seen(database, case_id) == (["a.txt"], ProductSpec(pitch_mm=0.1))
    revise(database, B)
    assert seen(database, case_id)[0] == ["a.txt", "b.txt"]


def test_the_same_description_is_no_new_one(database: Database) -> None:
    first = describe(database, pitch_mm=0.1, zones=(RIM,))
    assert revise(database, A) == first
    assert revise(database, A, "of May") == first
    with database.write() as unit:
        same = unit.products.change("parts", "tile", pitch_mm=0.1, zones=(RIM,), actor="bob")
        assert same == first
        assert len(unit.audit.events(first.product)) == 1


def test_an_earlier_manual_may_come_back(database: Database) -> None:
    describe(database, revision="A")
    case_id = add_case(database, "a")
    revise(database, B, "B")
    assert revise(database, A).spec.revision == "A"
    assert seen(database, case_id) == (["a.txt"], describe_spec(A, "A"))


def test_zones_are_kept_or_forgotten(database: Database) -> None:
    describe(database, zones=(RIM,))
    with database.write() as unit:
        kept = unit.products.change("parts", "tile", pitch_mm=0.1, actor="ann")
        assert kept.spec.zones == (RIM,)
        none = unit.products.change("parts", "tile", zones=(), actor="ann")
        assert (none.spec.zones, none.spec.pitch_mm, none.spec.manual) == ((), 0.1, A.sha256)


def test_a_case_changes_with_its_product(database: Database) -> None:
    """So that what is made from the case as it was is not stored as if made from this one."""
    describe(database)
    case_id = add_case(database, "a")
    with database.read() as unit:
        before = unit.cases.get(case_id)
    revise(database, B)
    made = {"seen": before.version, "actor": "tests"}
    with database.write() as unit:
        with pytest.raises(Conflict, match="changed meanwhile"):
            unit.assessments.add(assessment(case_id), **made)  # type: ignore[arg-type]
        with pytest.raises(Conflict, match="changed meanwhile"):
            unit.assessments.wait(case_id, **made)  # type: ignore[arg-type]


def test_a_case_waits_for_a_new_look_and_its_first_look_stands(database: Database) -> None:
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    with database.write() as unit:
        assert unit.cases.assessed("parts", "tile", limit=9) == (case_id,)
        assert unit.assessments.wait(case_id, actor="ann")
        assert not unit.assessments.wait(case_id, actor="ann")
        assert unit.cases.get(case_id).status is CaseStatus.NEW
        assert unit.cases.pending("parts", "tile", "parts/tile/1", limit=9) == (case_id,)
        assert unit.cases.assessed(limit=9) == ()
        assert unit.cases.count_assessed() == 0
        assert unit.assessments.latest(case_id) is not None
        unit.commit()
    decide(database, case_id)
    with database.write() as unit:
        assert not unit.assessments.wait(case_id, actor="ann")
    assert problems(database) == []


def test_descriptions_are_append_only(database: Database) -> None:
    describe(database)
    for statement in ("UPDATE product_versions SET pitch_mm = 2", "DELETE FROM product_versions"):
        with (
            pytest.raises((StoreError, Conflict), match="append-only|contradicts"),
            database.engine.connect() as connection,
        ):
            connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases SET described = 1",
        "UPDATE cases SET described = 9",
        "UPDATE cases SET described = NULL",
        "UPDATE cases SET product = 'bolt'",
        "UPDATE cases SET product = NULL",
    ],
)
def test_another_description_of_a_decided_case_is_found(database: Database, statement: str) -> None:
    describe(database)
    with database.write() as unit:
        unit.products.describe("parts", "bolt", manual=C, actor="ann")
        unit.commit()
    described = revise(database, B)
    case_id = add_case(database, "a")
    first = decide(database, case_id)
    decide(database, case_id, amends=first)
    with database.read() as unit:
        bodies = [x.body for x in unit.audit.events(case_id) if x.action == "case.decided"]
    assert [(x["described"], x["description"]) for x in bodies] == [(2, described.id)] * 2
    assert problems(database) == []
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    ((chain, seq, what),) = problems(database)
    assert (chain, seq) == (case_id, 3)
    assert "decided under was changed" in what


def test_a_case_that_is_opened_again_stands_under_no_old_description(database: Database) -> None:
    describe(database)
    case_id = add_case(database, "a")
    decide(database, case_id)
    add_case(database, "a", records=(NOTE,))
    assert problems(database) == []
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET described = 1"))
    assert len(problems(database)) == 1


def test_a_pitch_can_be_forgotten(database: Database) -> None:
    described = describe(database, pitch_mm=0.1, zones=(RIM,))
    with database.write() as unit:
        now = unit.products.change("parts", "tile", no_pitch=True, actor="bob")
        unit.commit()
    assert now.spec == replace(described.spec, pitch_mm=None)
    assert problems(database) == []


OTHER = "UPDATE product_versions SET record_id = (SELECT id FROM records WHERE sha256 = '{}')"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE product_versions SET pitch_mm = 2 WHERE ordinal = 2", "was changed"),
        ("UPDATE product_versions SET zones = '[]'", "was changed"),
        ("UPDATE product_versions SET zones = '{}'", "cannot be read"),
        ("UPDATE product_versions SET revision = 'Z' WHERE ordinal = 1", "was changed"),
        ("UPDATE product_versions SET file = 'z.pdf'", "was changed"),
        ("UPDATE product_versions SET added_by = 'eve'", "was changed"),
        (OTHER.format(A.sha256) + " WHERE ordinal = 2", "was changed"),
        ("UPDATE product_versions SET record_id = NULL", "was changed"),
        ("UPDATE records SET sha256 = 'f' WHERE text = 'manual a'", "was changed"),
        ("DELETE FROM product_versions WHERE ordinal = 1", "was removed"),
        ("DELETE FROM product_versions WHERE ordinal = 2", "was removed"),
        ("UPDATE product_versions SET ordinal = 9 WHERE ordinal = 1", "another one stands"),
        ("UPDATE products SET name = 'bolt'", "was changed"),
        ("DELETE FROM audit_events WHERE chain LIKE 'product:%' AND seq = 2", "missing at the end"),
        ("DELETE FROM audit_events WHERE chain LIKE 'product:%'", "all events"),
    ],
)
def test_tampering_with_a_product_is_found(database: Database, statement: str, what: str) -> None:
    product = describe(database, pitch_mm=0.1, zones=(RIM,)).product
    revise(database, B)
    assert problems(database) == []
    with behind_the_triggers(database) as connection:
        connection.execute(text(statement))
    found = problems(database)
    assert any(chain == product and what in said for chain, _, said in found), found


def test_a_product_that_is_removed_whole_is_found(database: Database) -> None:
    product = describe(database).product
    with behind_the_triggers(database) as connection:
        for table, column in (
            ("product_versions", "product_id"),
            ("products", "id"),
            ("audit_events", "chain"),
            ("audit_heads", "chain"),
        ):
            gone = text(f"DELETE FROM {table} WHERE {column} = :product")  # noqa: S608
            connection.execute(gone, {"product": product})
    ((chain, seq, what),) = problems(database)
    assert (chain, seq) == ("workspace", 2)
    assert "is gone: it was removed" in what


def test_a_description_without_an_event_is_found(database: Database) -> None:
    describe(database)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO product_versions (id, product_id, ordinal, zones, added_at, added_by) "
                "SELECT 'forged', product_id, 2, zones, added_at, 'eve' FROM product_versions"
            )
        )
    ((_, _, what),) = problems(database)
    assert what == "description forged has no event"


def test_products_are_no_cases_to_the_count(database: Database) -> None:
    describe(database)
    add_case(database, "a")
    revise(database, B)
    assert problems(database) == []
    with behind_the_triggers(database) as connection:
        connection.execute(text("UPDATE audit_heads SET seq = 3 WHERE chain = 'cases'"))
    assert any("count" in what for _, _, what in problems(database))


def test_those_who_change_a_product_at_once_take_turns(database: Database) -> None:
    describe(database)
    database.dispose()
    found = together(describe_often, database.url, 3)
    assert sorted(x for ordinals in found for x in ordinals) == list(range(2, 17))
    assert problems(database) == []
    assert all(
        seen(database, add_case(database, f"{i} {step}"))[0] == ["a.txt"]
        for i in range(3)
        for step in range(5)
    )


def test_a_copy_has_the_products_too(database: Database, postgres_url: str) -> None:
    described = describe(database, pitch_mm=0.1, zones=(RIM,))
    database.copy_to(postgres_url)
    copy = Database.connect(postgres_url, audit_key=AUDIT_KEY)
    with copy.read() as unit:
        assert unit.products.get("parts", "tile") == described
    assert problems(copy) == []
    copy.dispose()
