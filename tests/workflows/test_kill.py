"""A kill in the middle: nothing that was stored is lost, and a rerun finishes."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plates import plate
from secondlook_workflows.context import Context
from tiny_checkpoints import checkpoint

SECONDLOOK = [sys.executable, "-m", "secondlook_workflows"]
SHORT = """
import secondlook.training.dense_plan as plan
from secondlook_workflows.cli import main
plan.MOST_STEPS = 400
main()
"""
BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "kill_assess.py"


@pytest.mark.slow
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


@pytest.mark.slow
def test_kill_nine_while_goods_are_learned_loses_seconds(
    context: Context, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    backbone = checkpoint(tmp_path_factory, "clip")
    goods = tmp_path / "many"
    goods.mkdir()
    for seed in range(90):
        plate(seed).save(goods / f"{seed}.png")
    given = ["--goods", goods, "--product", "plate", "--backbone", backbone, "--minutes", "3"]
    learn = [sys.executable, "-c", SHORT, "learn", "defect-inspector", *map(str, given), "--json"]
    process = subprocess.Popen(learn, stdout=subprocess.DEVNULL)
    folder = context.workspace.home / "learning"
    deadline = time.monotonic() + 300
    while not list(folder.rglob("dense.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not list((context.workspace.home / "adapters").rglob("*"))
    others = {x: folder / "defect-inspector" / "other" / x for x in ("new", "old", "log.jsonl")}
    for name, other in others.items():
        other.mkdir(parents=True)
        (other / ("log.jsonl" if name == "log.jsonl" else "dense.safetensors")).touch()
        if name != "new":
            os.utime(next(other.iterdir()), (0, 0))
    done = subprocess.run(learn, check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)
    assert any("went on after" in x for x in report["notes"]), report["notes"]
    assert report["metrics"]["goods"] == 90
    # of other runs, only states that are old are removed
    assert {x.parent for x in folder.rglob("*.safetensors")} == {others["new"]}
    assert sum(x.is_file() for x in folder.rglob("log.jsonl")) == 2
