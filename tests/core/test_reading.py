"""One read or two, in agreement or by a lead; escalated, handed over, taken back."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from secondlook.cases import CaseStatus
from secondlook.codec import to_plain
from secondlook.decisions import Act, Area, Decision, FindingAct, How
from secondlook.errors import AuditBroken, Conflict, LeaseLost, NotFound, OthersTurn, StoreError
from secondlook.queues import Band, Queue
from secondlook.reviewing import LAST, Deed, Stage
from secondlook.second_reads import SecondRead, SecondReads
from secondlook.store import clock
from secondlook.store.database import Database
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist import WorklistFilter
from store_values import (
    NOON,
    add_assessment,
    add_case,
    assessment,
    behind_the_triggers,
    digest,
    new_case,
    record,
)

TWICE = {"parts": SecondRead(share=1.0)}
MARK = "words of the first reader"
WHOLE = (
    FindingAct(label="crack", act=Act.REJECT, comment="a reflection"),
    FindingAct(
        label="dent",
        act=Act.EDIT,
        becomes="scratch",
        severity="minor",
        site="rim ☂",
        area=Area(attachment=digest("a"), left=1, top=2, width=3, height=4, frame=5),
    ),
    FindingAct(label="stain", act=Act.ADD, severity="major"),
    FindingAct(label="stain", act=Act.ADD, site="another one"),
)


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


@pytest.fixture
def twice(database: Database) -> Database:
    """A database in which every case is read by two."""
    database.second_reads.policies = TWICE
    return database


def decide(unit: UnitOfWork, case_id: str, by: str, outcome: str, **more: Any) -> Decision:
    """Decide, amending what there is."""
    closing = unit.decisions.of(case_id)
    amends = closing[-1].id if closing else None
    return unit.decisions.add(case_id, reviewer=by, disposition=outcome, amends=amends, **more)


def differing(database: Database) -> str:
    """A case whose two reads differ."""
    case_id = add_case(database, "a")
    with database.write() as unit:
        decide(unit, case_id, "ann", "scrap", reason=MARK)
        decide(unit, case_id, "bob", "accept")
        unit.commit()
    return case_id


def stage(unit: UnitOfWork, case_id: str) -> Stage | None:
    """What a case waits for, as nobody in particular is told; by the row itself."""
    where = {"case": case_id}
    query = text("SELECT stage, is_open FROM cases WHERE id = :case")
    row = unit.cases._session.execute(query, where).one()
    return Stage(row.stage) if row.is_open else None


def test_what_is_said_of_findings_comes_back_as_it_was(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        taken = decide(
            unit, case_id, "ann", "rework", acts=WHOLE, severity="major", reason_codes=("x", "y")
        )
        unit.commit()
    with database.read() as unit:
        assert unit.decisions.of(case_id) == (taken,)
        assert unit.audit.verify().problems == ()
    assert taken.held == {"scratch", "stain"}
    assert taken.how is How.ALONE


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE finding_acts SET becomes = 'pore' WHERE becomes = 'scratch'",
        "UPDATE finding_acts SET site = 'x' WHERE ordinal = 3",
        "UPDATE finding_acts SET comment = NULL WHERE ordinal = 0",
        "UPDATE finding_acts SET area = NULL WHERE ordinal = 1",
        "UPDATE decisions SET severity = 'minor'",
        "UPDATE decisions SET reason_codes = NULL",
        "UPDATE decisions SET how = 'adjudicated'",
        "UPDATE case_acts SET reason = 'x'",
        "DELETE FROM case_acts",
    ],
)
def test_a_changed_word_is_found(sqlite_database: Database, change: str) -> None:
    case_id = add_case(sqlite_database, "a")
    with sqlite_database.write() as unit:
        unit.leases.claim(case_id, "ann", minutes=5)
        unit.case_acts.put_back(case_id, reviewer="ann", reason="lunch")
        decide(unit, case_id, "ann", "rework", acts=WHOLE, severity="major", reason_codes=("x",))
        unit.commit()
    with behind_the_triggers(sqlite_database) as connection:
        assert connection.execute(text(change)).rowcount == 1
    with sqlite_database.read() as unit:
        (problem,) = unit.audit.verify().problems
    assert problem.chain == case_id


def test_a_broken_trail_takes_no_act_and_hides_none(sqlite_database: Database) -> None:
    """What is told apart of such a case, its priority, leaves its other acts compared as before."""
    database, case_id = sqlite_database, add_case(sqlite_database, "a")
    database.queues = {"parts": Queue(bands=(Band(code="soon", title="Soon", priority=2),))}
    with database.write() as unit:
        unit.leases.claim(case_id, "ann", minutes=5)
        unit.case_acts.put_back(case_id, reviewer="ann", reason="lunch")
        taken = decide(unit, case_id, "ann", "rework", acts=WHOLE)
        unit.case_acts.undo(taken.id, reviewer="ann", minutes=5)
        unit.commit()
    with behind_the_triggers(database) as connection:
        connection.execute(
            text("UPDATE audit_heads SET signature = 'x' WHERE chain <> 'workspace'")
        )
    with pytest.raises(AuditBroken), database.write() as unit:
        unit.case_acts.escalate(case_id, reviewer="ann", reason="unsure")
    with database.write() as unit:
        unit.priorities.set(case_id, "soon", reviewer="ann", reason="by phone")
        unit.commit()
    found = problems(database)
    assert all("signature" in x or "signed" in x for x in found)
    for change in (
        "UPDATE case_acts SET reason = 'x' WHERE ordinal = 1",
        "UPDATE finding_acts SET comment = 'x' WHERE ordinal = 0",
        "UPDATE priority_acts SET reason = 'x'",
    ):
        with database.engine.begin() as connection:  # the triggers are gone since
            assert connection.execute(text(change)).rowcount == 1
        now = problems(database)
        assert set(found) < set(now) and len(now) == len(found) + 1
        found = now


def problems(database: Database) -> list[str]:
    """What verification finds."""
    with database.read() as unit:
        return sorted(x.what for x in unit.audit.verify().problems)


@pytest.mark.parametrize("verb", ["UPDATE case_acts SET reason = 'x'", "DELETE FROM case_acts"])
def test_the_database_refuses_to_change_what_was_done(database: Database, verb: str) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        unit.case_acts.escalate(case_id, reviewer="ann", reason="unsure")
        unit.commit()
    refused = pytest.raises((StoreError, Conflict), match=r"append-only|contradicts")
    with database.engine.connect() as connection, refused:
        connection.execute(text(verb))


def test_two_readers_who_agree_decide_a_case(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        first = decide(unit, case_id, "ann", "scrap")
        assert (first.how, stage(unit, case_id)) == (How.FIRST, Stage.SECOND)
        assert unit.decisions.of(case_id) == ()
        assert unit.cases.get(case_id).status is CaseStatus.NEW
        second = decide(unit, case_id, "bob", "scrap")
        assert (second.how, second.second_to) == (How.AGREED, first.id)
        assert unit.decisions.of(case_id) == (second,)
        assert unit.cases.get(case_id).status is CaseStatus.DECIDED
        assert unit.audit.verify().problems == ()


@pytest.mark.parametrize(
    "other",
    [
        {"disposition": "accept"},
        {"severity": "minor"},
        {"acts": (FindingAct(label="crack", act=Act.ADD),)},
    ],
)
def test_readers_who_differ_leave_it_to_a_lead_who_sees_both(
    twice: Database, other: dict[str, Any]
) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        decide(unit, case_id, "ann", "scrap")
        unit.decisions.add(case_id, **({"reviewer": "bob", "disposition": "scrap"} | other))
        assert stage(unit, case_id) is Stage.ADJUDICATION
        assert unit.decisions.of(case_id) == ()
        with pytest.raises(OthersTurn, match="waits for a lead"):
            decide(unit, case_id, "cat", "scrap")
        view = unit.views.of(case_id, "lea", lead=True)
        assert [x.reviewer for x in view.reads] == ["ann", "bob"]
        final = decide(unit, case_id, "lea", "hold", lead=True)
        assert final.how is How.ADJUDICATED
        assert unit.decisions.of(case_id) == (final,)
        with pytest.raises(OthersTurn):
            decide(unit, case_id, "ann", "scrap")
        assert decide(unit, case_id, "lea", "scrap", lead=True).amends == final.id


def test_nobody_reads_a_case_twice(twice: Database) -> None:
    case_id, other = add_case(twice, "a"), add_case(twice, "b")
    with twice.write() as unit:
        decide(unit, case_id, "ann", "scrap")
        with pytest.raises(OthersTurn, match="ann has read it"):
            decide(unit, case_id, "ann", "scrap")
        with pytest.raises(OthersTurn):
            unit.leases.claim(case_id, "ann", minutes=5)
        offered = [unit.leases.claim_next("ann", minutes=5) for _ in range(2)]
        assert {x and x.case_id for x in offered} == {other}
        lease = unit.leases.claim_next("bob", minutes=5)
        assert lease is not None
        assert lease.case_id == case_id


def test_nobody_settles_their_own_dispute(twice: Database) -> None:
    case_id = differing(twice)
    with twice.write() as unit:
        for by in ("ann", "bob"):
            assert unit.leases.claim_next(by, minutes=5, lead=True) is None
            with pytest.raises(OthersTurn, match="another lead"):
                unit.leases.claim(case_id, by, minutes=5, lead=True)
            with pytest.raises(OthersTurn, match="another lead"):
                decide(unit, case_id, by, "accept", lead=True)
        final = decide(unit, case_id, "lea", "hold", lead=True)
        with pytest.raises(OthersTurn, match="another lead"):
            decide(unit, case_id, "bob", "accept", lead=True)
        amended = decide(unit, case_id, "lea", "accept", lead=True)
        assert amended.amends == final.id
        unit.commit()
    with twice.write() as unit, pytest.raises(OthersTurn, match="another lead"):
        unit.case_acts.undo(amended.id, reviewer="ann", minutes=5, others=True)
    with twice.write() as unit:
        unit.case_acts.undo(amended.id, reviewer="lea", minutes=5)
        assert stage(unit, case_id) is Stage.ADJUDICATION
        unit.leases.free(case_id)
        assert unit.leases.claim_next("bob", minutes=5, lead=True) is None
        assert unit.leases.claim_next("max", minutes=5, lead=True) is not None


def test_whoever_escalates_leaves_it_to_others(twice: Database) -> None:
    """Else a lead would pass by the second reader by asking themselves."""
    case_id, other = add_case(twice, "a"), add_case(twice, "b")
    with twice.write() as unit:
        unit.case_acts.escalate(case_id, reviewer="lea", reason="unsure")
        with pytest.raises(OthersTurn, match="another lead"):
            decide(unit, case_id, "lea", "accept", lead=True)
        unit.case_acts.put_back(case_id, reviewer="max", lead=True)
        assert decide(unit, case_id, "lea", "accept").how is How.FIRST
        decide(unit, other, "lea", "accept")
        unit.case_acts.escalate(other, reviewer="ann", reason="unsure")
        with pytest.raises(OthersTurn, match="another lead"):
            decide(unit, other, "lea", "accept", lead=True)
        assert decide(unit, other, "max", "accept", lead=True).how is How.ADJUDICATED


def test_no_lead_is_needed_for_an_ordinary_case(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit, pytest.raises(Conflict, match="waits for no lead"):
        decide(unit, case_id, "lea", "scrap", lead=True)


def test_the_draw_is_even_and_cannot_be_guessed() -> None:
    ids = [digest(str(i)) for i in range(2000)]
    said = {
        x: Decision(id="d", case_id=x, reviewer="a", disposition="b", decided_at=NOON) for x in ids
    }

    def drawn(key: bytes) -> set[str]:
        reads = SecondReads(key, {"parts": SecondRead(share=0.25)})
        return {x for x in ids if reads.wanted("parts", said[x], None)}

    one, other = drawn(b"k" * 32), drawn(b"l" * 32)
    assert drawn(b"k" * 32) == one
    assert 420 < len(one) < 580  # within 4 standard deviations of 500
    assert 60 < len(one & other) < 190


def test_a_policy_asks_by_disposition_or_discrepancy(database: Database) -> None:
    plain, risky, against = (add_case(database, x) for x in "abc")
    policy = SecondRead(dispositions=("scrap",), discrepancy=True)
    database.second_reads.policies = {"parts": policy}
    add_assessment(database, against)
    with database.write() as unit:
        assert decide(unit, plain, "ann", "accept").how is How.ALONE
        assert decide(unit, risky, "ann", "scrap").how is How.FIRST
        look = assessment(against).id
        agreeing = {"assessment_id": look, "acts": (FindingAct(label="crack", act=Act.AGREE),)}
        assert decide(unit, against, "ann", "accept", assessment_id=look).how is How.FIRST
        same = add_case_in(unit, "d")
        unit.assessments.add(assessment(same), actor="tests")
        agreeing["assessment_id"] = assessment(same).id
        assert decide(unit, same, "ann", "hold", **agreeing).how is How.ALONE


def add_case_in(unit: UnitOfWork, word: str) -> str:
    """A case in this very transaction."""
    return unit.cases.add(new_case(word), actor="tests").id


def test_taking_a_read_back_does_not_choose_who_reads(database: Database) -> None:
    database.second_reads.policies = {"parts": SecondRead(dispositions=("scrap",))}
    case_id = add_case(database, "a")
    with database.write() as unit:
        first = decide(unit, case_id, "ann", "scrap")
        unit.case_acts.undo(first.id, reviewer="ann", minutes=5)
        assert decide(unit, case_id, "ann", "accept").how is How.FIRST  # asked for once already


def test_a_second_reader_cannot_try_until_it_agrees(twice: Database) -> None:
    case_id = differing(twice)
    with twice.write() as unit:
        second = unit.decisions.past(case_id).rows[-1]
        unit.case_acts.undo(second.id, reviewer="bob", minutes=5)
        assert stage(unit, case_id) is Stage.SECOND
        assert decide(unit, case_id, "bob", "scrap").how is How.SECOND
        assert stage(unit, case_id) is Stage.ADJUDICATION


def test_an_amendment_of_two_readers_takes_two(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        for by in ("ann", "bob"):
            decide(unit, case_id, by, "scrap")
        twice.second_reads.policies = {}
        assert decide(unit, case_id, "ann", "accept").how is How.FIRST
        assert unit.cases.get(case_id).status is not CaseStatus.DECIDED
        assert decide(unit, case_id, "cat", "accept").how is How.AGREED
        assert unit.audit.verify().problems == ()


def test_new_files_make_an_open_read_void(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        first = decide(unit, case_id, "ann", "scrap")
        unit.cases.add(new_case("a", records=(record(["more"]),)), actor="tests")
        assert stage(unit, case_id) is Stage.FIRST
        with pytest.raises(Conflict, match="went on since"):
            unit.case_acts.undo(first.id, reviewer="ann", minutes=5)
        assert decide(unit, case_id, "ann", "accept").how is How.FIRST


def test_a_second_read_is_blind(twice: Database) -> None:
    """Nothing that the first reader did or said is in anything that the second one is shown."""
    case_id = add_case(twice, "a")
    twice.queues = {"parts": Queue(bands=(Band(code="soon", title="Soon", priority=2),))}
    secrets = (MARK, "UNSURE", "MOVED", "scrapped", "drawn by hand", "REASONCODE", "FIRSTDRAFT")
    with twice.write() as unit:
        unit.drafts.save(case_id, "ann", {"reason": "FIRSTDRAFT"})
        unit.priorities.set(case_id, "soon", reviewer="ann", reason="MOVED")
        unit.leases.claim(case_id, "ann", minutes=5)
        unit.case_acts.put_back(case_id, reviewer="ann", reason="UNSURE")
        acts = (FindingAct(label="scrapped", act=Act.ADD, comment="drawn by hand"),)
        early = decide(unit, case_id, "ann", "early")
        unit.case_acts.undo(early.id, reviewer="ann", minutes=5)
        first = decide(
            unit, case_id, "ann", "scrap", acts=acts, reason=MARK, reason_codes=("REASONCODE",)
        )
        unit.commit()
    with twice.read() as unit:
        digests = [x.body.get("digest") for x in unit.audit.events(case_id) if x.actor == "ann"]
        shown = _everything_shown(unit, case_id, "bob")
        own = str(unit.views.of(case_id, "ann").reads)
    for secret in (*secrets, first.id, early.id, "ann", "early", "scrap", *filter(None, digests)):
        assert secret not in shown, secret
    assert MARK in own


def _everything_shown(unit: UnitOfWork, case_id: str, by: str) -> str:
    """All that a reviewer's pages are made of."""
    view = unit.views.of(case_id, by)
    page = unit.worklist.page(WorklistFilter(statuses=frozenset(CaseStatus)))
    parts: list[Any] = [
        to_plain(view),
        [asdict(x) for x in page.rows],
        unit.drafts.load(case_id, by),
        [to_plain(x) for x in unit.views.recent(by)],
        to_plain(unit.cases.get(case_id)),
        [to_plain(x) for x in unit.decisions.of(case_id)],
    ]
    assert view.blind
    return json.dumps(parts, default=str)


def test_both_are_shown_once_it_is_decided(twice: Database) -> None:
    case_id = differing(twice)
    with twice.write() as unit:
        assert unit.views.of(case_id, "bob").blind
        assert MARK not in str(unit.views.of(case_id, "bob"))
        assert MARK in str(unit.views.of(case_id, "lea", lead=True))
        decide(unit, case_id, "lea", "hold", lead=True)
        view = unit.views.of(case_id, "bob")
        assert (view.blind, view.stage) == (False, None)
        assert [x.reviewer for x in view.reads] == ["ann", "bob"]


def test_a_read_that_was_taken_back_is_its_readers_alone(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        first = decide(unit, case_id, "ann", "scrap", reason=MARK)
        unit.case_acts.undo(first.id, reviewer="ann", minutes=5)
        assert MARK not in str(unit.views.of(case_id, "bob"))
        assert MARK in str(unit.views.of(case_id, "ann"))


def test_an_escalated_case_is_the_leads_and_goes_on_waiting(
    database: Database, hands: Hands
) -> None:
    bands = (
        Band(code="late", title="Late", priority=1),
        Band(code="now", title="Now", priority=0, wait=timedelta(hours=1)),
    )
    database.queues = {"parts": Queue(bands=bands, unassessed="now")}
    case_id, other = add_case(database, "a"), add_case(database, "b")
    with database.write() as unit:
        unit.leases.claim(case_id, "ann", minutes=5)
        with pytest.raises(LeaseLost, match="ann holds it"):
            unit.case_acts.escalate(case_id, reviewer="bob", reason="mine")
        with pytest.raises(StoreError, match="without a reason"):
            unit.case_acts.escalate(case_id, reviewer="ann", reason=" ")
        act = unit.case_acts.escalate(case_id, reviewer="ann", reason="unsure", key="k")
        assert unit.case_acts.escalate(case_id, reviewer="ann", reason="unsure", key="k") == act
        assert unit.case_acts.of(case_id) == (act,)
        assert [x.id for x in unit.worklist.page(WorklistFilter()).rows] == [other]
        leads = WorklistFilter(domain="parts", stages=frozenset({Stage.ESCALATED}))
        assert [x.id for x in unit.worklist.page(leads).rows] == [case_id]
        assert unit.worklist.counts("parts").by_stage == {
            Stage.FIRST: 1,
            Stage.SECOND: 0,
            Stage.ADJUDICATION: 0,
            Stage.ESCALATED: 1,
        }
        with pytest.raises(OthersTurn):
            unit.leases.claim(case_id, "ann", minutes=5)
        hands.turn(61)
        assert unit.priorities.promote() == 2
        lease = unit.leases.claim_next("lea", minutes=5, lead=True)
        assert lease is not None
        assert (lease.case_id, unit.worklist.page(leads).rows[0].priority) == (case_id, 1)
        assert decide(unit, case_id, "lea", "hold", lead=True, lease=lease).how is How.ADJUDICATED
        with pytest.raises(Conflict, match="it is decided"):
            unit.case_acts.escalate(case_id, reviewer="ann", reason="again")


def test_a_lead_puts_an_escalated_case_back(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        with pytest.raises(Conflict, match="does not hold it"):
            unit.case_acts.put_back(case_id, reviewer="ann")
        unit.case_acts.escalate(case_id, reviewer="ann", reason="unsure")
        with pytest.raises(OthersTurn):
            unit.case_acts.put_back(case_id, reviewer="bob")
        act = unit.case_acts.put_back(case_id, reviewer="lea", lead=True)
        assert (act.deed, stage(unit, case_id)) == (Deed.PUT_BACK, Stage.FIRST)
        assert decide(unit, case_id, "bob", "accept").how is How.ALONE


def test_an_open_read_that_leads_have_seen_is_theirs_to_decide(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        decide(unit, case_id, "ann", "scrap", reason=MARK)
        unit.case_acts.escalate(case_id, reviewer="bob", reason="unsure")
        assert MARK in str(unit.views.of(case_id, "lea", lead=True))
        assert MARK not in str(unit.views.of(case_id, "bob"))
        with pytest.raises(Conflict, match="Adjudicate it"):
            unit.case_acts.put_back(case_id, reviewer="lea", lead=True)
        assert decide(unit, case_id, "lea", "scrap", lead=True).how is How.ADJUDICATED


def test_what_is_handed_over_is_offered_first_and_then_to_all(
    database: Database, hands: Hands
) -> None:
    low, high = add_case(database, "a"), add_case(database, "b")
    add_assessment(database, high, priority=5)
    with database.write() as unit:
        lease = unit.leases.claim(low, "ann", minutes=5)
        unit.case_acts.hand_over(low, reviewer="ann", to="bob", minutes=30, lease=lease, key="h")
        unit.case_acts.hand_over(low, reviewer="ann", to="bob", minutes=30, lease=lease, key="h")
        assert len(unit.case_acts.of(low)) == 1
        with pytest.raises(LeaseLost):
            decide(unit, low, "ann", "accept", lease=lease)
        mine = WorklistFilter(handed_to="bob")
        assert [(x.id, x.held_by) for x in unit.worklist.page(mine).rows] == [(low, "bob")]
        offered = unit.leases.claim_next("cat", minutes=5)
        assert offered is not None
        assert offered.case_id == high
        unit.leases.free(high)
        taken = unit.leases.claim_next("bob", minutes=5)
        assert taken is not None
        assert taken.case_id == low
        hands.turn(6)
        unit.leases.claim(high, "dan", minutes=60)
        back = unit.leases.claim_next("cat", minutes=5)
        assert back is not None
        assert back.case_id == low
        assert unit.worklist.page(mine).rows == ()


def test_nobody_is_handed_what_they_may_not_read(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        with pytest.raises(StoreError, match="to oneself"):
            unit.case_acts.hand_over(case_id, reviewer="ann", to="ann", minutes=5)
        decide(unit, case_id, "ann", "scrap")
        with pytest.raises(OthersTurn, match="ann has read it"):
            unit.case_acts.hand_over(case_id, reviewer="bob", to="ann", minutes=5)
        unit.case_acts.hand_over(case_id, reviewer="bob", to="cat", minutes=5)
        assert decide(unit, case_id, "cat", "scrap").how is How.AGREED


def test_a_decision_taken_back_is_a_draft_again(database: Database) -> None:
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    with database.write() as unit:
        taken = decide(unit, case_id, "ann", "accept", reason="fine", acts=WHOLE)
        act, lease = unit.case_acts.undo(taken.id, reviewer="ann", minutes=5, key="u")
        unit.commit()
    with database.write() as unit:
        again, held = unit.case_acts.undo(taken.id, reviewer="ann", minutes=5, key="u")
        assert (again, held.fence) == (act, lease.fence)
        assert unit.cases.get(case_id).status is CaseStatus.ASSESSED
        draft = unit.drafts.load(case_id, "ann")
        assert draft is not None
        assert (draft["disposition"], draft["reason"]) == ("accept", "fine")
        assert draft["acts"] == {"crack": "reject"}
        assert len(draft["findings"]) == len(WHOLE)
        with pytest.raises(LeaseLost, match="ann holds it"):
            decide(unit, case_id, "bob", "scrap")
        (export,) = unit.worklist.export("parts")
        assert (export.decisions, export.decision) == ((), None)
        second = decide(unit, case_id, "ann", "scrap", lease=held)
        (export,) = unit.worklist.export("parts")
        assert (export.decisions, export.reads) == ((second,), (taken,))
        assert [x.deed for x in export.acts] == [Deed.UNDONE]
        assert unit.audit.verify().problems == ()


def test_only_what_nothing_stands_on_is_taken_back(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        first = decide(unit, case_id, "ann", "scrap")
        with pytest.raises(Conflict, match="takes a lead's permission"):
            unit.case_acts.undo(first.id, reviewer="bob", minutes=5)
        unit.leases.claim(case_id, "bob", minutes=5)
        with pytest.raises(LeaseLost, match="bob holds it"):
            unit.case_acts.undo(first.id, reviewer="ann", minutes=5)


def test_a_later_act_is_named(twice: Database) -> None:
    case_id = differing(twice)
    with twice.read() as unit:
        first, second = unit.decisions.past(case_id).rows
        (recent,) = unit.views.recent("ann")
    assert "bob acted on the case after it" in recent.refusal
    with twice.write() as unit:
        with pytest.raises(Conflict, match="bob acted on the case after it"):
            unit.case_acts.undo(first.id, reviewer="ann", minutes=5)
        with pytest.raises(Conflict, match="adjudicate it instead"):
            unit.case_acts.undo(second.id, reviewer="lea", minutes=5, others=True)
        final = decide(unit, case_id, "lea", "hold", lead=True)
        unit.case_acts.undo(final.id, reviewer="lea", minutes=5)
        assert stage(unit, case_id) is Stage.ADJUDICATION
        with pytest.raises(Conflict, match="was taken back before"):
            unit.case_acts.undo(final.id, reviewer="lea", minutes=5)
        with pytest.raises(NotFound):
            unit.case_acts.undo("none", reviewer="lea", minutes=5)


def test_somebody_elses_agreement_goes_to_the_leads(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        decide(unit, case_id, "ann", "scrap")
        agreed = decide(unit, case_id, "bob", "scrap")
        unit.case_acts.undo(agreed.id, reviewer="lea", minutes=5, others=True)
        assert stage(unit, case_id) is Stage.ADJUDICATION


def test_the_last_ten_are_listed_and_no_more_taken_back(database: Database, hands: Hands) -> None:
    made = []
    for number in range(LAST + 2):
        case_id = add_case(database, str(number))
        hands.turn(1)
        with database.write() as unit:
            made.append(decide(unit, case_id, "ann", "accept"))
            unit.commit()
    with database.write() as unit:
        recent = unit.views.recent("ann")
        assert [x.decision.id for x in recent] == [x.id for x in reversed(made[2:])]
        assert {x.refusal for x in recent} == {""}
        with pytest.raises(Conflict, match="not among the last 10"):
            unit.case_acts.undo(made[0].id, reviewer="ann", minutes=5)
        unit.case_acts.undo(made[-1].id, reviewer="ann", minutes=5)
        assert made[-1].id not in [x.decision.id for x in unit.views.recent("ann")]
        unit.case_acts.undo(made[0].id, reviewer="lea", minutes=5, others=True)


def test_a_key_names_one_act_on_one_case(database: Database) -> None:
    first, second = add_case(database, "a"), add_case(database, "b")
    with database.write() as unit:
        unit.case_acts.escalate(first, reviewer="ann", reason="unsure", key="k")
        with pytest.raises(Conflict, match="'k'"):
            unit.case_acts.escalate(second, reviewer="ann", reason="unsure", key="k")
        with pytest.raises(Conflict, match="'k'"):
            unit.case_acts.put_back(first, reviewer="ann", key="k")


def test_a_key_of_the_first_reader_does_not_show_their_read(twice: Database) -> None:
    case_id = add_case(twice, "a")
    with twice.write() as unit:
        first = decide(unit, case_id, "ann", "scrap", key="k")
        with pytest.raises(Conflict, match="names another act") as refused:
            decide(unit, case_id, "bob", "scrap", key="k")
        assert "ann" not in str(refused.value)
        assert decide(unit, case_id, "ann", "scrap", key="k") == first


def test_pairs_are_as_they_were_read_blind(twice: Database) -> None:
    case_id = differing(twice)
    with twice.write() as unit:
        second = unit.decisions.past(case_id).rows[-1]
        unit.case_acts.undo(second.id, reviewer="bob", minutes=5)
        decide(unit, case_id, "bob", "scrap")
        ((one, other),) = unit.decisions.pairs("parts")
        assert (one.disposition, other.disposition) == ("scrap", "accept")
        assert tuple(unit.decisions.pairs("scans")) == ()
        later = other.decided_at + timedelta(days=1)
        assert tuple(unit.decisions.pairs("parts", later)) == ()
