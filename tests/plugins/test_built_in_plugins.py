"""What both plugins promise alike: light imports, sound words, and passages found for real."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from case_files import CaseFiles, case_of
from PIL import Image
from typer.testing import CliRunner

from defect_inspector.domain import DefectInspector
from defect_inspector.plugin import register_commands
from radiology_assistant.domain import RadiologyAssistant
from secondlook import Case, Domain, IntakeError, ModelInputs, Verdict, read_document
from secondlook.intake.passages import note
from secondlook.models.backbones import TextBackbone
from secondlook.models.backbones import minilm as load_minilm
from secondlook.models.forward import forward

DOMAINS: list[Domain] = [DefectInspector(), RadiologyAssistant()]
HEAVY = ["torch", "transformers", "streamlit", "pydicom", "scipy", "sklearn", "typer"]

MANUAL = """# Tile inspection

## 3.1 Scratches
Scratches longer than 2 mm or visible at arm's length: reject the part.

## 3.2 Pores
Blowholes up to 0.3 mm are allowed, at most two per face.

## 4 Delivery
Parts are delivered on pallets of 400 and invoiced within 30 days.

## 5 Cracks
Any crack leads to scrap.
"""


@pytest.fixture(scope="module")
def minilm() -> TextBackbone:
    return load_minilm()


def test_importing_the_plugins_loads_nothing_heavy() -> None:
    code = (
        "import sys, defect_inspector.plugin, radiology_assistant.plugin; "
        f"print([x for x in {HEAVY} if x in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda x: x.name)
def test_codes_are_unique_and_described(domain: Domain) -> None:
    labels = [x.code for x in domain.taxonomy.labels]
    assert len(set(labels)) == len(labels)
    assert all(x.description and x.title for x in domain.taxonomy.labels)
    dispositions = [x.code for x in domain.dispositions]
    assert len(set(dispositions)) == len(dispositions) == 4


def mentions(text: str, minilm: TextBackbone, domain: Domain) -> Verdict:
    """What a domain makes of a text, read by the real text backbone."""

    record = note(text, kind=domain.record_kind, name="text")
    case = case_of(domain, [CaseFiles(domain).attachment("a.png")], [record])
    inputs = ModelInputs(records=case.records, queries=domain.prepare(case, {}).queries)
    return domain.assess(case, forward(inputs, vision=None, text=minilm, adapter=None))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Sudden dyspnoea, right pneumothorax suspected after line placement.", "pneumothorax"),
        ("Fell from bike, rule out fracture of the left wrist.", "fracture"),
        ("Follow-up of a known lung nodule.", "nodule_or_mass"),
        ("Position of NG tube?", "device_malposition"),
    ],
)
def test_a_note_is_searched_for_urgent_findings(
    text: str, label: str, minilm: TextBackbone
) -> None:
    verdict = mentions(text, minilm, RadiologyAssistant())
    found = {x.label: x.score or 0 for x in verdict.findings}
    assert max(found, key=lambda x: found[x]) == label


def test_a_note_of_heart_failure_is_not_said_to_mention_pneumothorax(minilm: TextBackbone) -> None:
    text = "Swollen legs, breathless when lying flat, known heart failure."
    verdict = mentions(text, minilm, RadiologyAssistant())
    assert "Note comes close to: pneumothorax" in [x.title for x in verdict.findings]
    assert verdict.priority == RadiologyAssistant().queue().band("not_assessed").priority


def test_a_harmless_note_mentions_nothing(minilm: TextBackbone) -> None:
    verdict = mentions("Routine check before surgery, no complaints.", minilm, RadiologyAssistant())
    assert verdict.findings == ()
    assert verdict.priority == RadiologyAssistant().queue().band("not_assessed").priority


@pytest.mark.parametrize(
    ("label", "clause"),
    [("scratch", "3.1 Scratches"), ("pore", "3.2 Pores"), ("crack", "5 Cracks")],
)
def test_the_clause_of_a_defect_is_found_in_a_manual(
    label: str, clause: str, minilm: TextBackbone
) -> None:
    domain = DefectInspector()
    manual = note(MANUAL, kind="manual", name="m")
    queries = tuple(x for x in domain.prepare(_empty(domain), {}).queries if x.label == label)
    inputs = ModelInputs(records=(manual,), queries=queries)
    best = forward(inputs, vision=None, text=minilm, adapter=None).matches[0]
    assert clause in best.passage.text
    assert best.similarity >= 0.3


def _empty(domain: Domain) -> Case:

    return case_of(domain, [])


def test_a_manual_is_shown_passage_by_passage(tmp_path: Path) -> None:
    file = tmp_path / "manual.md"
    file.write_text(MANUAL, encoding="utf-8")
    cli = typer.Typer()
    register_commands(cli)
    shown = CliRunner().invoke(cli, ["manual", "show", str(file)])
    assert shown.exit_code == 0
    assert "[line 6] 3.2 Pores Blowholes up to 0.3 mm are allowed" in shown.output
    plain = CliRunner().invoke(cli, ["manual", "show", "--json", str(file)])
    passages = json.loads(plain.output)["passages"]
    assert [x["line"] for x in passages] == [1, 6, 9, 12]


def test_a_manual_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    cli = typer.Typer()
    register_commands(cli)
    shown = CliRunner().invoke(cli, ["manual", "show", str(tmp_path / "none.pdf")])
    assert shown.exit_code == 3
    assert "not_found" in shown.output


def test_a_picture_is_no_manual(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "photo.png")
    with pytest.raises(IntakeError, match="photo.png is image/png, not a document"):
        read_document(tmp_path / "photo.png", "manual")
