"""Adapters as one file: packed alike every time, unpacked whole or not at all."""

import hashlib
import json
import pickle
import stat
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondlook import BackboneRef
from secondlook.errors import AdapterError
from secondlook.models import adapter_archive
from secondlook.models.adapter_archive import HEX, MARK, pack, unpack
from secondlook.models.adapter_card import AdapterCard, GoodsCard
from secondlook.models.adapters import Adapter
from secondlook.models.bank import PatchBank
from secondlook.models.goods import GoodsPart

CARD = AdapterCard(
    id="defect-inspector/tile/1",
    domain="defect-inspector",
    product="tile",
    version=1,
    vision="means",
    backbone=BackboneRef(name="means", revision="1", fingerprint="f" * 64, trained=False),
    goods=GoodsCard(
        threshold=0.5,
        false_alarm_rate=0.05,
        false_alarm_bound=0.2,
        goods=8,
        calibration_goods=8,
        data_sha256="d" * 64,
        seed=0,
    ),
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    code_version="test",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter with a bank of eight rows."""
    rows = np.eye(8, 4, dtype=np.float32) + 0.1
    bank = PatchBank(
        rows=rows / np.linalg.norm(rows, axis=1, keepdims=True),
        origin=np.zeros(8, dtype=np.int32),
        references=("a" * 64,),
    )
    folder = tmp_path_factory.mktemp("adapter") / "1"
    Adapter(card=CARD, goods=GoodsPart(bank=bank)).save(folder)
    return folder


@pytest.fixture(scope="module")
def archive(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That adapter as one file."""
    path = tmp_path_factory.mktemp("archive") / "tile.secondlook-adapter.zip"
    pack(folder, path)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (x for x in folder.rglob("*") if x.is_file())
    return {x.relative_to(folder).as_posix(): x.read_bytes() for x in files}


def test_what_was_packed_comes_back_byte_for_byte(
    folder: Path, archive: Path, tmp_path: Path
) -> None:
    card = unpack(archive, tmp_path / "1")
    assert contents(tmp_path / "1") == contents(folder)
    assert set(contents(folder)) == {"adapter.json", *card.files}
    assert [x.name for x in tmp_path.iterdir()] == ["1"]


def test_the_same_adapter_packs_to_the_same_bytes(
    folder: Path, archive: Path, tmp_path: Path
) -> None:
    sha256 = pack(folder, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    assert sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    with zipfile.ZipFile(archive) as opened:  # any other program reads it too
        assert opened.testzip() is None


def test_nothing_is_overwritten(folder: Path, archive: Path, tmp_path: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(AdapterError, match="exists and is not overwritten"):
        pack(folder, archive)
    assert archive.read_bytes() == before
    (tmp_path / "1").mkdir()
    with pytest.raises(AdapterError, match="never overwritten"):
        unpack(archive, tmp_path / "1")


@pytest.mark.parametrize("place", ["nowhere/x.zip", "file/x.zip"])
def test_a_place_that_cannot_be_written_is_named(folder: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AdapterError, match="give another place"):
        pack(folder, tmp_path / place)
    assert [x.name for x in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_nothing(
    folder: Path, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(adapter_archive.shutil, "copyfileobj", full)
    for call in (lambda: pack(folder, tmp_path / "x.zip"), lambda: unpack(archive, tmp_path / "1")):
        with pytest.raises(AdapterError, match="No space left"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_adapter_is_not_packed(archive: Path, tmp_path: Path) -> None:
    unpack(archive, tmp_path / "1")
    (tmp_path / "1" / "bank.safetensors").write_bytes(b"cut")
    with pytest.raises(AdapterError, match="damaged"):
        pack(tmp_path / "1", tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()


def refused(path: Path, tmp_path: Path) -> str:
    """The message; nothing may be left beside the archive."""
    place = tmp_path / "place"
    place.mkdir(exist_ok=True)
    with pytest.raises(AdapterError) as error:
        unpack(path, place / "1")
    assert list(place.iterdir()) == []
    return str(error.value)


def checkpoint(path: Path) -> None:
    """A pickle in a zip, as torch.save writes it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps([1]))


@pytest.mark.parametrize(
    "write",
    [
        checkpoint,
        lambda path: path.write_bytes(pickle.dumps([1])),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\x08\0\0\0\0\0\0\0{}      "),
    ],
)
def test_other_files_are_told_what_would_work(
    write: Callable[[Path], object], tmp_path: Path
) -> None:
    write(tmp_path / "x.pt")
    words = refused(tmp_path / "x.pt", tmp_path)
    assert "secondlook adapters export" in words
    assert "never opened" in words


@pytest.mark.parametrize(("name", "met"), [("nowhere", "is not there"), ("", "is a folder")])
def test_no_file_at_all(tmp_path: Path, name: str, met: str) -> None:
    with pytest.raises(AdapterError, match=f"{met}.*adapters export"):
        unpack(tmp_path / name, tmp_path / "1")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_byte_or_a_cut_never_gets_in(data: st.DataObject, archive: Path) -> None:
    whole = archive.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.sampled_from(("cut", "flip", "insert", "append")))
    made = {
        "cut": whole[:at],
        "flip": whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :],
        "insert": whole[:at] + b"\0" + whole[at:],
        "append": whole + whole[at:],
    }[change]
    mutant = archive.with_name("mutant.zip")
    mutant.write_bytes(made)
    refused(mutant, archive.parent)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_forged_digest_lets_nothing_damaged_in(
    data: st.DataObject, archive: Path, folder: Path
) -> None:
    """Flips that come with the digest they need: an AdapterError, or the very same files."""
    whole = bytearray(archive.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - HEX - 1))] ^= data.draw(st.integers(1, 255))
    mutant, target = archive.with_name("forged.zip"), archive.with_name("forged")
    mutant.write_bytes(sealed(bytes(whole)))
    try:
        unpack(mutant, target)
    except AdapterError:
        assert not target.exists()
    else:
        found = contents(target)
        for file in sorted(target.rglob("*"), reverse=True):
            file.unlink() if file.is_file() else file.rmdir()
        target.rmdir()
        bound = {k: v for k, v in contents(folder).items() if k != "adapter.json"}
        assert {k: v for k, v in found.items() if k != "adapter.json"} == bound
    assert not [x for x in archive.parent.iterdir() if x.name.startswith(".forged")]


def sealed(data: bytes) -> bytes:
    """With the digest it needs, as anybody could write it."""
    return data[:-HEX] + hashlib.sha256(data[:-HEX]).hexdigest().encode()


def crafted(path: Path, entries: list[tuple[Any, bytes]], **how: Any) -> Path:
    """An archive with these entries and the right digest."""
    with zipfile.ZipFile(path, "w", **how) as archive:
        archive.comment = MARK + b"0" * HEX
        for name, data in entries:
            archive.writestr(name, data)
    path.write_bytes(sealed(path.read_bytes()))
    return path


def card_for(files: dict[str, bytes], **change: Any) -> bytes:
    """A card that lists these files."""
    sha256 = {k: hashlib.sha256(v).hexdigest() for k, v in files.items()}
    return json.dumps(CARD.model_dump(mode="json") | {"files": sha256} | change).encode()


def with_entry(name: Any, data: bytes = b"x") -> list[tuple[Any, bytes]]:
    plain = name if isinstance(name, str) else name.filename
    return [("adapter.json", card_for({plain: data})), (name, data)]


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("bank.safetensors")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


CRAFTED: dict[str, tuple[Callable[[], list[tuple[Any, bytes]]], str]] = {
    "way out": (lambda: with_entry("../x.json"), "holds '../x.json'"),
    "deep way out": (lambda: with_entry("dense/../../x.json"), "only .safetensors"),
    "absolute": (lambda: with_entry("/tmp/x.json"), "only .safetensors"),
    "backslash": (lambda: with_entry("a\\b.json"), "only .safetensors"),
    "pickle": (lambda: with_entry("bank.pkl", pickle.dumps([1])), "holds 'bank.pkl'"),
    "code": (lambda: with_entry("model.py"), "only .safetensors"),
    "hidden": (lambda: with_entry(".x.json"), "only .safetensors"),
    "folder": (lambda: with_entry("dense/"), "only .safetensors"),
    "link": (lambda: with_entry(link(), b"/etc/passwd"), "a link"),
    "below a file": (
        lambda: [
            ("adapter.json", card_for({"a.json": b"", "a.json/b.json": b""})),
            ("a.json", b""),
            ("a.json/b.json", b""),
        ],
        "cannot unpack",
    ),
    "same but for case": (
        lambda: [("adapter.json", card_for({})), ("A.json", b""), ("a.json", b"")],
        "twice",
    ),
    "unlisted": (lambda: [("adapter.json", card_for({})), ("x.json", b"")], "does not list"),
    "missing": (lambda: [("adapter.json", card_for({"x.json": b""}))], "lacks 'x.json'"),
    "wrong sha256": (
        lambda: [("adapter.json", card_for({"x.json": b"y"})), ("x.json", b"x")],
        "whose sha256 is not",
    ),
    "no card": (lambda: [("adapter.jsonx.json", b"{}")], "holds no adapter.json"),
    "cut card": (lambda: [("adapter.json", b'{"id"')], "cannot read"),
    "other format": (lambda: [("adapter.json", card_for({}, format=9))], "'format'"),
    "control characters": (
        lambda: [("adapter.json", card_for({}, vision="\x1b[2J"))],
        "control characters",
    ),
    "too many": (
        lambda: [("adapter.json", card_for({})), *((f"{i}.json", b"") for i in range(40))],
        "lists 41 files",
    ),
}


@pytest.mark.parametrize("kind", CRAFTED)
def test_a_crafted_archive_is_refused(kind: str, tmp_path: Path) -> None:
    entries, words = CRAFTED[kind]
    message = refused(crafted(tmp_path / "x.zip", entries()), tmp_path)
    assert words in message
    assert sorted(x.name for x in tmp_path.iterdir()) == ["place", "x.zip"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    entries = [*with_entry("x.json"), ("x.json", b"y")]
    assert "twice" in refused(crafted(tmp_path / "x.zip", entries), tmp_path)


def test_compressed_entries_are_refused(tmp_path: Path) -> None:
    entries = with_entry("x.json", b"0" * 1000)
    path = crafted(tmp_path / "x.zip", entries, compression=zipfile.ZIP_DEFLATED)
    assert "compressed" in refused(path, tmp_path)


@pytest.mark.parametrize(("limit", "words"), [("MAX_BYTES", "more than"), ("MAX_CARD", "at most")])
def test_what_is_too_large_is_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, words: str
) -> None:
    monkeypatch.setattr(adapter_archive, limit, 100)
    assert words in refused(archive, tmp_path)


def test_sizes_in_64_bits_do_not_go_round_the_limits(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    at = len(whole) - HEX - len(MARK) - 22
    locator = b"PK\x06\x07" + bytes(16)
    (tmp_path / "x.zip").write_bytes(sealed(whole[:at] + locator + whole[at:]))
    assert "does not end as one" in refused(tmp_path / "x.zip", tmp_path)


def test_copies_have_the_same_content_and_others_do_not() -> None:
    copy = CARD.model_copy(
        update={"id": "x/2", "version": 2, "product": None, "origin": "y", "vision": "z"}
    )
    assert copy.content_sha256 == CARD.content_sha256
    for change in ({"code_version": "other"}, {"files": {"bank.safetensors": "0" * 64}}):
        assert CARD.model_copy(update=change).content_sha256 != CARD.content_sha256


@pytest.fixture(autouse=True)
def only_what_was_there(archive: Path) -> Iterator[None]:
    """No test leaves a draft beside the archive."""
    yield
    assert not [x for x in archive.parent.iterdir() if x.name.startswith(".")]
