"""One word stands nowhere: this is a tool for research and workflow, and claims nothing more."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ("core", "plugins", "workflows", "ui", "migrations", "docs", "tests", ".ci")
WORD = re.compile("diagnos", re.IGNORECASE)
NAMES = re.compile(
    r"\b(?:DiagnosticReport|AdmittingDiagnoses\w+|DischargeDiagnosis\w+|InterpretationDiagnosis\w+)\b"
)
"""Names that FHIR and DICOM give: no text of ours, and files that use them cannot be read or made
safe without saying them."""


def files() -> Iterator[Path]:
    """Every file of the repository but pictures, weights, what is made, and this one."""
    for place in PLACES:
        yield from (x for x in (ROOT / place).rglob("*") if x.is_file())
    yield from (x for x in ROOT.iterdir() if x.is_file())


def said(text: str) -> list[str]:
    """The words in a text that hold it, but for the names of standards."""
    return re.findall(r"\w*diagnos\w*", NAMES.sub("", text), re.IGNORECASE)


def test_it_stands_nowhere() -> None:
    met, read = {}, 0
    for path in files():
        if path == Path(__file__) or "__pycache__" in path.parts or path.name == ".git":
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        read += 1
        if found := said(f"{path.relative_to(ROOT)}\n{text}"):
            met[str(path.relative_to(ROOT))] = found
    assert read > 500
    assert met == {}


@pytest.mark.parametrize("text", ["a Diagnosis", "no diagnostic value", "undiagnosed", "DIAGNOSES"])
def test_it_would_be_noticed(text: str) -> None:
    assert said(text)


def test_names_of_standards_are_no_claim() -> None:
    assert said("a DiagnosticReport") == []
    assert said("DiagnosticReports of ours") == ["DiagnosticReports"]
