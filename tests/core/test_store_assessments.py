"""Assessments are stored once, in full, and the worklist shows the one that stands."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from secondlook.cases import CaseStatus, ProductSpec, Zone
from secondlook.errors import Conflict, NotFound, StoreError
from secondlook.store.database import Database
from secondlook.store.worklist import CaseSummary, WorklistFilter
from store_tampering import problems
from store_values import add_assessment, add_case, assessment

RIM = Zone(name="rim", left=0, top=0, width=1, height=0.125)
ALL = WorklistFilter(statuses=frozenset(CaseStatus))


def line(database: Database, case_id: str) -> CaseSummary:
    """The case's line of the worklist."""
    with database.read() as unit:
        return next(row for row in unit.worklist.page(ALL).rows if row.id == case_id)


def test_an_assessment_comes_back_as_it_was(database: Database) -> None:
    case_id = add_case(database, "a")
    assert add_assessment(database, case_id)
    with database.read() as unit:
        assert unit.assessments.latest(case_id) == assessment(case_id)
        assert unit.assessments.latest("0" * 64) is None


def test_the_worklist_shows_it(database: Database) -> None:
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    row = line(database, case_id)
    assert (row.status, row.score, row.priority) == (CaseStatus.ASSESSED, 0.1 + 0.2, 1)
    assert (row.recommended, row.headline, row.abstained) == ("hold", "Crack", "no_text")
    with database.read() as unit:
        assert unit.audit.events(case_id)[-1].action == "case.assessed"


def test_the_same_adapter_and_inputs_are_stored_once(database: Database) -> None:
    case_id = add_case(database, "a")
    first = [add_assessment(database, case_id, adapter=a) for a in ("one", None)]
    second = [add_assessment(database, case_id, adapter=None, id="another")]
    assert (first, second) == ([True, True], [False])
    with database.read() as unit:
        assert len(unit.assessments.history(case_id)) == 2
        assert len(unit.audit.events(case_id)) == 3


def test_a_new_look_stands_beside_what_was_judged_again(database: Database) -> None:
    """The same adapter and inputs: one was made without asking the model."""
    case_id = add_case(database, "a")
    first = assessment(case_id)
    add_assessment(database, case_id)
    again = replace(first.provenance, inputs="i2", rejudged=first.id)
    assert add_assessment(database, case_id, id="2" * 32, provenance=again)
    assert not add_assessment(database, case_id, id="3" * 32, provenance=again)
    fresh = replace(first.provenance, inputs="i2", spec=ProductSpec(revision="B", zones=(RIM,)))
    assert add_assessment(database, case_id, id="4" * 32, provenance=fresh, score=7.0)
    back = replace(again, inputs=first.provenance.inputs)
    assert not add_assessment(database, case_id, id="5" * 32, provenance=back)
    with database.read() as unit:
        history = unit.assessments.history(case_id)
        assert unit.audit.verify().problems == ()
    assert [x.id for x in history] == ["2" * 32, "4" * 32, first.id]
    assert [x.provenance.rejudged for x in history] == [first.id, None, None]
    assert history[1].provenance == fresh


@pytest.mark.parametrize("change", ["rejudged = 'x'", "spec = '{}'", "spec = '{\"pitch_mm\": 1}'"])
def test_a_changed_provenance_is_found(database: Database, change: str) -> None:
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE assessments SET {change}".replace(":", "\\:")))  # noqa: S608
    ((_, _, what),) = problems(database)
    assert "was changed" in what


def test_a_failure_that_comes_late_harms_nothing(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.read() as unit:
        seen = unit.cases.get(case_id).version
    add_assessment(database, case_id)
    with database.write() as unit, pytest.raises(Conflict, match="changed meanwhile"):
        unit.assessments.fail(case_id, "it broke", actor="ann", seen=seen)
    assert line(database, case_id).status is CaseStatus.ASSESSED


def test_priority_never_falls(database: Database) -> None:
    case_id = add_case(database, "a")
    for inputs, priority in (("1", 2), ("2", 0)):
        add_assessment(database, case_id, inputs=inputs, priority=priority, score=0.0)
    row = line(database, case_id)
    assert (row.priority, row.score) == (2, 0.0)


def test_an_earlier_assessment_stands_again_when_its_adapter_comes_back(
    database: Database,
) -> None:
    case_id = add_case(database, "a")
    for adapter in ("old", "new"):
        add_assessment(database, case_id, adapter=adapter, disposition=adapter)
    assert not add_assessment(database, case_id, adapter="old", disposition="old")
    assert line(database, case_id).recommended == "old"
    with database.read() as unit:
        latest = unit.assessments.latest(case_id)
        assert latest is not None
        assert latest.provenance.adapter == "old"
        assert unit.cases.pending("parts", "tile", "old", limit=9) == ()


def test_a_failure_is_shown_until_the_next_assessment(database: Database) -> None:
    case_id = add_case(database, "a")
    add_assessment(database, case_id)
    with database.write() as unit:
        unit.assessments.fail(case_id, "The adapter is missing.", actor="tests")
        unit.commit()
    assert line(database, case_id).failure == "The adapter is missing."
    assert not add_assessment(database, case_id)
    row = line(database, case_id)
    assert (row.status, row.failure) == (CaseStatus.ASSESSED, None)


def test_a_decided_case_stays_decided(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        unit.decisions.add(case_id, reviewer="ann", disposition="accept")
        unit.assessments.fail(case_id, "Out of memory.", actor="tests")
        unit.commit()
    add_assessment(database, case_id)
    row = line(database, case_id)
    assert (row.status, row.decided, row.failure) == (CaseStatus.DECIDED, "accept", None)


@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_a_score_that_orders_nothing_is_refused(database: Database, bad: float) -> None:
    case_id = add_case(database, "a")
    with pytest.raises(StoreError, match="score of an assessment"):
        add_assessment(database, case_id, score=bad)
    assert line(database, case_id).status is CaseStatus.NEW


def test_a_case_that_is_not_there_cannot_be_assessed(database: Database) -> None:
    with pytest.raises(NotFound):
        add_assessment(database, "0" * 64)
    with database.write() as unit, pytest.raises(NotFound):
        unit.assessments.fail("0" * 64, "No reason.", actor="tests")
