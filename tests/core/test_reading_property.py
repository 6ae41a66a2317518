"""Three reviewers do anything in any order: nothing is lost, nobody reads twice, nothing is stuck."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import URL

from database_fixtures import AUDIT_KEY, temporary
from secondlook.cases import CaseStatus
from secondlook.decisions import How
from secondlook.errors import StoreError
from secondlook.reviewing import Deed, Stage, agree
from secondlook.second_reads import SecondRead
from secondlook.store import clock
from secondlook.store.database import Database
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist import WorklistFilter
from store_values import NOON, add_assessment, new_case, record

PEOPLE = ("ann", "bob", "cat")
LEADS = ("bob", "cat", "dan")
"""Of whom the last one never reads, so that somebody can always settle what the others differ on."""
OUTCOMES = ("accept", "hold", "scrap")
CASES = 3
Opener = Callable[[], Any]
people, cases = st.sampled_from(PEOPLE), st.integers(0, CASES - 1)
_numbers = count(1)


class Readers(RuleBasedStateMachine):
    """What they may do; whatever the store refuses leaves everything as it was."""

    opener: Opener

    def __init__(self) -> None:
        super().__init__()
        self.hands = NOON
        clock.now = lambda: self.hands  # put back by the fixture
        self.manager = type(self).opener()
        self.database: Database = self.manager.__enter__()
        self.ids: list[str] = []
        self.made: dict[str, str] = {}
        self.done: list[tuple[str, str]] = []

    def teardown(self) -> None:
        with self.database.read() as unit:
            assert unit.audit.verify().problems == ()
        self.manager.__exit__(None, None, None)

    @initialize(
        share=st.sampled_from((0.0, 0.5, 1.0)),
        dispositions=st.sampled_from(((), ("scrap",))),
        discrepancy=st.booleans(),
    )
    def begin(self, share: float, dispositions: tuple[str, ...], discrepancy: bool) -> None:
        policy = SecondRead(share=share, dispositions=dispositions, discrepancy=discrepancy)
        self.database.second_reads.policies = {"parts": policy}
        for i in range(CASES):
            with self.database.write() as unit:
                added = unit.cases.add(new_case(f"case {i}"), actor="tests")
                unit.commit()
            self.ids.append(added.id)
        add_assessment(self.database, self.ids[0])

    @rule(by=people, outcome=st.sampled_from(OUTCOMES))
    def read(self, by: str, outcome: str) -> None:
        self.take_and_decide(by, outcome, lead=False)

    @rule(by=people, outcome=st.sampled_from(OUTCOMES))
    def read_another(self, by: str, outcome: str) -> None:
        self.take_and_decide(by, outcome, lead=False)

    @rule(by=st.sampled_from(LEADS), outcome=st.sampled_from(OUTCOMES))
    def settle(self, by: str, outcome: str) -> None:
        self.take_and_decide(by, outcome, lead=True)

    def take_and_decide(self, by: str, outcome: str, *, lead: bool) -> None:
        """What is offered is theirs to read, and is decided under the lease."""
        with self.database.write() as unit:
            lease = unit.leases.claim_next(by, minutes=5, lead=lead)
            unit.commit()
        if lease is None:
            return
        with self.database.write() as unit:
            self.add(unit, lease.case_id, by, outcome, lead=lead, lease=lease)
            unit.commit()
        self.made |= dict(self.done)

    def add(self, unit: UnitOfWork, case_id: str, by: str, outcome: str, **said: Any) -> None:
        """Decide, twice under one key: the second time is no other act."""
        key = f"key {next(_numbers)}"
        look, closing = unit.assessments.latest(case_id), unit.decisions.of(case_id)
        said |= {"reviewer": by, "disposition": outcome, "reason": f"<{by} {key}>", "key": key}
        said["amends"] = closing[-1].id if closing else None
        said["assessment_id"] = look.id if look else None
        parties = self.parties(case_id, unit)
        made = unit.decisions.add(case_id, **said)
        assert made.how is not How.ADJUDICATED or by not in parties
        self.done = [(made.id, case_id)]
        assert unit.decisions.add(case_id, **said) == made

    def parties(self, case_id: str, unit: UnitOfWork) -> set[str]:
        """Who brought it to the leads: both readers who differ, or who escalated it."""
        stage = unit.views.of(case_id, "nobody", lead=True).stage
        rows, acts = unit.decisions.past(case_id).rows, unit.case_acts.of(case_id)
        if stage is Stage.ADJUDICATION:
            second = next(x for x in reversed(rows) if x.second_to is not None)
            return {second.reviewer, *(x.reviewer for x in rows if x.id == second.second_to)}
        escalated = [x.reviewer for x in acts if x.deed is Deed.ESCALATED]
        return set(escalated[-1:]) if stage is Stage.ESCALATED else set()

    @rule(by=people, case=cases, outcome=st.sampled_from(OUTCOMES), lead=st.booleans())
    def decide(self, by: str, case: int, outcome: str, lead: bool) -> None:
        with self.attempt() as unit:
            self.add(unit, self.ids[case], by, outcome, lead=lead and by in LEADS)

    @rule(by=people, case=cases, number=st.integers(0, 1), others=st.booleans())
    def undo(self, by: str, case: int, number: int, others: bool) -> None:
        with self.attempt() as unit:
            past = unit.decisions.past(self.ids[case])
            kept = [x for x in past.rows if x.id not in past.undone]
            if number >= len(kept):
                return
            wanted = kept[-1 - number]
            refusals = {x.decision.id: x.refusal for x in unit.views.recent(by)}
            act, lease = unit.case_acts.undo(
                wanted.id, reviewer=by, minutes=5, others=others and by in LEADS
            )
            assert number == 0, "a later act stands on it"
            assert refusals.get(wanted.id, "") == ""
            assert (lease.reviewer, lease.case_id) == (by, act.case_id)
            draft = unit.drafts.load(act.case_id, by)
            assert draft is not None and draft["disposition"] == wanted.disposition
            assert unit.cases.get(act.case_id).status is not CaseStatus.DECIDED
            self.note(act.id, act.case_id)

    @rule(case=cases, outcome=st.sampled_from(OUTCOMES))
    def change_mind(self, case: int, outcome: str) -> None:
        """Amend the decision that stands, and then take back the one before: that is refused."""
        with self.database.read() as unit:
            standing = unit.decisions.past(self.ids[case]).standing
        if standing is None or not standing.how.closes:
            return
        by, lead = standing.reviewer, standing.how is How.ADJUDICATED
        with self.attempt() as unit:
            self.add(unit, self.ids[case], by, outcome, lead=lead)
        if self.done and self.done[0][0] in self.made:
            with self.database.write() as unit, pytest.raises(StoreError):
                unit.case_acts.undo(standing.id, reviewer=by, minutes=5, others=lead)

    @rule(by=people, to=people, case=cases, lead=st.booleans(), verb=st.sampled_from(Deed))
    def pass_on(self, by: str, to: str, case: int, lead: bool, verb: Deed) -> None:
        case_id, lead = self.ids[case], lead and by in LEADS
        with self.attempt() as unit:
            if verb is Deed.ESCALATED:
                act = unit.case_acts.escalate(case_id, reviewer=by, reason=f"<{by} unsure>")
            elif verb is Deed.HANDED_OVER:
                lead = lead and to in LEADS
                act = unit.case_acts.hand_over(case_id, reviewer=by, to=to, minutes=30, lead=lead)
                self.check_offered(unit, to, lead=lead)
            else:
                act = unit.case_acts.put_back(case_id, reviewer=by, lead=lead)
            self.note(act.id, case_id)

    def check_offered(self, unit: UnitOfWork, to: str, *, lead: bool) -> None:
        """What was handed over comes before everything else."""
        offered = unit.leases.claim_next(to, minutes=30, lead=lead)
        assert offered is not None
        assert unit.views.of(offered.case_id, to).handed_to == to

    @rule(minutes=st.sampled_from((1, 6, 40)))
    def wait(self, minutes: int) -> None:
        self.hands += timedelta(minutes=minutes)

    @rule(case=cases)
    def new_files(self, case: int) -> None:
        with self.attempt() as unit:
            more = record([f"page {next(_numbers)}"])
            unit.cases.add(new_case(f"case {case}", records=(more,)), actor="tests")

    @invariant()
    def nothing_is_lost_or_decided_twice(self) -> None:
        with self.database.read() as unit:
            for case_id in self.ids:
                self.check_case(case_id, unit)
            stored = {x.id: x.case_id for i in self.ids for x in unit.decisions.past(i).rows}
            stored |= {x.id: x.case_id for i in self.ids for x in unit.case_acts.of(i)}
        assert stored == self.made

    @invariant()
    def nothing_is_stuck(self) -> None:
        now = self.hands
        self.hands += timedelta(days=1)  # every lease is over
        with self.database.write() as unit:
            waiting = {x for x in self.ids if unit.cases.get(x).status is not CaseStatus.DECIDED}
            offered = set()
            for by, lead in [(x, False) for x in PEOPLE] + [(x, True) for x in LEADS]:
                while (lease := unit.leases.claim_next(by, minutes=5, lead=lead)) is not None:
                    if lease.case_id in offered:
                        break
                    offered.add(lease.case_id)
                    unit.leases.free(lease.case_id)
                    unit.leases.claim(lease.case_id, "nobody else", minutes=5, lead=True)
            assert offered == waiting
        self.hands = now

    @invariant()
    def readers_are_blind(self) -> None:
        with self.database.read() as unit:
            lines = str(unit.worklist.page(WorklistFilter(statuses=frozenset(CaseStatus))))
            for case_id in self.ids:
                past = unit.decisions.past(case_id)
                for by in PEOPLE:
                    view = unit.views.of(case_id, by)
                    if view.blind:
                        hidden = [x for x in past.rows if x.reviewer != by]
                        self.check_hidden(hidden, f"{view}{lines}", by)

    def check_hidden(self, hidden: list[Any], shown: str, by: str) -> None:
        for read in hidden:
            assert read.reason not in shown
        assert "unsure" not in shown.replace(f"<{by} unsure>", "")

    def check_case(self, case_id: str, unit: UnitOfWork) -> None:
        case, past = unit.cases.get(case_id), unit.decisions.past(case_id)
        standing = past.standing
        if case.status is CaseStatus.DECIDED:
            assert standing is not None and standing.how.closes
            assert unit.leases.holds(case_id, standing.reviewer) is False
        amended = [x.amends for x in past.rows if x.amends is not None]
        assert len(amended) == len(set(amended))
        by_id = {x.id: x for x in past.rows}
        for read in past.rows:
            if read.second_to is not None:
                first = by_id[read.second_to]
                assert first.how is How.FIRST and first.reviewer != read.reviewer
                assert read.how is not How.AGREED or agree(first, read)
            assert read.how is not How.ADJUDICATED or read.reviewer in LEADS

    @contextmanager
    def attempt(self) -> Iterator[UnitOfWork]:
        """One transaction; a refusal undoes all of it."""
        self.done = []
        try:
            with self.database.write() as unit:
                yield unit
                unit.commit()
        except StoreError:
            return
        self.made |= dict(self.done)

    def note(self, name: str, case_id: str) -> None:
        """It was acknowledged, if the transaction is."""
        self.done.append((name, case_id))


@pytest.fixture
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine turns the store's clock; afterwards it goes by itself again."""
    monkeypatch.setattr(clock, "now", clock.now)


def play(opener: Opener, examples: int) -> None:
    machine = type("Played", (Readers,), {"opener": staticmethod(opener)})
    checks = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis leaves it untyped
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=checks,
        ),
    )


def test_on_sqlite(tmp_path: Path, sqlite_template: Path, own_clock: None) -> None:
    @contextmanager
    def opener() -> Iterator[Database]:
        file = tmp_path / f"{next(_numbers)}.db"
        shutil.copyfile(sqlite_template, file)
        database = Database.connect(f"sqlite:///{file}", audit_key=AUDIT_KEY)
        yield database
        database.dispose()
        file.unlink()

    play(opener, 6)


def test_on_postgresql(postgres_server: URL, postgres_template: str, own_clock: None) -> None:
    @contextmanager
    def opener() -> Iterator[Database]:
        for url in temporary(postgres_server, postgres_template):
            database = Database.connect(url, audit_key=AUDIT_KEY)
            yield database
            database.dispose()

    play(opener, 2)
