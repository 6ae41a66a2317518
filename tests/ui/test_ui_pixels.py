"""Pixels over HTTP: for whom, in which form, and what is said where there are none."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from ui_cases import INSPECTOR, RADIOLOGY, CaseMaker, plate
from ui_viewer import unpacked

from secondlook.accounts.actor import Permission
from secondlook.cases import Attachment, Role
from secondlook.intake.views import Window, photo_view
from secondlook_ui import workplace
from secondlook_ui.serving import allowed, frames, packing, pixels
from secondlook_ui.serving.shelf import Shelf

Ask = Callable[..., Any]
EVERY = (INSPECTOR, RADIOLOGY)


@dataclass
class Person:
    """Somebody who may see the cases of some domains."""

    name: str = "Anna"
    domains: tuple[str, ...] = EVERY

    def may(self, permission: object, domain: str) -> bool:
        return permission is Permission.SEE and domain in self.domains


class SignedIn:
    """Puts a person into each request, as the middleware of accounts does."""

    def __init__(self, app: ASGIApp, person: list[Person | None]) -> None:
        self.app, self.person = app, person

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.person[0] is not None:
            scope.setdefault("state", {})["actor"] = self.person[0]
        await self.app(scope, receive, send)


@pytest.fixture
def ask(maker: CaseMaker) -> Iterator[Ask]:
    """Asks for an address as somebody: `ask(path, Person())`."""
    person: list[Person | None] = [None]
    app = SignedIn(Starlette(routes=pixels.routes()), person)
    with TestClient(app) as client:

        def asked(path: str, by: Person | None = Person(), method: str = "GET") -> Any:  # noqa: B008 - never changed
            person[0] = by
            return client.request(method, path)

        yield asked
    workplace.context().workspace.database.dispose()
    workplace.opened.cache_clear()
    frames.forget()
    allowed.forget()


def test_a_photograph_comes_as_it_is(maker: CaseMaker, ask: Ask) -> None:
    answer = ask(f"/sl/pixels/{maker.add()}/0/0")
    said, codes, rest = unpacked(answer.content)
    assert (codes == np.asarray(Image.open(io.BytesIO(plate(1))))).all() and not rest
    assert (said["width"], said["height"], said["exact"], said["level"]) == (96, 96, True, 0)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-encoding"] == "identity"


def test_nobody_gets_401_and_everybody_else_one_answer(maker: CaseMaker, ask: Ask) -> None:
    case = maker.add()
    assert ask(f"/sl/pixels/{case}/0/0", None).status_code == 401
    forbidden = ask(f"/sl/pixels/{case}/0/0", Person(domains=(RADIOLOGY,)))
    unknown = ask(f"/sl/pixels/{'0' * 64}/0/0")
    assert forbidden.status_code == unknown.status_code == 404
    assert forbidden.content == unknown.content
    assert ask(f"/sl/pixels/{case}/0/0").status_code == 200


def test_who_may_see_is_asked_anew_each_time(maker: CaseMaker, ask: Ask) -> None:
    case, person = maker.add(), Person()
    assert ask(f"/sl/pixels/{case}/0/0", person).status_code == 200
    person.domains = ()
    assert ask(f"/sl/pixels/{case}/0/0", person).status_code == 404


def test_nothing_before_the_intended_use_was_acknowledged(maker: CaseMaker, ask: Ask) -> None:
    case = maker.add(domain=RADIOLOGY)
    assert ask(f"/sl/pixels/{case}/0/0", Person("Bert")).status_code == 404
    assert ask(f"/sl/pixels/{case}/0/0", Person("Anna")).status_code == 200
    assert ask(f"/sl/pixels/{case}/0/0", Person("Bert")).status_code == 404


@pytest.mark.parametrize(
    "rest", ["1/0", "0/1", "0/0/0/0/0", "0/99999999", f"{10**30}/0", "0/0/0/1/1"]
)
def test_what_is_not_there(maker: CaseMaker, ask: Ask, rest: str) -> None:
    assert ask(f"/sl/pixels/{maker.add()}/{rest}").status_code == 404


@pytest.mark.parametrize("name", ["..%2f..%2fetc", "a" * 64, "A" * 64, "ab", "%00", "a" * 65])
def test_a_case_goes_by_its_whole_id(maker: CaseMaker, ask: Ask, name: str) -> None:
    maker.add()
    assert ask(f"/sl/pixels/{name}/0/0").status_code == 404


@pytest.mark.parametrize("part", [-1, "x", "1.5"])
def test_numbers_are_numbers(maker: CaseMaker, ask: Ask, part: object) -> None:
    assert ask(f"/sl/pixels/{maker.add()}/{part}/0").status_code == 404


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "NONE"])
def test_only_get_is_answered(maker: CaseMaker, ask: Ask, method: str) -> None:
    for who in (Person(), None):
        answer = ask(f"/sl/pixels/{maker.add()}/0/0", who, method)
        assert answer.status_code == 405 and answer.headers["allow"] == "GET"


def bad(maker: CaseMaker, data: bytes, **facts: int) -> Attachment:
    """A second file that is not what it says."""
    return Attachment(
        sha256=maker.workspace.blobs.put_bytes(data),
        name="Jane Doe.png",
        media_type="image/png",
        size=len(data),
        role=Role.IMAGE,
        facts=facts,
    )


def refusal(maker: CaseMaker, ask: Ask, file: Attachment) -> str:
    """Why a file is not shown."""
    answer = ask(f"/sl/pixels/{maker.add(extra=(file,))}/1/0")
    assert answer.status_code == 422
    said: dict[str, str] = answer.json()
    assert said["message"].startswith("This file cannot be shown: ")
    assert "Doe" not in answer.text and file.sha256[:8] not in answer.text
    return said["error"]


def test_what_cannot_be_shown_is_said_without_details(
    maker: CaseMaker, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    broken = bad(maker, b"no picture at all")
    assert refusal(maker, ask, broken) == "unreadable"
    gone = replace(broken, sha256="e" * 64)
    assert refusal(maker, ask, gone) == "gone"
    other = replace(bad(maker, b"a report"), role=Role.OTHER, media_type="application/dicom")
    assert refusal(maker, ask, other) == "no_picture"
    assert "Doe" not in caplog.text


def test_limits_hold_before_anything_is_decoded(
    maker: CaseMaker, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "read_view", lambda *_: pytest.fail("it was decoded"))
    monkeypatch.setattr(frames, "_photo", lambda *_: pytest.fail("it was decoded"))
    large = bad(maker, b"a large picture", width=100_000, height=100_000)
    assert refusal(maker, ask, large) == "too_large"
    heavy = replace(bad(maker, b"a heavy file"), size=2**40)
    assert refusal(maker, ask, heavy) == "too_large"


def test_an_error_of_our_own_says_nothing(
    maker: CaseMaker, ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Jane Doe")

    monkeypatch.setattr(pixels, "attachment_of", broken)
    answer = ask(f"/sl/pixels/{maker.add()}/0/0")
    assert answer.status_code == 500
    assert "Doe" not in answer.text + caplog.text and "RuntimeError" in caplog.text


def test_too_much_at_once_is_told_to_come_again(
    maker: CaseMaker, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "WAITING", 0)
    answer = ask(f"/sl/pixels/{maker.add()}/0/0")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"


def test_a_frame_is_decoded_once(
    maker: CaseMaker, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    read = frames._read
    monkeypatch.setattr(frames, "_read", lambda *x: seen.append(x) or read(*x))
    case = maker.add(extra=(maker.volume(slices=3),))
    for _ in range(3):
        for frame in range(3):
            assert ask(f"/sl/pixels/{case}/1/{frame}").status_code == 200
    assert len(seen) == 3


def test_slices_are_told_apart(maker: CaseMaker, ask: Ask) -> None:
    case = maker.add(extra=(maker.volume(slices=3),))
    greys = [unpacked(ask(f"/sl/pixels/{case}/1/{x}").content)[1].mean() for x in range(3)]
    assert greys == [0, 20, 40]


def test_a_large_picture_comes_small_and_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 2000)
    monkeypatch.setattr(packing, "TILE", 32)
    random = np.random.default_rng(1)
    view = replace(
        photo_view(np.zeros((3, 3, 3), np.uint8)),
        codes=random.integers(0, 4096, (70, 101)).astype(np.uint16),
    )
    said, small, _ = unpacked(packing.whole(view))
    assert (said["level"], said["width"], said["height"]) == (2, 101, 70)
    assert small.shape == (18, 26)
    assert small[0, 0] == np.rint(view.codes[:4, :4].mean(dtype=np.float32))
    whole = np.zeros_like(view.codes)
    for row in range(3):
        for column in range(4):
            found = packing.tile(view, 0, column, row)
            assert found is not None
            part = unpacked(found)[1]
            whole[
                row * 32 : row * 32 + part.shape[0], column * 32 : column * 32 + part.shape[1]
            ] = part
    assert (whole == view.codes).all()
    assert packing.tile(view, 0, 4, 0) is None and packing.tile(view, 2, 0, 0) is None


def test_halves_of_flat_pictures_are_flat_to_their_edges() -> None:
    flat = np.full((7, 5, 3), 200, np.uint8)
    assert (packing.halved(flat, 1) == 200).all() and packing.halved(flat, 1).shape == (4, 3, 3)


def test_a_colour_keeps_its_channels() -> None:
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[0, 0] = (1, 2, 3)
    said, codes, _ = unpacked(packing.whole(photo_view(picture)))
    assert said["channels"] == 3 and tuple(codes[0, 0]) == (1, 2, 3)
    assert said["window"] == {
        "centre": 127.5,
        "width": 255.0,
        "shape": "LINEAR_EXACT",
        "stated": False,
    }
    assert Window(**said["window"]) == photo_view(picture).window


def test_the_shelf_holds_no_more_than_fits() -> None:
    shelf: Shelf[bytes] = Shelf(10, len)
    for name in "abc":
        shelf.put(name, b"1234")
    assert shelf.get("a") is None and shelf.get("c") == b"1234" and shelf.bytes == 8
    shelf.put("large", b"1" * 50)
    assert shelf.get("large") and shelf.get("c") is None and shelf.bytes == 50
    shelf.put("large", b"1")
    assert shelf.bytes == 1
