"""The dashboard: figures of decided cases, for whoever may see their domain, and no person alone."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import INSPECTOR, RADIOLOGY, CaseMaker
from ui_people import signed_in

from conftest import Become, OpenPage
from secondlook.accounts.actor import Role
from secondlook.decisions import Act, FindingAct
from secondlook.store import clock
from secondlook_ui import dashboard_charts, dashboard_figures
from secondlook_workflows.context import open_context
from secondlook_workflows.figures import dashboard, differing
from secondlook_workflows.figures.dashboard import Dashboard, DashboardConfig

PEOPLE = ("Anna", "Bert", "Cleo")


def decided(maker: CaseMaker, number: int, by: str, *, rejected: bool = False) -> None:
    """A case with a finding, decided by somebody on the first look."""
    case_id = maker.add(f"plate {number}")
    look = maker.look(case_id)
    act = FindingAct(label="anomaly", act=Act.REJECT if rejected else Act.AGREE)
    outcome = "accept" if rejected else "hold"
    with maker.workspace.database.write() as unit:
        unit.decisions.add(
            case_id, reviewer=by, disposition=outcome, acts=[act], assessment_id=look.id
        )
        unit.commit()


@pytest.fixture
def twelve(maker: CaseMaker) -> CaseMaker:
    """Twelve decided cases, of three people; a quarter overridden, all by one of them."""
    for i in range(12):
        decided(maker, i, PEOPLE[i % 3], rejected=i % 4 == 0)
    return maker


def counted(maker: CaseMaker, days: int = 30) -> Dashboard:
    """The figures of the inspector's cases."""
    until = clock.now() + timedelta(seconds=1)
    config = DashboardConfig(domain=INSPECTOR, since=until - timedelta(days=days), until=until)
    return dashboard.run(config, open_context(maker.workspace.home))


def figure(app: AppTest, name: str) -> AppTest:
    """Choose a figure."""
    return app.segmented_control(key="figure").set_value(name).run()


def told(app: AppTest) -> str:
    """Every word beside the charts."""
    return " ".join(x.value for x in (*app.info, *app.caption, *app.text))


def test_every_figure_is_drawn_or_says_why_not(twelve: CaseMaker, open_page: OpenPage) -> None:
    twelve.assessed("still open")
    app = open_page("dashboard")
    told_first = {x.label: x.value for x in app.metric}
    assert (told_first["Decided"], told_first["Overridden"]) == ("12", "25%")
    assert app.dataframe[0].value["decided"].sum() == 12
    for name in dashboard_figures.FIGURES:
        figure(app, name)
        assert not app.error
        assert app.dataframe or app.info, name
    assert "12 decided on 1 day: too few for a p-chart" in told(figure(app, "p-chart"))
    assert "12 decided: too few to compare halves" in told(figure(app, "Drift"))
    assert "0 findings with a calibrated probability" in told(figure(app, "Calibration"))
    assert "no case was read by two people" in told(figure(app, "Agreement")).lower()


def test_no_group_of_one_person_is_shown(twelve: CaseMaker) -> None:
    for name in ("Bert", "Cleo"):
        signed_in(twelve.workspace, name, Role.REVIEWER)
    signed_in(twelve.workspace, "Anna", Role.LEAD)
    found = counted(twelve)
    assert found.agreement.overrides.by_group["others"]["reviewers"] == 1
    assert differing.groups(found.agreement) is None
    signed_in(twelve.workspace, "Dora", Role.LEAD)
    decided(twelve, 20, "Dora")
    rows = differing.groups(counted(twelve).agreement) or []
    assert [(x["label"], x["people"], x["decided"]) for x in rows] == [
        ("lead", 2, 5),
        ("reviewer", 2, 8),
    ]


def test_whoever_may_not_see_a_domain_is_told_nothing_of_it(
    twelve: CaseMaker, open_page: OpenPage, become: Become
) -> None:
    become("Vera", Role.VIEWER, RADIOLOGY)
    app = open_page("dashboard", of=INSPECTOR)
    assert len(app.selectbox(key="of").options) == 1
    assert app.metric[0].value == "0"
    assert "Nothing was decided" in told(app)


def test_older_decisions_are_in_a_longer_span_alone(
    maker: CaseMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = clock.now() - timedelta(days=60)
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: long_ago)
        decided(maker, 1, "Anna")
    assert (counted(maker).decided, counted(maker, days=90).decided) == (0, 1)


def test_what_was_taken_back_counts_no_more(twelve: CaseMaker) -> None:
    with twelve.workspace.database.write() as unit:
        (last, *_) = unit.views.recent("Anna")
        unit.case_acts.undo(last.decision.id, reviewer="Anna", minutes=15)
        unit.commit()
    assert counted(twelve).decided == 11


def test_charts_name_every_column_on_hover() -> None:
    rows = [{"label": "pore", "findings": 3, "cumulative": 1.0}]
    drawn = dashboard_charts.pareto(rows).to_dict()
    tips = [x["title"] for x in drawn["layer"][0]["encoding"]["tooltip"]]
    assert tips == ["label", "findings", "cumulative"]
