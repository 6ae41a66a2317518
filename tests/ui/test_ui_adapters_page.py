"""Adapters and plugins: what is shown of them, to whom."""

from ui_cases import CaseMaker

from conftest import Become, OpenPage
from secondlook.accounts.actor import Role
from secondlook_ui.adapters_page import LEFT_OUT, flat

CARD = {
    "goods": {"false_alarm_bound": 0.05, "metrics": {"auroc": 0.91}, "suspects": [{"file": "Doe"}]},
    "answers": {
        "labels": ["pore"],
        "cases": 40,
        "metrics": {"auroc": 0.87, "ece": None},
        "ablations": {"image alone": {"auroc": 0.8}, "text alone": {"auroc": 0.6}},
    },
}


def test_a_card_is_told_with_its_ablations_and_intervals(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    adapter = maker.adapter(CARD)
    alone = {"text alone": {"gain_interval": [0.01, 0.03]}}
    whole = {"auroc": 0.9, "auroc_interval": [0.8, 0.95], "ablations": alone}
    measured = {"adapter": adapter, "intervals": {"anything": whole}}
    with maker.workspace.database.write() as unit:
        run = unit.runs.start("evaluate", {}, seed=0, code_version="test")
        unit.runs.finish(run, status="done", metrics=measured)
        unit.commit()
    app = open_page("adapters")
    tables = [x.value for x in app.dataframe]
    assert list(tables[0]["State"]) == ["in use"]
    assert "flags at most 5% of goods" in tables[0]["Figures"][0]
    told = " ".join(x.to_csv() for x in tables)
    assert "text alone,0.6" in told
    assert "0.8 to 0.95" in told
    assert "0.01 to 0.03" in told
    assert "Doe" not in told
    assert app.code[0].value == "secondlook adapters rollback defect-inspector --product plate"


def test_plugins_and_their_settings_are_for_owners(
    maker: CaseMaker, open_page: OpenPage, become: Become
) -> None:
    assert "plugins" not in open_page().session_state["pages"]
    become("Otto", Role.OWNER)
    app = open_page("plugins")
    assert set(app.dataframe[0].value["State"]) == {"loaded"}
    assert len(app.dataframe) > 1


def test_nested_values_become_lines() -> None:
    value = {"a": {"b": 0.123456, "c": None}, "d": ["x", "y"], "files": {"f": "hidden"}}
    assert dict(flat(value, without=LEFT_OUT)) == {"a b": "0.1235", "a c": "–", "d": "x, y"}
