"""backbones: list, check and fetch, as a user types them. The hub is played by a function."""

import json
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.utils import filter_repo_objects
from typer.testing import CliRunner, Result

from secondlook.errors import BackboneError, UsageError
from secondlook_workflows import backbones
from secondlook_workflows.cli.app import build
from tiny_checkpoints import Tiny

CLI = build()


def run(*words: str, status: int = 0) -> Result:
    outcome = CliRunner().invoke(CLI, ["backbones", *words])
    assert outcome.exit_code == status, outcome.output
    return outcome


def test_the_registered_backbones_are_listed() -> None:
    rows = json.loads(run("list", "--json").stdout)
    assert {"untrained", "minilm"} <= {x["name"] for x in rows}


def test_check_says_what_a_checkpoint_is_for(tiny: Tiny) -> None:
    report = json.loads(run("check", str(tiny("clip")), "--json").stdout)
    assert report["family"] == "clip"
    assert "shared space" in report["uses"]
    assert report["input_size"] == [32, 32]
    assert report["problems"] == []
    shown = run("check", str(tiny("clip")))
    assert "shared space" in shown.output
    assert "32 x 32" in shown.output


def test_check_of_a_bad_folder_ends_with_status_three(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "clip"}', encoding="utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80")
    report = json.loads(run("check", str(tmp_path), "--json", status=3).stdout)
    assert report["uses"] == []
    assert "safe_serialization=True" in report["problems"][0]
    assert "of no use here" in " ".join(run("check", str(tmp_path), status=3).output.split())


class Hub:
    """A repository of these files; `snapshot_download` of it, as the hub client filters."""

    def __init__(self, files: list[str], folder: Path) -> None:
        self.files = files
        self.folder = folder

    def __call__(self, name: str, **options: Any) -> str:
        patterns = {k: options[k] for k in ("allow_patterns", "ignore_patterns")}
        folder = self.folder / "snapshots" / "abc"
        for file in filter_repo_objects(self.files, **patterns):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(b"1234")
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)


WANTED = [
    "1_Pooling/config.json", "README.md", "config.json", "model-00001-of-00002.safetensors",
    "model.safetensors.index.json", "preprocessor_config.json", "spiece.model", "tokenizer.json",
]  # fmt: skip
UNWANTED = [
    "pytorch_model.bin", "model.pt", "modeling_evil.py", "onnx/model.onnx", "tf_model.h5",
    "unet/model.safetensors", "rust_model.ot", ".gitattributes",
]  # fmt: skip


def test_fetch_takes_nothing_that_can_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(WANTED + UNWANTED, tmp_path)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub)
    report = json.loads(run("fetch", "org/model", "--json").stdout)
    assert report["files"] == sorted(WANTED)
    assert (report["revision"], report["bytes"]) == ("abc", 4 * len(WANTED))
    assert "backbones check org/model" in run("fetch", "org/model").output


def test_fetch_refuses_a_checkpoint_of_pickles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(["config.json", "pytorch_model.bin"], tmp_path)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub)
    with pytest.raises(BackboneError, match=r"org/model has no safetensors.*another checkpoint"):
        backbones.fetch("org/model")


def test_fetch_without_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, **options: Any) -> str:
        raise LocalEntryNotFoundError("no connection\nto the hub")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    outcome = run("fetch", "org/model", status=1)
    words = " ".join(outcome.output.split())
    assert "cannot fetch org/model: LocalEntryNotFoundError: no connection; check the name" in words
    assert "HF_HUB_OFFLINE" in words


@pytest.mark.parametrize("name", ["model", "a/b/c", "../model", "https://hub/model", ""])
def test_fetch_of_what_is_no_hub_id(name: str) -> None:
    with pytest.raises(UsageError, match="give it as org/name"):
        backbones.fetch(name)
    run("fetch", name, status=2)
