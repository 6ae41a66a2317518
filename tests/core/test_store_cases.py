"""Cases are stored once, gain what they lack, and come back as they were."""

from dataclasses import replace
from itertools import pairwise

import pytest

from secondlook.cases import GROUP, CaseStatus, Record, Role
from secondlook.errors import BadValue, Conflict, NotFound
from secondlook.store.database import Database
from secondlook.store.worklist import WorklistFilter
from store_values import add_assessment, add_case, digest, new_case, picture, record


def test_a_case_comes_back_as_it_was(database: Database) -> None:
    new = new_case("ä 漢字 🙂", records=(record(["Zeile ä", "行 🙂"]),), facts={"shift": 2})
    case_id = add_case(database, "ä 漢字 🙂", records=new.records, facts=new.facts)
    with database.read() as unit:
        case = unit.cases.get(case_id)
    assert (case.title, case.attachments, case.records) == (
        new.title,
        new.attachments,
        new.records,
    )
    assert (case.facts, case.status, case.version) == ({"shift": 2}, CaseStatus.NEW, 1)
    assert case.opened_at.utcoffset() is not None


def test_the_same_case_again_changes_nothing(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        again = unit.cases.add(new_case("a", title="Another title"), actor="tests")
        assert (again.id, again.created, again.changed) == (case_id, False, False)
        assert unit.cases.exists(new_case("a")) == case_id
        assert unit.cases.exists(new_case("b")) is None
        assert len(unit.audit.events(case_id)) == 1


def test_an_existing_case_learns_what_it_belongs_with_and_stays_assessed(
    database: Database,
) -> None:
    case_id = add_case(database, "a", facts={"shift": 2})
    add_assessment(database, case_id)
    for group in ("lot 1", "lot 2"):  # the first one stands
        with database.write() as unit:
            grouped = new_case("a", facts={GROUP: group})
            assert not unit.cases.add(grouped, actor="tests").changed
            unit.commit()
    with database.read() as unit:
        case = unit.cases.get(case_id)
        actions = [x.action for x in unit.audit.events(case_id)]
    assert case.facts == {"shift": 2, GROUP: "lot 1"}
    assert case.status is CaseStatus.ASSESSED
    assert actions.count("case.grouped") == 1


def test_an_existing_case_gains_what_it_lacks_and_is_new_again(database: Database) -> None:
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    sheet = picture("sheet", Role.DOCUMENT)
    more = new_case("a", attachments=(picture("a"), sheet, sheet), records=(record(["x"]),))
    with database.write() as unit:
        added = unit.cases.add(more, actor="tests")
        case = unit.cases.get(case_id)
    assert (added.id, added.created, added.changed) == (case_id, False, True)
    assert [a.sha256 for a in case.attachments] == [digest("a"), digest("sheet")]
    assert (case.status, case.version, len(case.records)) == (CaseStatus.NEW, 3, 1)


@pytest.mark.parametrize(
    "more",
    [{"records": (record(["x"]),)}, {"attachments": (picture("a"), picture("b", Role.OTHER))}],
)
def test_a_decided_case_that_gains_something_awaits_a_decision_again(
    database: Database, more: dict[str, object]
) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        first = unit.decisions.add(case_id, reviewer="ann", disposition="accept")
        assert not unit.cases.add(new_case("a"), actor="tests").changed
        assert unit.cases.get(case_id).status is CaseStatus.DECIDED
        assert unit.cases.add(new_case("a", **more), actor="tests").changed
        (row,) = unit.worklist.page(WorklistFilter()).rows
        assert (row.id, row.status, row.decided) == (case_id, CaseStatus.NEW, None)
        assert unit.cases.pending("parts", "tile", None, limit=9) == (case_id,)
        assert unit.decisions.of(case_id) == (first,)
        assert unit.audit.events(case_id)[-1].action == "case.reopened"
        with pytest.raises(Conflict):
            unit.decisions.add(case_id, reviewer="bob", disposition="scrap")
        unit.decisions.add(case_id, reviewer="bob", disposition="scrap", amends=first.id)
        assert unit.worklist.page(WorklistFilter()).rows == ()
        assert unit.audit.verify().problems == ()
        unit.commit()


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "scans"},
        {"product": None},
        {"name": "7"},
        {"attachments": (picture("a"), picture("b"))},
    ],
)
def test_another_domain_product_name_or_picture_is_another_case(
    sqlite_database: Database, changes: dict[str, object]
) -> None:
    assert add_case(sqlite_database, "a", **changes) != add_case(sqlite_database, "a")


def test_files_under_the_same_key_join_one_case(database: Database) -> None:
    first = replace(new_case("a"), key="study:1")
    more = replace(new_case("b", title="Later"), key="study:1")
    other = replace(new_case("b"), key="study:2")
    with database.write() as unit:
        one, two, three = (unit.cases.add(x, actor="tests") for x in (first, more, other))
        unit.commit()
    assert (two.id, two.created, two.changed) == (one.id, False, True)
    assert three.id != one.id
    with database.read() as unit:
        assert len(unit.cases.get(one.id).attachments) == 2


def test_the_order_of_pictures_does_not_matter(sqlite_database: Database) -> None:
    both = (picture("a"), picture("b"))
    first = add_case(sqlite_database, "a", attachments=both)
    assert add_case(sqlite_database, "a", attachments=both[::-1]) == first


def test_cases_of_text_alone_are_told_apart_by_their_text(sqlite_database: Database) -> None:
    ids = {
        add_case(sqlite_database, "n", attachments=(), records=(record([word], "note"),))
        for word in ("one", "two", "one")
    }
    sheets = {
        add_case(sqlite_database, "n", attachments=(picture(word, Role.DOCUMENT),))
        for word in ("one", "two")
    }
    assert (len(ids), len(sheets)) == (2, 2)


def test_a_manual_is_stored_once_for_many_cases(database: Database) -> None:
    manual = record(["Surfaces are free of cracks.", "Edges are straight."])
    ids = [add_case(database, word, records=(manual,)) for word in "abc"]
    with database.read() as unit:
        assert all(unit.cases.get(case_id).records == (manual,) for case_id in ids)
        assert unit.records.get(manual.sha256, "manual").passages == manual.passages
        with database.engine.connect() as connection:
            counted = connection.exec_driver_sql("SELECT count(*) FROM records").scalar()
    assert counted == 1


def test_ten_thousand_passages_come_back_in_order(database: Database) -> None:
    long = record([f"Zeile {i} ☂" for i in range(10_000)])
    case_id = add_case(database, "a", records=(long,))
    with database.read() as unit:
        assert unit.cases.get(case_id).records == (long,)


def test_a_passage_that_is_not_in_its_record_is_refused(sqlite_database: Database) -> None:
    good = record(["one", "two"])
    moved = Record(
        sha256=good.sha256,
        name="m",
        media_type="text/plain",
        kind="manual",
        text="x" + good.text,
        passages=good.passages,
    )
    with pytest.raises(BadValue, match="passage 0 of a manual"):
        add_case(sqlite_database, "a", records=(moved,))


@pytest.mark.parametrize("bad", ["\x00", "\ud800"])
def test_text_that_no_database_holds_is_refused_without_quoting_it(
    database: Database, bad: str
) -> None:
    with pytest.raises(BadValue) as refused:
        add_case(database, "a", title=f"Mr Secret {bad}")
    assert "Secret" not in str(refused.value)
    with database.read() as unit:
        assert unit.cases.groups() == ()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_facts_that_are_no_numbers_are_refused(database: Database, bad: float) -> None:
    with pytest.raises(BadValue, match="'width' of a case"):
        add_case(database, "a", facts={"width": bad})


def test_a_prefix_resolves_when_it_is_unique(database: Database) -> None:
    ids = sorted(add_case(database, str(i)) for i in range(40))
    with database.read() as unit:
        assert unit.cases.resolve(ids[0][:20].upper()) == ids[0]
        shared = next(a[0] for a, b in pairwise(ids) if a[0] == b[0])
        with pytest.raises(NotFound, match="Several case ids begin"):
            unit.cases.resolve(shared)
        for unknown in ("zz", ""):
            with pytest.raises(NotFound, match="No case id begins|Several"):
                unit.cases.resolve(unknown)
        with pytest.raises(NotFound, match="There is no case"):
            unit.cases.get("0" * 64)


def test_groups_count_undecided_cases(database: Database) -> None:
    decided = add_case(database, "a")
    for word, product in (("b", "tile"), ("c", "tile"), ("d", None)):
        add_case(database, word, product=product)
    with database.write() as unit:
        unit.decisions.add(decided, reviewer="ann", disposition="accept")
        assert unit.cases.groups("parts") == (("parts", None, 1), ("parts", "tile", 2))
        assert unit.cases.groups("scans") == ()


def test_pending_gives_each_case_that_the_adapter_has_yet_to_assess(database: Database) -> None:
    new, old, failed, done, decided = (add_case(database, word) for word in "abcde")
    other = add_case(database, "f", product=None)
    add_assessment(database, old, adapter="parts/tile/1")
    add_assessment(database, done, adapter="parts/tile/2")
    with database.write() as unit:
        unit.assessments.fail(failed, "The backbone is missing.", actor="tests")
        unit.decisions.add(decided, reviewer="ann", disposition="accept")
        unit.commit()
    with database.read() as unit:
        pending = unit.cases.pending("parts", "tile", "parts/tile/2", limit=10)
        assert pending == tuple(sorted((new, old, failed)))
        assert unit.cases.count_pending("parts", "tile", "parts/tile/2") == len(pending)
        after = unit.cases.pending("parts", "tile", "parts/tile/2", limit=1, after=pending[0])
        assert after == pending[1:2]
        assert unit.cases.pending("parts", None, None, limit=10) == (other,)
        assert unit.cases.pending("parts", "tile", None, limit=10) == tuple(
            sorted((new, old, failed, done))
        )
