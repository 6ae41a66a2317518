"""Files are kept once, whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from secondlook.errors import NotFound, StoreError
from secondlook.store.blobs import CHUNK, BlobStore
from store_values import digest


def files(root: Path) -> list[Path]:
    """All files below a folder."""
    return [path for path in root.rglob("*") if path.is_file()]


def test_what_is_stored_comes_back_under_its_hash(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    source = tmp_path / "source"
    source.write_bytes(b"word" * CHUNK)
    sha256 = store.put_file(source)
    assert store.path(sha256).read_bytes() == source.read_bytes()
    assert store.path(sha256).parts[-3:] == (sha256[:2], sha256[2:4], sha256)
    assert store.put_bytes(b"word") == digest("word")
    assert store.verify() == ()


def test_the_same_content_is_stored_once(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    assert store.put_bytes(b"word") == store.put_bytes(b"word")
    assert len(files(tmp_path)) == 1


def test_an_empty_file_is_content_too(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    assert store.path(store.put_bytes(b"")).read_bytes() == b""


@pytest.mark.parametrize("after", [0, 1])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    store, write, calls = BlobStore(tmp_path / "blobs"), os.write, []

    def full(file: int, data: bytes) -> int:
        calls.append(file)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:1])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match=r"4 bytes: the disk is full.*free some space"):
        store.put_bytes(b"word")
    assert files(tmp_path) == []


def test_a_disk_that_fills_at_the_last_moment_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="the disk is full"):
        BlobStore(tmp_path).put_bytes(b"word")
    assert files(tmp_path) == []


def test_a_write_that_takes_a_part_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:1]))
    store = BlobStore(tmp_path)
    assert store.path(store.put_bytes(b"word")).read_bytes() == b"word"


def test_a_missing_source_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"Tried to store gone\.png: it is not there"):
        BlobStore(tmp_path / "blobs").put_file(tmp_path / "gone.png")


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63 + "/"])
def test_nothing_but_a_stored_hash_has_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        BlobStore(tmp_path).path(name)


def test_verify_names_what_is_damaged_or_misplaced(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    damaged = store.path(store.put_bytes(b"word"))
    damaged.write_bytes(b"ward")
    (damaged.parent / "note.txt").write_text("?")
    assert [problem.split()[0] for problem in store.verify()] == [
        str(damaged.relative_to(tmp_path)),
        str((damaged.parent / "note.txt").relative_to(tmp_path)),
    ]
