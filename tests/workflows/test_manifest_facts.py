"""What a manifest says of pictures: as files would say it, and only where they are silent."""

from pathlib import Path

import pytest

from secondlook.cases import Attachment, Role, Scalar
from secondlook.domain import IntakeFile, ManifestRow
from secondlook_workflows.manifest_facts import with_stated


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"view": "pa", "modality": "dx", "age": "64"}, {"view": "PA", "modality": "DX", "age_years": 64}),
        ({"view": "AP Supine", "age": "045Y"}, {"view": "AP SUPINE", "age_years": 45}),
        ({"age": "17.5"}, {"age_years": 17}),
        ({"age": "104"}, {"age_years": 90}),
        ({"view": "n/a", "modality": "", "age": "old"}, {}),
        ({"view": "as the doctor, Dr. Smith, said", "sex": "F"}, {}),
        ({"view": None, "age": None}, {}),
    ],
)  # fmt: skip
def test_words_become_what_files_say(said: dict[str, Scalar], expected: dict[str, Scalar]) -> None:
    row = ManifestRow(case=None, facts=said)
    assert with_stated(a_file(Role.VOLUME), row).attachment.facts == expected


def a_file(role: Role, **facts: Scalar) -> IntakeFile:
    attachment = Attachment(
        sha256="a" * 64, name="a", media_type="image/png", size=1, role=role, facts=facts
    )
    return IntakeFile(path=Path("a"), source="a", attachment=attachment)


def test_a_file_is_believed_before_a_manifest() -> None:
    row = ManifestRow(case=None, facts={"view": "PA", "age": "64"})
    both = with_stated(a_file(Role.IMAGE, view="AP", rows=3), row)
    assert both.attachment.facts == {"view": "AP", "rows": 3, "age_years": 64}


def test_documents_have_no_view() -> None:
    document = a_file(Role.DOCUMENT)
    assert with_stated(document, ManifestRow(case=None, facts={"view": "PA"})) == document
