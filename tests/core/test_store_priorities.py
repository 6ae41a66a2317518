"""Nobody is lowered by a machine, and nobody waits longer than the band allows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select, text

from secondlook.cases import CaseStatus
from secondlook.errors import AuditBroken, Conflict, NotFound, PluginError, StoreError
from secondlook.store.case_tables import CaseRow
from secondlook.store.database import Database
from secondlook.store.worklist import CaseSummary, WorklistFilter
from store_processes import promote_all, together
from store_values import (
    add_assessment,
    add_case,
    behind_the_triggers,
    digest,
    new_case,
    picture,
    record,
)
from triage_queues import QUEUE, SCANS, Hands, stopped_clock

NUMBERS = count()
ALL = WorklistFilter(domain=SCANS, statuses=frozenset(CaseStatus))


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    """The store's clock, standing at noon."""
    yield stopped_clock(monkeypatch)


@pytest.fixture
def triage(database: Database, hands: Hands) -> Database:
    """A database that knows the bands of `scans`."""
    database.queues = {SCANS: QUEUE}
    return database


def add(database: Database, word: str) -> str:
    """A new scan."""
    return add_case(database, word, domain=SCANS)


def look(database: Database, case_id: str, priority: int, **changes: Any) -> None:
    """A first look that gives this priority, made from new inputs."""
    unique = next(NUMBERS)
    add_assessment(
        database,
        case_id,
        id=digest(f"look {unique}")[:32],
        inputs=f"i{unique}",
        priority=priority,
        **changes,
    )


def promote(database: Database) -> int:
    """Promote whoever is due."""
    with database.write() as unit:
        done = unit.priorities.promote()
        unit.commit()
    return done


def move(database: Database, case_id: str, band: str, reason: str = "seen") -> None:
    """Ann puts a case into a band."""
    with database.write() as unit:
        unit.priorities.set(case_id, band, reviewer="ann", reason=reason)
        unit.commit()


def line(database: Database, case_id: str) -> CaseSummary:
    """The case in the worklist."""
    with database.read() as unit:
        rows = unit.worklist.page(ALL, limit=1000).rows
    return next(x for x in rows if x.id == case_id)


def test_a_new_case_stands_with_what_was_not_assessed_until_its_first_look(
    triage: Database,
) -> None:
    case = add(triage, "a")
    assert line(triage, case).priority == 2
    look(triage, case, 1)
    assert line(triage, case).priority == 1


@pytest.mark.parametrize(
    "changes", [{"adapter": "other/1"}, {"score": 0.0}, {"disposition": "routine"}]
)
def test_no_later_look_lowers(triage: Database, changes: dict[str, Any]) -> None:
    case = add(triage, "a")
    look(triage, case, 3)
    look(triage, case, 1, **changes)
    assert (line(triage, case).priority, line(triage, case).machine_priority) == (3, 3)


def test_a_failure_never_lowers_and_never_stands_below_not_assessed(triage: Database) -> None:
    high, low = add(triage, "a"), add(triage, "b")
    look(triage, high, 3)
    look(triage, low, 1)
    with triage.write() as unit:
        for case in (high, low):
            unit.assessments.fail(case, "broke", actor="tests")
        unit.commit()
    assert [line(triage, x).priority for x in (high, low)] == [3, 2]


def test_judging_again_never_lowers(triage: Database) -> None:
    case = add(triage, "a")
    look(triage, case, 3)
    with triage.write() as unit:
        first = unit.assessments.latest(case)
        assert first is not None
        unit.commit()
    with triage.write() as unit:
        made_by = replace(first.provenance, inputs="again", rejudged=first.id)
        again = replace(first, id="9" * 32, priority=1, provenance=made_by)
        unit.assessments.add(again, actor="tests", of=first.id)
        unit.commit()
    assert line(triage, case).priority == 3


def test_what_a_person_lowered_rises_only_by_something_new(triage: Database) -> None:
    case = add(triage, "a")
    look(triage, case, 2)
    move(triage, case, "routine")
    look(triage, case, 2)
    assert line(triage, case).priority == 1
    look(triage, case, 3)
    assert line(triage, case).priority == 3


def test_what_a_person_raised_before_the_first_look_stays(triage: Database) -> None:
    case = add(triage, "a")
    move(triage, case, "critical", "")
    look(triage, case, 1)
    assert line(triage, case).priority == 3


def test_a_person_lowers_with_a_reason_alone_and_it_is_kept(triage: Database) -> None:
    case = add(triage, "a")
    look(triage, case, 3)
    with triage.write() as unit, pytest.raises(StoreError, match="without a reason"):
        unit.priorities.set(case, "urgent", reviewer="ann", reason="  ")
    move(triage, case, "urgent", "old finding")
    with triage.read() as unit:
        (act,) = unit.priorities.of(case)
        event = unit.audit.events(case)[-1]
        assert unit.audit.verify().problems == ()
    assert (act.before, act.priority, act.band, act.reason) == (3, 2, "urgent", "old finding")
    assert (event.action, event.actor) == ("case.prioritised", "ann")
    assert (event.body["from"], event.body["to"]) == (3, 2)
    assert "old finding" not in str(event.body)


def test_a_reason_that_was_changed_is_found(triage: Database) -> None:
    case = add(triage, "a")
    move(triage, case, "critical", "as told by phone")
    with behind_the_triggers(triage) as connection:
        connection.execute(text("UPDATE priority_acts SET reason = 'x'"))
    with triage.read() as unit:
        (problem,) = unit.audit.verify().problems
    assert problem.what.startswith("priority") and problem.what.endswith("was changed")


def test_what_makes_no_sense_is_refused(triage: Database) -> None:
    case, part = add(triage, "a"), add_case(triage, "b")
    with triage.write() as unit:
        with pytest.raises(PluginError, match="no band is called 'x'"):
            unit.priorities.set(case, "x", reviewer="ann")
        with pytest.raises(PluginError, match="there is: none"):
            unit.priorities.set(part, "urgent", reviewer="ann")
        with pytest.raises(StoreError, match="without a reviewer"):
            unit.priorities.set(case, "critical", reviewer=" ")
        with pytest.raises(NotFound):
            unit.priorities.set("0" * 64, "urgent", reviewer="ann")
        unit.decisions.add(case, reviewer="ann", disposition="hold")
        with pytest.raises(Conflict, match="it is decided"):
            unit.priorities.set(case, "critical", reviewer="ann")


def test_waiting_promotes_at_the_limit_and_says_so(triage: Database, hands: Hands) -> None:
    case = add(triage, "a")
    look(triage, case, 1)
    hands.turn(239)
    assert promote(triage) == 0
    hands.turn(11)
    assert (promote(triage), promote(triage)) == (1, 0)
    shown = line(triage, case)
    assert (shown.priority, str(shown.waited)) == (2, "4:10:00")
    with triage.read() as unit:
        event = unit.audit.events(case)[-1]
    assert (event.action, event.body["waited_seconds"]) == ("case.promoted", 250 * 60)


def test_in_the_next_band_it_waits_anew(triage: Database, hands: Hands) -> None:
    case = add(triage, "a")
    look(triage, case, 1)
    steps = []
    for minutes in (240, 59, 1, 10_000):
        hands.turn(minutes)
        promote(triage)
        steps.append(line(triage, case).priority)
    assert steps == [2, 2, 3, 3]


def test_the_limit_counts_from_when_the_case_came(triage: Database, hands: Hands) -> None:
    case = add(triage, "a")
    look(triage, case, 1)
    hands.turn(70)
    look(triage, case, 2)
    assert promote(triage) == 1
    assert line(triage, case).priority == 3


def test_who_waited_too_long_cannot_be_put_back(triage: Database, hands: Hands) -> None:
    case = add(triage, "a")
    look(triage, case, 1)
    hands.turn(241)
    promote(triage)
    with triage.write() as unit, pytest.raises(Conflict, match="longer than Routine allows"):
        unit.priorities.set(case, "routine", reviewer="ann", reason="later")


def test_a_claim_promotes_before(triage: Database, hands: Hands) -> None:
    old = add(triage, "a")
    look(triage, old, 1)
    hands.turn(300)
    young = add(triage, "b")
    look(triage, young, 2)
    with triage.write() as unit:
        lease = unit.leases.claim_next("ann", minutes=5, domain=SCANS)
    assert lease is not None and lease.case_id == old


def test_a_decided_case_is_promoted_no_more_and_waits_anew_once_it_comes_back(
    triage: Database, hands: Hands
) -> None:
    new = new_case("a", domain=SCANS)
    with triage.write() as unit:
        case = unit.cases.add(new, actor="tests").id
        unit.decisions.add(case, reviewer="ann", disposition="hold")
        unit.commit()
    hands.turn(10_000)
    assert promote(triage) == 0
    more = new_case("a", domain=SCANS, key=new.key, attachments=(picture("a"),))
    with triage.write() as unit:
        unit.cases.add(
            new_case("a", domain=SCANS, attachments=more.attachments, records=(record(["x"]),)),
            actor="tests",
        )
        unit.commit()
    shown = line(triage, case)
    assert (shown.since, shown.status) == (hands.time, CaseStatus.NEW)
    assert promote(triage) == 0
    hands.turn(61)
    assert promote(triage) == 1


def test_settings_that_changed_reach_the_cases_that_wait(triage: Database, hands: Hands) -> None:
    cases = [add(triage, x) for x in "abc"]
    for case in cases:
        look(triage, case, 1)
    hands.turn(30)
    bands = tuple(
        replace(x, wait=timedelta(minutes=20)) if x.code == "routine" else x for x in QUEUE.bands
    )
    triage.queues = {SCANS: replace(QUEUE, bands=bands)}
    with triage.write() as unit:
        after: str | None = ""
        while after is not None:
            after = unit.priorities.refit(SCANS, after=after, limit=2)
        unit.commit()
    assert promote(triage) == 3


def test_a_clock_that_is_set_back_promotes_later_and_breaks_nothing(
    triage: Database, hands: Hands
) -> None:
    case = add(triage, "a")
    look(triage, case, 1)
    hands.turn(-3 * 1440)
    assert promote(triage) == 0
    early = add(triage, "b")
    hands.turn(3 * 1440 + 240)
    assert promote(triage) == 2
    assert line(triage, early).priority == 3
    assert line(triage, case).priority == 2


def test_of_several_workers_one_promotes(database: Database, hands: Hands) -> None:
    database.queues = {SCANS: QUEUE}
    cases = {add(database, str(x)) for x in range(40)}
    database.dispose()
    done = together(promote_all, database.url, 3)
    with database.read() as unit:
        promoted = [
            x for case in cases for x in unit.audit.events(case) if x.action == "case.promoted"
        ]
        assert unit.audit.verify().problems == ()
    assert (sum(done), len(promoted)) == (40, 40)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database inside the block."""
    seen: list[str] = []

    def note(_: Connection, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


BREAKS = {
    "the signature of its head was changed": "UPDATE audit_heads SET signature = 'x' WHERE chain = :c",
    "its head was removed": "DELETE FROM audit_heads WHERE chain = :c",
    "its last event was removed": "DELETE FROM audit_events WHERE chain = :c AND seq = 2",
    "all of its trail was removed": "DELETE FROM audit_events WHERE chain = :c",
}


def break_trail(database: Database, case: str, how: str) -> list[tuple[str, int, str]]:
    """Tamper with the trail of a case; what verification says from then on."""
    with behind_the_triggers(database) as connection:
        connection.execute(text(BREAKS[how]), {"c": case})
    return problems(database)


def problems(database: Database) -> list[tuple[str, int, str]]:
    with database.read() as unit:
        return [(x.chain, x.seq, x.what) for x in unit.audit.verify().problems]


@pytest.mark.parametrize("how", BREAKS)
def test_nobody_waits_because_a_trail_is_broken(
    triage: Database, hands: Hands, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    case, sound = add(triage, "a"), add(triage, "b")
    look(triage, case, 1)
    found = break_trail(triage, case, how)
    assert found
    hands.turn(240)
    assert promote(triage) == 2
    hands.turn(60)
    assert promote(triage) == 1
    assert [line(triage, x).priority for x in (case, sound)] == [3, 3]
    assert problems(triage) == found
    assert caplog.text.count(case[:12]) == 1  # the log says so once
    with triage.read() as unit:
        assert unit.audit.broken([case, sound]) == {case}
        told = [x for x in unit.audit.events("workspace") if x.action == "case.promoted.apart"]
    assert [(x.body["case"], x.body["to"]) for x in told] == [(case, 2), (case, 3)]


@pytest.mark.parametrize("how", BREAKS)
def test_a_person_puts_a_case_higher_whose_trail_is_broken_and_never_lower(
    triage: Database, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    case = add(triage, "a")
    look(triage, case, 2)
    found = break_trail(triage, case, how)
    with pytest.raises(AuditBroken):
        move(triage, case, "routine", "later")
    with pytest.raises(AuditBroken):
        move(triage, case, "urgent", "as it is")
    move(triage, case, "critical", "told by phone")
    assert line(triage, case).priority == 3
    with triage.read() as unit:
        (act,) = unit.priorities.of(case)
    assert (act.reason, act.priority) == ("told by phone", 3)
    assert problems(triage) == found
    assert caplog.text.count(case[:12]) == 1


def test_an_act_that_is_told_apart_cannot_be_changed_or_removed_unseen(triage: Database) -> None:
    case = add(triage, "a")
    move(triage, case, "urgent", "first")
    found = break_trail(triage, case, "the signature of its head was changed")
    move(triage, case, "critical", "as told by phone")
    assert problems(triage) == found
    with triage.engine.begin() as connection:  # the triggers are gone since
        connection.execute(text("UPDATE priority_acts SET reason = 'x' WHERE ordinal = 2"))
    assert [x[2][-11:] for x in problems(triage)[len(found) :]] == ["was changed"]
    with triage.engine.begin() as connection:
        connection.execute(text("DELETE FROM priority_acts WHERE ordinal = 2"))
    assert [x[2][-11:] for x in problems(triage)[len(found) :]] == ["was removed"]


def test_where_no_trail_takes_an_event_a_case_is_promoted_all_the_same(
    triage: Database, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    case = add(triage, "a")
    break_trail(triage, case, "the signature of its head was changed")
    with triage.engine.begin() as connection:
        connection.execute(text("UPDATE audit_heads SET signature = 'x'"))
    found = problems(triage)
    hands.turn(60)
    assert promote(triage) == 1
    assert line(triage, case).priority == 3
    assert problems(triage) == found
    assert "nothing tells of it" in caplog.text


OPS = st.lists(
    st.one_of(
        st.tuples(st.just("look"), st.integers(1, 3)),
        st.tuples(st.just("fail"), st.just(0)),
        st.tuples(st.just("wait"), st.just(0)),
        st.tuples(st.just("move"), st.sampled_from([x.code for x in QUEUE.bands])),
        st.tuples(st.just("turn"), st.integers(1, 200)),
        st.tuples(st.just("promote"), st.just(0)),
        st.tuples(st.just("come"), st.just(0)),
    ),
    max_size=18,
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(ops=OPS)
def test_whatever_happens(triage: Database, hands: Hands, ops: list[tuple[str, Any]]) -> None:
    """No machine lowers, waiting promotes once and in time, the order is total and by arrival."""
    cases = [add(triage, f"case {next(NUMBERS)}")]
    for verb, value in ops:
        case = cases[-1]
        before = line(triage, case)
        happens(triage, hands, cases, verb, value)
        after = line(triage, case)
        judged = before.machine_priority is not None or before.human_priority is not None
        if verb in ("look", "fail", "wait", "promote", "turn", "come") and (
            judged or before.promoted_at or verb != "look"
        ):
            assert after.priority >= before.priority
        assert after.priority >= 1
        if verb == "promote":
            kept(triage, hands)
    with triage.read() as unit:
        rows = unit.worklist.page(WorklistFilter(domain=SCANS), limit=1000).rows
        assert unit.audit.verify().problems == ()
    assert [x.id for x in rows] == [x.id for x in sorted(rows, key=place, reverse=True)]
    assert len({place(x) for x in rows}) == len(rows)


def happens(triage: Database, hands: Hands, cases: list[str], verb: str, value: Any) -> None:
    """One step of a history."""
    case = cases[-1]
    if verb == "look":
        look(triage, case, value)
    elif verb == "turn":
        hands.turn(value)
    elif verb == "promote":
        promote(triage)
    elif verb == "come":
        cases.append(add(triage, f"case {next(NUMBERS)}"))
    elif verb == "move":
        try:
            move(triage, case, value)
        except Conflict as error:
            assert "longer than" in str(error)
    else:
        with triage.write() as unit:
            act = unit.assessments.fail if verb == "fail" else unit.assessments.wait
            act(case, *(["broke"] if verb == "fail" else []), actor="tests")  # type: ignore[operator]
            unit.commit()


def kept(triage: Database, hands: Hands) -> None:
    """Right after promoting nobody is where the limit is over, by the bands themselves."""
    with triage.engine.connect() as connection:
        rows = connection.execute(select(CaseRow.__table__).where(CaseRow.is_open)).all()
    for row in rows:
        due = QUEUE.due(row.priority, row.promoted_at or row.reopened_at or row.opened_at)
        assert due is None or due > hands.time


def place(row: CaseSummary) -> tuple[int, float, str]:
    """By band, then by who came first, then by id."""
    return row.priority, -row.since.timestamp(), row.id


def test_looking_for_who_is_due_reads_an_index_of_those_with_a_limit(
    sqlite_database: Database,
) -> None:
    sqlite_database.queues = {SCANS: QUEUE}
    with statements(sqlite_database) as seen, sqlite_database.write() as unit:
        unit.priorities.due()
        unit.priorities.promote()
    queries = [x for x in seen if "promote_at <=" in x]
    with sqlite_database.engine.connect() as connection:
        for query in queries:
            count = query.count("?")
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {query}", tuple(["scans", "2026", 1, 0][:count])
            ).all()
            said = " ".join(str(x) for x in plan)
            assert "ix_cases_promote_at" in said
    assert len(queries) == 2


def test_lists_and_claims_by_waiting_time_are_read_in_order_from_an_index(
    sqlite_database: Database,
) -> None:
    sqlite_database.queues = {SCANS: QUEUE}
    add(sqlite_database, "a")
    with statements(sqlite_database) as seen, sqlite_database.write() as unit:
        unit.worklist.page(WorklistFilter(domain=SCANS))
        unit.leases.claim_next("ann", minutes=5, domain=SCANS)
    for query in [x for x in seen if "ORDER BY" in x and "turn DESC" in x]:
        with sqlite_database.engine.connect() as connection:
            values = tuple("1" for _ in range(query.count("?")))
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()
        said = [str(x[-1]) for x in plan]
        assert any("INDEX ix_cases_domain_order" in x for x in said), said
        assert not any(x.startswith("SCAN cases") for x in said), said


def test_a_case_that_came_back_unseen_by_a_machine_is_not_lowered_by_its_first_look(
    triage: Database, hands: Hands
) -> None:
    """It was promoted, decided by a person alone, and gained a file: where it stood, it stays."""
    case = add(triage, "a")
    hands.turn(61)
    assert promote(triage) == 1
    with triage.write() as unit:
        unit.decisions.add(case, reviewer="ann", disposition="accept")
        unit.commit()
    with triage.write() as unit:
        again = replace(new_case("a", domain=SCANS), records=(record("more"),))
        assert unit.cases.add(again, actor="tests").changed
        unit.commit()
    assert line(triage, case).priority == 3
    look(triage, case, 1)
    assert line(triage, case).priority == 3
