"""learn --words: a pair that brings a shared space orders findings, and never assesses an exam."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from labelled_plates import marked

sys.path.append(str(Path(__file__).parents[1] / "core"))
import bad_files

from radiology_assistant.domain import QUERIES
from secondlook import Measurement
from secondlook.assessments import Assessment
from secondlook.models.alignment import pair_in
from secondlook.store.worklist import WorklistFilter
from secondlook.workspace import default_home, init_workspace
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import open_context
from secondlook_workflows.stored_adapters import load_adapter
from tiny_checkpoints import Tiny

RADIOLOGY = "radiology-assistant"
BOUND = ["--eligible", "modality=CR,DX", "--eligible", "view=PA,AP"]


@pytest.fixture(autouse=True)
def workspace(tiny: Tiny) -> Iterator[None]:
    """A workspace whose text backbone is a tiny one: quicker than minilm."""
    init_workspace(default_home()).database.dispose()
    text = f"text_backbone = '{tiny('bert')}'\n"
    (default_home() / "secondlook.toml").write_text(text)
    return iter([None])


def call(*words: object) -> Result:
    return CliRunner().invoke(build(), [str(x) for x in words])


def exams(folder: Path, **values: str) -> Path:
    """A radiograph of each of two patients; `values` replace what their headers say."""
    folder.mkdir()
    for seed in range(2):
        stored = np.asarray(marked("pore", seed), np.uint16) * 16
        elements = {"Modality": "CR", "ViewPosition": "PA", "StudyInstanceUID": f"1.2.{seed}"}
        dataset = bad_files.dicom(stored, **(elements | values))
        (folder / f"{seed}.dcm").write_bytes(bad_files.dicom_bytes(dataset))
    return folder


def looks() -> list[Assessment]:
    context = open_context()
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter()).rows
        found = [unit.assessments.latest(x.id) for x in rows]
    context.workspace.database.dispose()
    return [x for x in found if x is not None]


def said(assessment: Assessment) -> list[Measurement]:
    return [x for x in assessment.evidence if isinstance(x, Measurement)]


def reasons(found: list[Assessment]) -> set[str]:
    return {x.abstention.reason for x in found if x.abstention is not None}


def test_without_that_act_an_image_is_not_assessed(tmp_path: Path) -> None:
    assert call("run", RADIOLOGY, exams(tmp_path / "exams")).exit_code == 0
    assert reasons(looks()) == {"no_adapter"}
    assert not any(x.evidence for x in looks())


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_findings_are_ordered_by_likeness_and_nothing_is_assessed(
    tmp_path: Path, tiny: Tiny, family: str
) -> None:
    made = call("learn", RADIOLOGY, "--words", "--backbone", tiny(family), *BOUND)
    assert made.exit_code == 0, made.output
    assert "no chance of any" in made.output
    assert "it looks at: kind: picture, volume; modality: CR, DX; view: AP, PA" in made.output
    assert call("run", RADIOLOGY, exams(tmp_path / "exams")).exit_code == 0
    found = looks()
    assert len(found) == 2
    for assessment in found:
        assert (assessment.disposition, assessment.findings) == ("not_assessed", ())
        assert (assessment.score, assessment.abstention is not None) == (0.0, True)
        told = said(assessment)
        assert [x.value for x in told] == sorted((x.value for x in told), reverse=True)
        assert [x.name[:17] for x in told] == [f"{i}. most like the " for i in (1, 2, 3)]
    assert reasons(found) == {"only_likeness"}
    listed = call("worklist", "--domain", RADIOLOGY, "--json").output
    assert "not_assessed" in listed
    shown = call("show", found[0].case_id[:12]).output
    assert "nothing about whether it is normal" in " ".join(shown.split())


def test_the_order_is_the_same_when_the_adapter_is_loaded_again(tiny: Tiny) -> None:
    prompt = "a chest x-ray that shows {label}"
    call("learn", RADIOLOGY, "--words", "--prompt", prompt, "--backbone", tiny("clip"), *BOUND)
    assert shares() == shares()
    assert len(shares()) == 12
    card = call("adapters", "show", f"{RADIOLOGY}/1").output
    assert "a chest x-ray that shows {title}" in card


def shares() -> dict[str, float]:
    """How much a radiograph is like the words of each finding, everything loaded anew."""
    context = open_context()
    with context.workspace.database.read() as unit:
        adapter = load_adapter(unit.adapters.get(f"{RADIOLOGY}/1"), context)
    assert adapter.resembling is not None
    pair, picture = pair_in(context.runtime.vision(adapter.vision)), np.asarray(marked("pore", 1))
    found = adapter.resembling.shares(pair, [np.stack([picture] * 3, axis=-1)], QUERIES)
    context.workspace.database.dispose()
    return found


def test_what_it_is_not_for_is_not_looked_at(tmp_path: Path, tiny: Tiny) -> None:
    call("learn", RADIOLOGY, "--words", "--backbone", tiny("clip"), *BOUND)
    call("run", RADIOLOGY, exams(tmp_path / "exams", Modality="MG"))
    assert reasons(looks()) == {"not_eligible"}
    assert not any("most like" in x.name for y in looks() for x in said(y))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--backbone", "CLIP"], "say which pictures the words are for: --eligible modality"),
        (["--backbone", "CLIP", "--eligible", "weight=3"], "is bound by kind, modality"),
        (["--backbone", "VIT", *BOUND], "reads pictures and no texts"),
        (["--backbone", "CLIP", *BOUND, "--align"], "give one of them"),
        (["--backbone", "CLIP", *BOUND, "--prompt", "a lung"], "no place for a label"),
        (["--backbone", "CLIP", *BOUND, "--decided"], "exactly one of"),
    ],
)
def test_what_cannot_be_compared_is_refused(tiny: Tiny, words: list[str], told: str) -> None:
    named = {"CLIP": str(tiny("clip")), "VIT": str(tiny("vit"))}
    refused = call("learn", RADIOLOGY, "--words", *(named.get(x, x) for x in words))
    assert refused.exit_code != 0
    assert told in " ".join(refused.output.split())


def test_parts_are_not_compared_with_words(tiny: Tiny) -> None:
    refused = call("learn", "defect-inspector", "--words", "--backbone", tiny("clip"))
    assert "binds them to none" in " ".join(refused.output.split())
