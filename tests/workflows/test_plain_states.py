"""States of killed runs from before groups were under a key: gone after an upgrade."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from secondlook.errors import WorkspaceError
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.labelled import LabelledCase, LabelledConfig
from secondlook.training.labelled.run import identity
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context
from secondlook_workflows.plain_states import forget_plain

PLAIN, KEYED, CASE = "0123456789abcdef", "ab" * 16, "c" * 64


def state(context: Context, *groups: str) -> Path:
    """What a killed run of labelled learning leaves."""
    cases = [
        LabelledCase(images=(), passages=("a note",), labels=("crack",), group=x, key=f"{i:064x}")
        for i, x in enumerate(groups)
    ]
    work = identity(cases, None, None, ["crack", PLAIN], LabelledConfig())
    kept = Checkpoint(context.workspace.home / "learning" / "domain" / "product", work)
    kept.write("read", {"rows": np.zeros(3)})
    assert kept.folder is not None
    (kept.folder / "log.jsonl").write_text("{}")
    return kept.folder


def files(folder: Path) -> list[str]:
    return sorted(x.name for x in folder.iterdir())


@pytest.mark.parametrize("command", [["db", "upgrade"], ["init"]])
def test_an_upgrade_removes_states_with_plain_digests(context: Context, command: list[str]) -> None:
    old = state(context, KEYED, PLAIN)
    new = state(context, KEYED, CASE)
    done = CliRunner().invoke(build(), [*command, "--json"])
    assert done.exit_code == 0, done.output
    json.loads(done.stdout)
    assert files(old) == ["log.jsonl"]
    assert files(new) == ["log.jsonl", "read.safetensors", "work.json"]
    left = [x.read_bytes() for x in (context.workspace.home / "learning").rglob("*.json")]
    assert [f'"{PLAIN}"]]'.encode() in x for x in left] == [False]


def test_a_state_that_was_half_written_is_removed_too(context: Context) -> None:
    old = state(context, PLAIN, PLAIN)
    whole = (old / "work.json").read_bytes()
    (old / "work.part").write_bytes(whole[: whole.index(PLAIN.encode()) + 30])
    (old / "work.json").unlink()
    assert forget_plain(context.workspace.home) == 1
    assert files(old) == ["log.jsonl"]
    assert forget_plain(context.workspace.home) == 0


def test_a_state_that_stays_is_told(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    state(context, PLAIN)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(WorkspaceError, match="learning: Permission denied; remove that folder"):
        forget_plain(context.workspace.home)
