"""Manifests: what a row names, and what a wrong one says."""

from pathlib import Path

import pytest

from secondlook.errors import ManifestError
from secondlook.intake.manifest import Manifest, read_manifest
from secondlook.intake.outcome import Reason


def read(folder: Path, text: str, encoding: str = "utf-8") -> Manifest:
    path = folder / "cases.csv"
    path.write_bytes(text.encode(encoding))
    return read_manifest(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """a.png, b.png and sub/manual.pdf."""
    for name in ("a.png", "b.png", "sub/manual.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_row_names_images_records_labels_and_note(folder: Path) -> None:
    manifest = read(
        folder,
        "case,image,record,note,label,disposition,group,split\n"
        '7,a.png; b.png,sub/manual.pdf,"Cough, 3 days",crack;fray,scrap,lot 1,train\n',
    )
    (row,) = manifest.rows
    assert (row.case, row.labels, row.disposition) == ("7", ("crack", "fray"), "scrap")
    assert (row.group, row.split) == ("lot 1", "train")
    assert row.note
    assert (row.note.text, row.note.kind) == ("Cough, 3 days", "note")
    assert [(x.row, x.purpose, x.source) for x in manifest.files] == [
        (0, "image", "a.png"),
        (0, "image", "b.png"),
        (0, "record", "sub/manual.pdf"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_header_is_found_in_any_case_and_encoding(folder: Path, encoding: str) -> None:
    manifest = read(folder, " Colour , NOTE ,Image\nrot,größer als üblich,a.png\n", encoding)
    assert manifest.rows[0].note
    assert manifest.rows[0].note.text == "größer als üblich"
    assert [x.source for x in manifest.files] == ["a.png"]


def test_note_alone_is_a_row_and_blank_lines_are_none(folder: Path) -> None:
    manifest = read(folder, "note\n\nfirst\n   \nsecond\n")
    assert [row.note.text for row in manifest.rows if row.note] == ["first", "second"]


def test_paths_of_another_system_are_found(folder: Path) -> None:
    assert read(folder, "image,record\na.png,sub\\manual.pdf\n").files[1].path.exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no.png", Reason.NOT_FOUND),
        ("../a.png", Reason.OUTSIDE_SOURCE),
        ("sub/../a.png", Reason.OUTSIDE_SOURCE),
        ("..\\a.png", Reason.OUTSIDE_SOURCE),
        ("/etc/hostname", Reason.OUTSIDE_SOURCE),
        ("link.png", Reason.OUTSIDE_SOURCE),
        ("sub", Reason.UNSUPPORTED),
        ("x" * 5000, Reason.NOT_FOUND),
    ],
)
def test_file_that_cannot_be_used_costs_only_itself(
    folder: Path, name: str, reason: Reason
) -> None:
    (folder / "link.png").symlink_to("/etc")
    manifest = read(folder, f"image\na.png\n{name};b.png\n")
    assert [(x.reason, x.row) for x in manifest.refused] == [(reason, 1)]
    assert [(x.row, x.source) for x in manifest.files] == [(0, "a.png"), (1, "b.png")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; its first line names columns: case, image"),
        ("case;image\n1;a.png\n", "columns case;image but neither .* separated by commas"),
        ("image,image\na.png,b.png\n", "column image twice"),
        ("image,note\na.png,one, two\n", "line 2: 3 cells under 2 columns; .* double quotes"),
        ("case,image\n1,a.png\n2,\n", "line 3 names no image, record or note"),
        ('image,note\na.png,"never ends\n', "is no CSV"),
    ],
)
def test_wrong_manifest_says_where_and_what_would_work(
    folder: Path, text: str, message: str
) -> None:
    with pytest.raises(ManifestError, match=message):
        read(folder, text)


def test_picture_instead_of_a_manifest_is_refused(folder: Path) -> None:
    (folder / "m.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00")
    with pytest.raises(ManifestError, match="neither text nor a known format"):
        read_manifest(folder / "m.csv")


def test_missing_manifest_is_an_error(folder: Path) -> None:
    with pytest.raises(ManifestError, match=r"cannot open the manifest no\.csv"):
        read_manifest(folder / "no.csv")


def test_error_never_quotes_a_note(folder: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read(folder, "image,note\na.png,Jane Doe, coughs\n")
    assert "Jane" not in str(caught.value)
