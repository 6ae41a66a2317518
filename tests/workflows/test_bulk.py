"""One act on many cases: what is left out, what refuses, and nothing done twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from secondlook.accounts.actor import Role
from secondlook.errors import UsageError
from secondlook.queues import Band, Queue
from secondlook.store.worklist import CaseSummary, WorklistFilter
from secondlook_workflows import bulk, durable
from secondlook_workflows.bulk import MOST, BulkAct, BulkConfig
from secondlook_workflows.context import Context
from secondlook_workflows.ingest import IngestReport

BANDS = Queue(
    bands=(
        Band(code="soon", title="Soon", priority=2),
        Band(code="later", title="Later", priority=0),
        Band(code="quick", title="Quick", priority=1, wait=timedelta(hours=1)),
    )
)
DOMAIN = "defect-inspector"


def config(act: BulkAct, **more: str) -> BulkConfig:
    return BulkConfig(**{"act": act, "reviewer": "ann", "key": "k", **more})  # type: ignore[arg-type]


def rows(context: Context) -> list[CaseSummary]:
    """All open cases, by title."""
    wanted = WorklistFilter(statuses=frozenset(bulk.CaseStatus))
    with context.workspace.database.read() as unit:
        return sorted(unit.worklist.page(wanted).rows, key=lambda x: x.title)


@pytest.fixture
def two(context: Context, ingested: IngestReport) -> list[CaseSummary]:
    """Two open cases in a domain with bands; bob may decide, cat is a lead, and there is an owner."""
    database = context.workspace.database
    database.queues = {DOMAIN: BANDS}
    with database.write() as unit:
        for name, role in (("ann", Role.LEAD), ("bob", Role.REVIEWER), ("cat", Role.LEAD)):
            unit.users.add(name, by="test")
            unit.users.grant(name, role, by="test")
        unit.commit()
    return rows(context)


def escalate(context: Context, case: str, by: str) -> None:
    with context.workspace.database.write() as unit:
        unit.case_acts.escalate(case, reviewer=by, reason="unsure")
        unit.commit()


def test_what_is_decided_held_or_there_already_is_left_out(
    context: Context, two: list[CaseSummary]
) -> None:
    first, second = two
    with context.workspace.database.write() as unit:
        unit.decisions.add(first.id, reviewer="bob", disposition="accept")
        unit.leases.claim(second.id, "bob", minutes=5)
        unit.commit()
    seen = bulk.preview(config(BulkAct.LOOK), rows(context), context)
    assert not seen.rows
    assert [x.why for x in seen.left] == ["it is decided", "bob holds it"]
    later = config(BulkAct.BAND, band="later", reason="quiet")
    assert bulk.preview(later, two, context).left[0].why == "it is there already"
    back = bulk.preview(config(BulkAct.PUT_BACK), two, context)
    assert {x.why for x in back.left} == {"nobody holds it, and it is not escalated"}


def test_lower_takes_a_reason(context: Context, two: list[CaseSummary]) -> None:
    bulk.run(config(BulkAct.BAND, band="soon"), two, context)
    asked = config(BulkAct.BAND, band="later")
    assert "takes a reason" in bulk.preview(asked, rows(context), context).left[0].why
    assert len(bulk.preview(replace(asked, reason="quiet"), rows(context), context).rows) == 2


def test_who_waited_too_long_for_a_band_is_left_out(
    context: Context, two: list[CaseSummary]
) -> None:
    late = [replace(x, opened_at=x.opened_at - timedelta(hours=2), priority=2) for x in two]
    asked = config(BulkAct.BAND, band="quick", reason="quiet")
    assert "waited longer" in bulk.preview(asked, late, context).left[0].why
    soon = [replace(x, priority=2) for x in two]
    assert len(bulk.preview(asked, soon, context).rows) == 2


def test_what_is_sent_twice_is_done_once(context: Context, two: list[CaseSummary]) -> None:
    up, over = config(BulkAct.BAND, band="soon"), config(BulkAct.HAND_OVER, to="bob", key="h")
    for _ in range(2):
        assert len(bulk.run(up, two, context).done) == 2
        assert len(bulk.run(over, two, context).done) == 2
    with context.workspace.database.read() as unit:
        for row in two:
            assert len(unit.priorities.of(row.id)) == 1
            assert len(unit.case_acts.of(row.id)) == 1


def test_one_that_refuses_stops_no_other(context: Context, two: list[CaseSummary]) -> None:
    with context.workspace.database.write() as unit:  # after the preview
        unit.leases.claim(two[0].id, "cat", minutes=5)
        unit.commit()
    report = bulk.run(config(BulkAct.HAND_OVER, to="bob"), two, context)
    assert [x.case for x in report.done] == [two[1].id]
    assert "cat holds it" in report.refused[0].why
    assert [x.handed_to for x in rows(context)] == [None, "bob"]


def test_what_waits_for_a_lead_goes_to_leads_and_back(
    context: Context, two: list[CaseSummary]
) -> None:
    escalate(context, two[0].id, "bob")
    row = rows(context)[0]
    refused = bulk.run(config(BulkAct.HAND_OVER, to="bob"), [row], context).refused
    assert "no lead" in refused[0].why
    assert bulk.run(config(BulkAct.HAND_OVER, to="cat", key="2"), [row], context).done
    again = replace(rows(context)[0], held_by=None)
    assert not bulk.run(config(BulkAct.PUT_BACK, key="3"), [again], context).done  # cat holds it
    assert bulk.run(config(BulkAct.PUT_BACK, key="4", reviewer="cat"), [again], context).done
    assert not rows(context)[0].stage.for_leads  # type: ignore[union-attr]


def test_first_looks_are_one_job(context: Context, two: list[CaseSummary]) -> None:
    jobs = {bulk.run(config(BulkAct.LOOK, key="job"), two, context).job for _ in range(2)}
    assert jobs == {"job"}
    assert [x.id for x in durable.jobs(context.workspace)] == ["job"]


def test_what_is_missing_or_too_much_is_said(context: Context, two: list[CaseSummary]) -> None:
    with pytest.raises(UsageError, match="a band"):
        bulk.preview(config(BulkAct.BAND), two, context)
    with pytest.raises(UsageError, match="a name"):
        bulk.preview(config(BulkAct.HAND_OVER), two, context)
    with pytest.raises(UsageError, match="too many"):
        bulk.run(config(BulkAct.LOOK), two * MOST, context)
