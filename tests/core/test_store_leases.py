"""A case is held by one reviewer at a time, and a late one changes nothing."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from secondlook.errors import LeaseLost, NotFound, StoreError
from secondlook.store import clock
from secondlook.store.database import Database
from secondlook.store.worklist import WorklistFilter
from store_processes import claim_all, together
from store_values import NOON, add_assessment, add_case, assessment, new_case

PROCESSES = 4


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.time = NOON

    def turn(self, minutes: int) -> None:
        """Go on by some minutes."""
        self.time += timedelta(minutes=minutes)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    """The store's clock, standing at noon."""
    hands = Hands()
    monkeypatch.setattr(clock, "now", lambda: hands.time)
    yield hands


def test_claims_follow_the_worklist(database: Database) -> None:
    low, high, urgent = (add_case(database, word) for word in "abc")
    for case_id, score, priority in ((low, 0.1, 0), (high, 0.9, 0), (urgent, 0.0, 2)):
        add_assessment(database, case_id, score=score, priority=priority)
    with database.write() as unit:
        claims = [unit.leases.claim_next(name, minutes=5) for name in "xyzw"]
    assert [lease and lease.case_id for lease in claims] == [urgent, high, low, None]


def test_claims_can_be_narrowed(database: Database) -> None:
    tile = add_case(database, "a")
    bolt = add_case(database, "b", product="bolt")
    scan = add_case(database, "c", domain="scans")
    with database.write() as unit:
        for wanted, found in (
            ({"domain": "scans"}, scan),
            ({"domain": "parts", "product": "bolt"}, bolt),
            ({"product": "tile", "domain": "parts"}, tile),
        ):
            lease = unit.leases.claim_next("ann", minutes=5, **wanted)
            assert lease is not None
            assert lease.case_id == found
        assert unit.leases.claim_next("ann", minutes=5, domain="none") is None


def test_a_reviewer_who_asks_again_keeps_the_case(database: Database, hands: Hands) -> None:
    add_case(database, "a")
    with database.write() as unit:
        first = unit.leases.claim_next("ann", minutes=5)
        hands.turn(2)
        again = unit.leases.claim_next("ann", minutes=5)
        assert first is not None
        assert again is not None
        assert (again.case_id, again.fence) == (first.case_id, first.fence)
        assert again.until - first.until == timedelta(minutes=2)


def test_an_expired_lease_goes_to_the_next_and_the_late_reviewer_is_refused(
    database: Database, hands: Hands
) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        late = unit.leases.claim(case_id, "ann", minutes=5)
        hands.turn(5)
        present = unit.leases.claim_next("bob", minutes=5)
        assert present is not None
        assert (present.case_id, present.fence) == (case_id, late.fence + 1)
        with pytest.raises(LeaseLost, match="bob holds it until 12:10:00"):
            unit.decisions.add(case_id, reviewer="ann", disposition="accept", lease=late)
        with pytest.raises(LeaseLost):
            unit.leases.renew(late, minutes=5)
        unit.leases.release(late)
        assert unit.leases.renew(present, minutes=9).fence == present.fence


def test_an_old_lease_of_the_same_reviewer_is_refused(database: Database, hands: Hands) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        old = unit.leases.claim(case_id, "ann", minutes=5)
        hands.turn(6)
        with pytest.raises(LeaseLost, match="it is over"):
            unit.decisions.add(case_id, reviewer="ann", disposition="accept", lease=old)
        new = unit.leases.claim(case_id, "ann", minutes=5)
        assert new.fence == old.fence + 1
        with pytest.raises(LeaseLost, match="it is over"):
            unit.decisions.add(case_id, reviewer="ann", disposition="accept", lease=old)
        unit.decisions.add(case_id, reviewer="ann", disposition="accept", lease=new)


def test_the_fence_survives_a_release(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        fences = []
        for reviewer in ("ann", "bob", "ann"):
            lease = unit.leases.claim(case_id, reviewer, minutes=5)
            unit.leases.release(lease)
            fences.append(lease.fence)
    assert fences == [1, 2, 3]


@pytest.mark.parametrize("wrong", ["true", "false"])
def test_a_hint_that_is_wrong_neither_hides_a_case_nor_gives_it_twice(
    database: Database, wrong: str
) -> None:
    held, free = add_case(database, "a"), add_case(database, "b")
    with database.write() as unit:
        unit.leases.claim(held, "ann", minutes=5)
        unit.commit()
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE cases SET is_held = {wrong}"))  # noqa: S608
    with database.write() as unit:
        lease = unit.leases.claim_next("bob", minutes=5)
        assert lease is not None
        assert lease.case_id == free
        assert unit.leases.claim_next("cat", minutes=5) is None


def test_the_best_of_free_and_own_cases_is_claimed(database: Database) -> None:
    low, high = add_case(database, "a"), add_case(database, "b")
    add_assessment(database, low, score=0.1)
    with database.write() as unit:
        unit.leases.claim(high, "ann", minutes=5)
        own = unit.leases.claim(low, "bob", minutes=5)
        assert unit.leases.claim_next("bob", minutes=5, domain="parts") is not None
        unit.leases.release(own)
        assert unit.worklist.counts().held == 1
    with database.write() as unit:
        unit.leases.claim(low, "ann", minutes=5)
        first = unit.leases.claim_next("ann", minutes=5)
        assert first is not None
        assert first.case_id == low
        add = unit.cases.add(new_case("c"), actor="tests")
        unit.assessments.add(assessment(add.id, priority=2), actor="tests")
        second = unit.leases.claim_next("ann", minutes=5)
        assert second is not None
        assert second.case_id == add.id


def test_an_expired_lease_leaves_the_held_cases(database: Database, hands: Hands) -> None:
    first, second = add_case(database, "a"), add_case(database, "b")
    with database.write() as unit:
        for case_id in (first, second):
            unit.leases.claim(case_id, "ann", minutes=5)
        hands.turn(6)
        assert unit.leases.claim_next("bob", minutes=5) is not None
        held = unit.cases._session.execute(text("SELECT count(*) FROM cases WHERE is_held"))
        assert held.scalar_one() == 1


def test_who_holds_a_case_is_named(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        lease = unit.leases.claim(case_id, "ann", minutes=5)
        with pytest.raises(LeaseLost, match=r"ann holds it until \d\d:\d\d:\d\d UTC"):
            unit.leases.claim(case_id, "bob", minutes=5)
        unit.commit()
    with database.read() as unit:
        row = unit.worklist.page(WorklistFilter()).rows[0]
        assert (row.held_by, row.held_until) == ("ann", lease.until)
        assert unit.worklist.counts("parts").held == 1


def test_a_lease_needs_a_case_a_name_and_time(sqlite_database: Database) -> None:
    case_id = add_case(sqlite_database, "a")
    with sqlite_database.write() as unit:
        with pytest.raises(NotFound):
            unit.leases.claim("0" * 64, "ann", minutes=5)
        with pytest.raises(StoreError, match="0 minutes"):
            unit.leases.claim(case_id, "ann", minutes=0)
        with pytest.raises(StoreError, match="without a reviewer"):
            unit.leases.claim_next(" ", minutes=5)


def test_four_processes_never_claim_the_same_case(database: Database) -> None:
    ids = {add_case(database, str(i)) for i in range(24)}
    database.dispose()
    parts = together(claim_all, database.url, PROCESSES)
    claimed = [case_id for part in parts for case_id in part]
    assert (len(claimed), set(claimed)) == (24, ids)
