"""Finding files: in a fixed order, never outside of the source, in spite of any link or name."""

import os
from pathlib import Path

import pytest

from secondlook.intake.names import safe_name
from secondlook.intake.sources import FoundFile, walk


def outcomes(*sources: Path) -> list[str]:
    """`source` of what was found, `source: reason` of what was not."""
    return [
        x.source if isinstance(x, FoundFile) else f"{x.source}: {x.reason}" for x in walk(sources)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """b.txt, a/2.txt, a/10.txt, and hidden things."""
    root = tmp_path / "root"
    for name in ("b.txt", "a/2.txt", "a/10.txt", ".hidden/x.txt", "a/.DS_Store"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


def test_folder_is_walked_in_order_without_hidden_files(folder: Path) -> None:
    assert outcomes(folder) == ["a/10.txt", "a/2.txt", "b.txt"]


def test_file_is_a_source_too(folder: Path) -> None:
    assert list(walk([folder / "b.txt"])) == [FoundFile(folder / "b.txt", "b.txt")]


def test_missing_source_is_named_and_the_next_one_walked(folder: Path) -> None:
    assert outcomes(folder / "no", folder / "b.txt") == ["no: not_found", "b.txt"]


def test_links_are_judged_by_where_they_lead(folder: Path) -> None:
    (folder.parent / "secret").mkdir()
    (folder.parent / "secret/s.txt").write_text("s")
    (folder / "a/up").symlink_to(folder)
    (folder / "c-out").symlink_to(folder.parent / "secret")
    (folder / "d-file-out").symlink_to(folder.parent / "secret/s.txt")
    (folder / "e-nothing").symlink_to("nowhere")
    (folder / "f-self").symlink_to("f-self")
    (folder / "g-inside").symlink_to("b.txt")
    (folder / "h-again").symlink_to("a")
    assert outcomes(folder) == [
        "a/10.txt",
        "a/2.txt",
        "a/up: link_loop",
        "b.txt",
        "c-out: outside_source",
        "d-file-out: outside_source",
        "e-nothing: not_found",
        "f-self: link_loop",
        "g-inside",
    ]


def test_links_that_fan_out_are_walked_once(tmp_path: Path) -> None:
    for level in range(30):  # 2 to the 30 paths
        (tmp_path / f"{level:02}").mkdir()
        for name in "xy":
            (tmp_path / f"{level:02}" / name).symlink_to(tmp_path / f"{(level + 1) % 31:02}")
    (tmp_path / "30").mkdir()
    (tmp_path / "30/end.txt").write_text("x")
    found = [x for x in walk([tmp_path]) if isinstance(x, FoundFile)]
    assert len(found) == 1


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has such names")
def test_strange_names_are_safe_to_show(tmp_path: Path) -> None:
    for name in (b"line\nbreak", b"esc\x1b[31m", b"\xff", "rtl\u202egpj".encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("x")
    assert outcomes(tmp_path) == ["esc\ufffd[31m", "line\ufffdbreak", "rtl\ufffdgpj", "\ufffd"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_found_and_left_to_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert outcomes(tmp_path) == ["pipe"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root opens anything")
def test_closed_folder_is_named(folder: Path) -> None:
    (folder / "a").chmod(0)
    try:
        assert outcomes(folder) == ["a: unreadable", "b.txt"]
    finally:
        (folder / "a").chmod(0o700)


def test_safe_name_keeps_letters_of_every_script() -> None:
    assert safe_name("Prüfung 表面 ملف.png") == "Prüfung 表面 ملف.png"
