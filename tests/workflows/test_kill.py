"""A kill in the middle of an assess: nothing that was stored is lost, a rerun finishes."""

import importlib.util
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "kill_assess.py"


def test_kill_nine_twice_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("kill_assess", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    found = module.measure(tmp_path, kills=2, cases=30)
    assert found["kills_in_the_middle"] == 2
    assert found["acknowledged_lost"] == 0
    assert found["assessed_at_the_end"] == 30
    assert (found["audit_problems"], found["integrity_check"]) == (0, "ok")
