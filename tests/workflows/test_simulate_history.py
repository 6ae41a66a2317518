"""A simulation from what was done here: exams that came, were looked at and were decided by people."""

from datetime import datetime, timedelta

import pytest

from secondlook.assessments import Finding
from secondlook.decisions import Act, FindingAct
from secondlook.errors import UsageError
from secondlook.store import clock
from secondlook_workflows import decide, intended_use, prioritise, simulate
from secondlook_workflows.context import Context
from secondlook_workflows.simulate import FIFO, LIMITED, MACHINE, SimulateConfig
from secondlook_workflows.simulating.site import Rates
from store_values import NOON, assessment, new_case

RADIOLOGY = "radiology-assistant"
ILL = "pneumonia"
COUNT, GAP, READING = 60, 30, 12
"""Exams, minutes between two of them, and minutes to read one."""


class Site:
    """Exams of a made-up site; the store's clock stands at what happens."""

    def __init__(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        self.context = context
        self.now = NOON
        monkeypatch.setattr(clock, "now", lambda: self.now)
        intended_use.acknowledge(RADIOLOGY, "ann", context)

    def comes(self, number: int, flagged: bool, at: datetime) -> str:
        """An exam that the machine looks at as it comes."""
        self.now = at
        found = Finding(label=ILL, title="Pneumonia", probability=0.8, severity="urgent")
        with self.context.workspace.database.write() as unit:
            case = unit.cases.add(new_case(f"exam {number}", domain=RADIOLOGY), actor="t").id
            look = assessment(
                case,
                findings=(found,) if flagged else (),
                evidence=(),
                abstention=None,
                flags=(),
                disposition="urgent" if flagged else "routine",
                priority=2 if flagged else 1,
            )
            unit.assessments.add(look, actor="t")
            unit.commit()
        return case

    def is_read(self, case: str, ill: bool, flagged: bool, at: datetime) -> None:
        """Ann reads it and says what is there."""
        self.now = at
        act = {(True, True): Act.AGREE, (True, False): Act.ADD, (False, True): Act.REJECT}
        acts = (FindingAct(label=ILL, act=act[ill, flagged]),) if ill or flagged else ()
        config = decide.DecideConfig(
            case=case, disposition="urgent" if ill else "routine", reviewer="ann", acts=acts
        )
        decide.run(config, self.context)


@pytest.fixture
def site(context: Context, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Sixty exams in thirty hours; of fifteen that are ill the machine finds twelve, and flags nine
    of the others."""
    made = Site(context, monkeypatch)
    cases = []
    for number in range(COUNT):
        ill = number % 4 == 0
        flagged = number // 4 < 12 if ill else number % 5 == 1
        at = NOON + timedelta(minutes=GAP * number)
        cases.append((made.comes(number, flagged, at), ill, flagged))
    begins = NOON + timedelta(minutes=GAP * COUNT)
    for number, (case, ill, flagged) in enumerate(cases):
        made.is_read(case, ill, flagged, begins + timedelta(minutes=READING * number))
    return made


def test_the_history_tells_what_the_simulation_needs(site: Site) -> None:
    report = simulate.run(SimulateConfig(domain=RADIOLOGY, runs=4, days=20), site.context)
    flagged = sum(x % 4 != 0 and x % 5 == 1 for x in range(COUNT))
    assert report.site.rates == {
        ILL: Rates(prevalence=0.25, sensitivity=0.8, specificity=pytest.approx(1 - flagged / 45))
    }
    hours = GAP * (COUNT - 1) / 60
    assert report.site.per_hour == pytest.approx(COUNT / hours)
    assert report.site.minutes == pytest.approx(READING)
    assert report.load == pytest.approx(COUNT / hours * READING / 60)
    assert set(report.orders) == {FIFO, MACHINE, LIMITED}
    ill = {x: report.orders[x][ILL].mean for x in report.orders}
    assert ill[MACHINE].value < ill[FIFO].value
    (note,) = report.notes
    assert note.startswith("too few decided cases") and ILL not in note.split(": ")[1].split(", ")


def test_what_a_person_moved_and_amended_counts_as_it_stands(site: Site) -> None:
    """An amended decision is the truth, and to move an exam is none."""
    with site.context.workspace.database.read() as unit:
        healthy = next(
            x for x in unit.worklist.export(RADIOLOGY) if x.decisions[-1].disposition == "routine"
        )
    site.now += timedelta(days=1)
    found = healthy.assessment.findings if healthy.assessment else ()
    act = Act.AGREE if found else Act.ADD
    config = decide.DecideConfig(
        case=healthy.case.id,
        disposition="urgent",
        reviewer="ann",
        acts=(FindingAct(label=ILL, act=act),),
        amend=True,
    )
    decide.run(config, site.context)
    waiting = site.comes(COUNT, False, site.now)
    prioritise.run(
        prioritise.PrioritiseConfig(case=waiting, band="critical", reviewer="ann"), site.context
    )
    report = simulate.run(SimulateConfig(domain=RADIOLOGY, runs=2, days=2), site.context)
    assert report.site.rates[ILL].prevalence == pytest.approx(16 / 60)


def test_too_few_decisions_ask_for_options(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Site(context, monkeypatch)
    for number in range(10):
        case = made.comes(number, True, NOON + timedelta(minutes=number))
        made.is_read(case, True, True, NOON + timedelta(hours=1, minutes=number))
    with pytest.raises(UsageError, match="what is in the cases"):
        simulate.run(SimulateConfig(domain=RADIOLOGY), context)
