"""backbones quantize, as a user types it, and what learns on what it makes."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from plates import ingest_config, plate
from secondlook.models.int8.card import GateFigures
from secondlook.models.int8.openvino_runtime import INSTALL
from secondlook.training.int8.judge import LEAST, Judge
from secondlook_workflows import assess, ingest, learn
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context
from secondlook_workflows.learning import LearnConfig
from tiny_checkpoints import checkpoint

pytestmark = pytest.mark.skipif(
    find_spec("openvino") is None or find_spec("nncf") is None,
    reason=f"NOT TESTED: int8 backbones need the extra openvino: {INSTALL}",
)
CLI = build()


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(checkpoint(tmp_path_factory, "vit"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good plates, and a file that is none."""
    folder = tmp_path_factory.mktemp("many")
    for seed in range(40):
        plate(seed).save(folder / f"{seed}.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def run(*words: str, status: int = 0) -> Result:
    outcome = CliRunner().invoke(CLI, ["backbones", *words])
    assert outcome.exit_code == status, outcome.output
    return outcome


def quantize(vit: str, goods: Path, out: Path, *more: str, status: int = 0) -> Result:
    return run("quantize", vit, "--goods", str(goods), "--out", str(out), *more, status=status)


@pytest.mark.slow
def test_a_backbone_is_quantized_checked_learned_on_and_looked_with(
    vit: str, many: Path, tmp_path: Path, context: Context, parts: Path
) -> None:
    out = tmp_path / "models" / "vit-int8"
    report = json.loads(quantize(vit, many, out, "--tolerance", "0.5", "--json").stdout)
    assert report["folder"] == str(out)
    assert report["calibration"] == 10
    assert report["gate"]["auroc_int8"] >= report["gate"]["auroc_before"] - 0.5
    assert report["gate"]["cosine_mean"] > 0.95
    assert [x["source"].endswith("broken.png") for x in report["quarantined"]] == [True]
    seen = json.loads(run("check", str(out), "--json").stdout)
    assert (seen["fingerprint"], seen["problems"]) == (report["fingerprint"], [])
    words = " ".join(run("check", str(out)).output.split())
    assert "int8 of vit" in words
    assert "stays as it is" in words
    learned = learn.run(
        LearnConfig(domain="defect-inspector", goods=many, product="plate", backbone=str(out)),
        context,
    )
    assert "the bank stands alone: a backbone in int8 stays as it is" in " ".join(learned.notes)
    ingest.run(ingest_config(parts), context)
    looked = assess.run(assess.AssessConfig(), context)
    assert (looked.assessed, looked.failed) == (2, {})
    used = [x.backbone.fingerprint for x in _adapters(context)]
    assert used == [report["fingerprint"]]
    again = quantize(str(out), many, tmp_path / "twice", status=1)
    assert "in int8 already" in " ".join(again.output.split())
    refused = quantize(vit, many, out, status=2)
    assert "never overwritten" in " ".join(refused.output.split())


def _adapters(context: Context) -> list[Any]:
    with context.workspace.database.read() as unit:
        return list(unit.adapters.all())


def test_int8_that_tells_less_well_is_not_written(
    vit: str, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Judge.figures

    def worse(judge: Judge, *more: Any) -> GateFigures:
        found = usual(judge, *more)
        return found.model_copy(update={"auroc_int8": found.auroc_before - 0.02})

    monkeypatch.setattr(Judge, "figures", worse)
    words = " ".join(quantize(vit, many, tmp_path / "out", status=1).output.split())
    assert "more than 0.01 less" in words
    assert "nothing was written" in words
    assert not (tmp_path / "out").exists()


def test_too_few_goods_are_refused_and_unread_ones_are_named(
    vit: str, many: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for path in [*sorted(many.glob("1*.png")), many / "broken.png"]:
        (few / path.name).write_bytes(path.read_bytes())
    words = " ".join(quantize(vit, few, tmp_path / "out", status=1).output.split())
    assert f"at least {LEAST} different pictures" in words
    assert "1 files could not be read" in words
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (("--goods", "nowhere"), 1, "there is no folder nowhere"),
        (("--tolerance", "1.5"), 2, "from 0 to below 1, got 1.5"),
        (("--tolerance", "nan"), 2, "from 0 to below 1, got nan"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    more: tuple[str, str], status: int, said: str, vit: str, many: Path, tmp_path: Path
) -> None:
    words = " ".join(quantize(vit, many, tmp_path / "out", *more, status=status).output.split())
    assert said in words


@pytest.mark.parametrize("out", ["a file/int8", "9" * 300])
def test_where_it_cannot_be_written_is_told_before_any_work(
    out: str, vit: str, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secondlook_workflows.quantize._before", None)
    (tmp_path / "a file").touch()
    words = " ".join(quantize(vit, many, tmp_path / out, status=2).output.split())
    assert "cannot write a backbone to" in words
    assert "name another folder" in words
    assert [x.name for x in tmp_path.iterdir() if x.name != "home"] == ["a file"]


def test_help_says_what_int8_may_cost() -> None:
    words = " ".join(run("quantize", "--help").output.split())
    assert "unless it tells defects less well" not in words
    assert "worse by more than --tolerance (0.01 AUROC)" in words


@pytest.mark.parametrize("name", ["nowhere", "minilm"])
def test_what_is_no_vision_backbone_is_refused(name: str, many: Path, tmp_path: Path) -> None:
    words = " ".join(quantize(name, many, tmp_path / "out", status=1).output.split())
    assert name in words
    assert not (tmp_path / "out").exists()


def test_without_the_extra_it_says_what_to_install(
    vit: str, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    words = " ".join(quantize(vit, many, tmp_path / "out", status=1).output.split())
    assert "pip install 'secondlook[openvino]'" in words
