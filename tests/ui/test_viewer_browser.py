"""The viewer in a real browser: by mouse, key and finger, without a run of the script.

Screenshots go to $SCREENSHOTS, if that names a folder.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Response, Route, WebSocket
from test_ui_browser import browser, ready  # noqa: F401 - the first is a fixture
from test_ui_hostile import EVIL
from ui_cases import INSPECTOR, RADIOLOGY, CaseMaker
from ui_server import Server
from viewer_cases import FIND, ask, canvas, case_of, fresh_page, scan, slice_shown, stack, waited

from secondlook.assessments import Finding
from secondlook.cases import Role
from secondlook.evidence import Measurement, PriorCase, Region


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:  # noqa: F811 - the fixture
    with fresh_page(browser, server) as opened:
        yield opened


@pytest.fixture
def dark(browser: Browser, server: Server) -> Iterator[Page]:  # noqa: F811 - the fixture
    """A tablet in the dark."""
    size = {"width": 1024, "height": 768}
    with fresh_page(browser, server, viewport=size, color_scheme="dark", has_touch=True) as opened:
        yield opened


NO_WEBGL = """const before = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind === 'webgl2' ? null : before.call(this, kind, ...more);
};"""


class Wire:
    """What goes over the page's WebSocket: a run of the script begins with a message sent."""

    def __init__(self, on: Page) -> None:
        self.sent, self.received = 0, bytearray()
        on.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda _: setattr(self, "sent", self.sent + 1))
        socket.on("framereceived", self._take)

    def _take(self, data: Any) -> None:
        self.received += data.encode() if isinstance(data, str) else data


def picture(path: Path, seed: int, side: int = 200) -> Path:
    """A photograph of a grey plate."""
    grain = np.random.default_rng(seed).normal(150, 6, (side, side)).clip(0, 255)
    Image.fromarray(grain.astype(np.uint8)).save(path)
    return path


def open_case(on: Page, server: Server, case: str, name: str | None = None) -> Page:
    """The case, with its first picture, ready for keys."""
    on.goto(f"{server.url}/case?case={case}")
    waited(on)
    ready(on, name)
    return on


def drag(on: Page, start: tuple[float, float], way: tuple[float, float], **how: Any) -> None:
    """A drag over the stage, in shares of its size."""
    box = on.locator(".viewer .pane").first.bounding_box()
    assert box is not None
    x, y = box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"]
    on.mouse.move(x, y)
    on.mouse.down(**how)
    on.mouse.move(x + way[0] * box["width"], y + way[1] * box["height"], steps=4)
    on.mouse.up(**how)


def inspected(maker: CaseMaker, folder: Path, title: str = "inspected") -> str:
    """A part with two pictures, two places that were measured, and a good part it resembles."""
    folder.mkdir(exist_ok=True)
    good = case_of(maker, f"{title} good", picture(folder / "good.png", 9), domain=INSPECTOR)
    paths = [picture(folder / f"{x}.png", x) for x in (1, 2)]
    case = case_of(maker, title, *paths, domain=INSPECTOR)
    file = maker.picture(case)
    box = Region(attachment=file, left=20, top=30, width=40, height=20, score=3.0, name="1")
    other = Region(attachment=file, left=120, top=110, width=30, height=50, score=2.5, name="2")
    measures = [
        Measurement(name=name, value=value, unit=unit, region="1")
        for name, value, unit in (
            ("length", 40.0, "px"),
            ("length", 2.0, "mm"),
            ("width", 1.0, "mm"),
            ("border uncertainty", 1.5, "px"),
        )
    ]
    near = PriorCase(reference=maker.picture(good), similarity=0.4)
    scratch = Finding(
        label="scratch", title="Scratch", score=3.0, threshold=2.0, evidence=(box, *measures)
    )
    pore = Finding(
        label="pore",
        title="Pore",
        score=2.5,
        threshold=2.0,
        evidence=(other, near, maker.label_map(case, "pore")),
    )
    maker.store(case, (scratch, pore), trained=True)
    return case


def test_looking_costs_no_run_of_the_script(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    wire = Wire(page)
    open_case(page, server, inspected(shared_maker, tmp_path), "viewer-photo")
    before = wire.sent
    for key in "fzivVgbboOlldtthhpP":
        page.keyboard.press(f"Shift+{key}" if key.isupper() else key)
    for key in ("+", "-", "ArrowLeft", "ArrowDown", "Escape", "Escape"):
        page.keyboard.press(key)
    drag(page, (0.4, 0.4), (0.1, 0.1))
    drag(page, (0.4, 0.4), (0.1, 0.1), button="right")
    page.keyboard.press("l")
    drag(page, (0.3, 0.3), (0.2, 0.2))
    page.locator(".viewer .stage").hover(position={"x": 200, "y": 150})
    page.get_by_label("Opacity of the map").fill("30")
    page.get_by_label("Window (V)").select_option("More contrast")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_timeout(600)
    assert wire.sent == before
    assert ask(page, "v.look.opacity") == 0.3 and ask(page, "v.main.view.zoom") != 1


def test_choosing_a_place_is_one_run_and_what_was_set_stays(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    wire = Wire(page)
    open_case(page, server, inspected(shared_maker, tmp_path, "chosen"))
    chips = page.locator(".viewer .chip")
    assert chips.all_inner_texts() == [
        "1\nScratch, length 2 mm, width 1 mm (border ± 1.5 px)",
        "2\nPore, box 30 × 50 px",
    ]
    page.keyboard.press("+")
    page.keyboard.press("i")
    kept = ask(page, "[v.main.view, v.main.shades.inverted]")
    before = wire.sent
    at = ask(page, "v.main.placed")
    page.locator(".viewer .stage").click(
        position={"x": at["left"] + 40 * at["sx"], "y": at["top"] + 40 * at["sy"]}
    )
    page.get_by_text("Place 1: length 2 mm, width 1 mm (border ± 1.5 px)").wait_for()
    assert page.get_by_text("Scratch, score 3, raised from 2 on (1.5 times)").is_visible()
    assert wire.sent == before + 1
    assert ask(page, "[v.main.view, v.main.shades.inverted]") == kept
    assert ask(page, "v.look.chosen") == 0
    ready(page, "viewer-chosen")
    page.mouse.move(2, 2)
    page.locator(".viewer").focus()
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    page.get_by_text("Place 2: box 30 × 50 px").wait_for()
    assert wire.sent == before + 2


def test_what_was_set_is_forgotten_with_the_case(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    one, other = (inspected(shared_maker, tmp_path / x, x) for x in ("one", "other"))
    open_case(page, server, one)
    page.keyboard.press("i")
    page.keyboard.press("+")
    page.keyboard.press("s")
    page.wait_for_url(lambda x: f"case={one}" not in x)
    page.wait_for_function(f"() => location.href.includes({FIND}.scene.case)")
    waited(page)
    ready(page)
    assert ask(page, "v.scene.case") in page.url and other
    assert ask(page, "[v.main.view.zoom, v.main.shades.inverted, v.look.chosen]") == [
        1,
        False,
        None,
    ]


def test_a_stack_is_scrolled_by_wheel_and_keys(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    wire = Wire(page)
    case = case_of(shared_maker, "stack", *stack(tmp_path / "ct"))
    open_case(page, server, case, "viewer-stack")
    before = wire.sent
    slice_shown(page, 7)
    status = page.locator(".viewer .status")
    assert "Slice 7 / 12, 18.0 mm, axial" in status.inner_text()
    page.locator(".viewer .stage").hover()
    page.mouse.wheel(0, 120)
    slice_shown(page, 9)
    page.keyboard.press("k")
    slice_shown(page, 8)
    page.locator(".viewer").focus()
    for key, number in (("End", 12), ("j", 12), ("Home", 1), ("k", 1), ("j", 2)):
        page.keyboard.press(key)
        slice_shown(page, number)
    assert "3.0 mm" in status.inner_text()
    assert page.locator(".viewer .title").inner_text() == "CT axial (12)"
    page.keyboard.press("Space")
    page.wait_for_function("() => true")
    page.wait_for_timeout(600)
    page.keyboard.press("Space")
    assert ask(page, "v.main.wanted") > 1
    assert wire.sent == before


def test_values_are_read_in_their_unit(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    case = case_of(shared_maker, "units", *stack(tmp_path / "units"))
    open_case(page, server, case)
    values = {
        ask(page, "v.main.valueAt({x: given, y: 16.5}).values[0]", x + 0.5) for x in range(48)
    }
    assert values == {-1000, 1000}
    at = ask(page, "v.main.placed")
    page.locator(".viewer .stage").hover(
        position={"x": at["left"] + 3.5 * at["sx"], "y": at["top"] + 5.5 * at["sy"]}
    )
    assert page.locator(".viewer .value").inner_text() == "3, 5: -1000 HU"
    page.get_by_label("Window (V)").select_option("Lung")
    page.locator(".viewer .status").filter(has_text="C -600 W 1500").wait_for()


def test_a_ruler_measures_in_mm_where_that_is_known(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    flat = np.zeros((100, 100), np.uint16)
    known = scan(tmp_path / "mm.dcm", flat, PixelSpacing=["0.5", "0.25"])
    radiograph = scan(tmp_path / "cr.dcm", flat, PixelSpacing=["0.5", "0.5"], Modality="CR")
    nothing = scan(tmp_path / "px.dcm", flat)
    measured = []
    for path in (known, radiograph, nothing):
        open_case(page, server, case_of(shared_maker, f"ruler {path.name}", path))
        page.keyboard.press("l")
        drag(page, (0.45, 0.5), (0.1, 0))
        across = ask(page, "v.main.rulers[0]")
        columns = across["b"]["x"] - across["a"]["x"]
        page.keyboard.press("Escape")
        assert ask(page, "v.main.rulers.length") == 0
        drag(page, (0.5, 0.4), (0, 0.2))
        down = ask(page, "v.main.rulers[0]")
        rows = down["b"]["y"] - down["a"]["y"]
        measured.append((columns, across["said"], rows, down["said"]))
    (a, said_a, b, said_b), (c, said_c, *_), (d, said_d, *_) = measured
    assert float(said_a.removesuffix(" mm")) == pytest.approx(a * 0.25, rel=0.01)
    assert float(said_b.removesuffix(" mm")) == pytest.approx(b * 0.5, rel=0.01)
    assert float(said_c.removesuffix(" mm at the detector")) == pytest.approx(c * 0.5, rel=0.01)
    assert float(said_d.removesuffix(" px, pitch unknown")) == pytest.approx(d, rel=0.01)


def test_a_second_picture_goes_with_the_first(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    group = {"group": "dicom:" + "a" * 32}
    old = case_of(
        shared_maker,
        "exam before",
        *stack(tmp_path / "old", 12, SeriesInstanceUID="1.2.3"),
        **group,
    )
    case = case_of(
        shared_maker, "exam now", *stack(tmp_path / "now", 12, SeriesInstanceUID="1.2.4"), **group
    )
    shared_maker.store(case, (), trained=True)
    open_case(page, server, case)
    assert ask(page, "v.scene.beside") == [] and old not in json.dumps(ask(page, "v.scene"))
    page.keyboard.press("m")
    page.locator(".viewer").get_by_role("button", name="Beside").wait_for()
    page.keyboard.press("t")
    page.wait_for_function("() => document.querySelectorAll('*').length > 0")
    page.locator(".viewer .pane").nth(1).wait_for()
    page.wait_for_timeout(400)
    assert "earlier, opened" in page.locator(".viewer .title").nth(1).inner_text()
    page.keyboard.press("j")
    page.keyboard.press("+")
    page.keyboard.press("v")
    ready(page, "viewer-beside")
    assert ask(page, "[v.beside.pane.shown, v.beside.pane.view]") == ask(
        page, "[v.main.shown, v.main.view]"
    )
    assert ask(page, "v.beside.pane.shades.name") == "Soft tissue"
    assert (canvas(page, "beside.pane") == canvas(page)).all()
    page.locator(".viewer .link").click()
    page.keyboard.press("j")
    page.wait_for_timeout(300)
    assert ask(page, "v.main.shown - v.beside.pane.shown") == 1
    page.keyboard.press("Escape")
    assert page.locator(".viewer .pane").count() == 1


def test_the_nearest_good_part_stands_beside(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    open_case(page, server, inspected(shared_maker, tmp_path, "beside good"))
    page.keyboard.press("t")
    page.locator(".viewer .title").nth(1).wait_for()
    assert page.locator(".viewer .title").nth(1).inner_text() == "nearest good part"
    page.wait_for_timeout(400)
    assert canvas(page, "beside.pane")[:, :, 0].max() > 100
    ready(page, "viewer-good")


def test_what_is_hidden_is_not_in_the_page(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    wire, asked = Wire(page), []
    page.on("request", lambda x: asked.append(x.url))
    case = case_of(shared_maker, "hidden", *stack(tmp_path / "hidden", 3))
    file = shared_maker.picture(case)
    box = Region(attachment=file, left=4, top=4, width=9, height=9, score=0.9, name="zq7place")
    finding = Finding(
        label="nodule",
        title="zq8finding",
        probability=0.8,
        evidence=(box, shared_maker.label_map(case, "nodule")),
    )
    shared_maker.store(case, (finding,), trained=True)
    open_case(page, server, case, "viewer-hidden")
    secrets = (b"zq7place", b"zq8finding", b"what speaks for")
    assert not [x for x in secrets if x in wire.received]
    assert not page.locator(".viewer .chip").count()
    assert {x.split("/sl/pixels/")[1].split("/")[0] for x in asked if "/sl/pixels/" in x} == {case}
    page.keyboard.press("j")
    slice_shown(page, 3)
    page.keyboard.press("m")
    page.locator(".viewer .chip").filter(has_text="slice ").wait_for()
    assert [x for x in secrets if x in wire.received] == [*secrets]
    assert ask(page, "v.main.shown") == 2, "the slice that was looked at stays"
    assert not ask(page, "v.look.map"), "a map starts hidden where the picture comes first"


def test_names_stay_text(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    tried: list[str] = []
    page.on("request", lambda request: tried.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    case = shared_maker.add(EVIL, name=EVIL, extra=(shared_maker.volume(3),))
    box = Region(
        attachment=shared_maker.picture(case),
        left=4,
        top=4,
        width=9,
        height=9,
        score=3.0,
        name=EVIL,
    )
    shared_maker.store(
        case,
        (
            Finding(
                label=EVIL,
                title=EVIL,
                score=3.0,
                threshold=2.0,
                evidence=(box, shared_maker.label_map(case, EVIL)),
            ),
        ),
    )
    open_case(page, server, case, "viewer-hostile")
    page.keyboard.press("g")
    page.keyboard.press("h")
    assert page.locator(".viewer .chip b").inner_text() == " ".join(EVIL.split())
    assert page.locator(".viewer .title").inner_text() == " ".join(EVIL.split())
    assert page.locator(".viewer :is(img, script, a, iframe, svg)").count() == 0
    page.locator(".viewer .chip").click()
    page.get_by_text("Place ", exact=False).first.wait_for()
    own = (f"{server.url}/", f"ws://127.0.0.1:{server.port}/", "data:", "blob:")
    assert [x for x in tried if not x.startswith(own)] == []


def test_no_key_is_taken_while_somebody_types(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    open_case(page, server, inspected(shared_maker, tmp_path, "typing"))
    field = page.locator("textarea")
    field.press_sequentially("if zov + - life")
    assert field.input_value() == "if zov + - life"
    assert ask(page, "[v.main.view.zoom, v.main.shades.inverted, v.look.boxes]") == [1, False, True]


def test_two_fingers_zoom_and_one_moves(
    shared_maker: CaseMaker, server: Server, dark: Page, tmp_path: Path
) -> None:
    open_case(dark, server, inspected(shared_maker, tmp_path, "tablet"), "viewer-tablet")
    script = """async ([fingers]) => {
      const pane = FOUND.main.root;
      pane.setPointerCapture = () => {};
      const box = pane.getBoundingClientRect();
      const send = (kind, id, x, y) => pane.dispatchEvent(new PointerEvent(kind, {
        pointerId: id, pointerType: 'touch', clientX: box.left + x, clientY: box.top + y, bubbles: true, button: 0 }));
      for (const [id, x, y] of fingers[0]) send('pointerdown', id, x, y);
      for (const step of fingers.slice(1)) for (const [id, x, y] of step) send('pointermove', id, x, y);
      for (const [id, x, y] of fingers.at(-1)) send('pointerup', id, x, y);
    }"""
    script = script.replace("FOUND", FIND)
    dark.evaluate(script, [[[[1, 150, 200], [2, 250, 200]], [[1, 100, 200], [2, 300, 200]]]])
    assert ask(dark, "v.main.view.zoom") == pytest.approx(2.0, rel=0.1)
    before = ask(dark, "v.main.view")
    dark.evaluate(script, [[[[3, 200, 200]], [[3, 240, 200]], [[3, 260, 210]]]])
    assert ask(dark, "v.main.view.x") < before["x"]
    sizes = [x.bounding_box() for x in dark.locator(".viewer .bar button:visible").all()]
    assert sizes and all(x is not None and x["height"] >= 40 for x in sizes)


def test_it_works_without_a_worker_and_without_webgl(
    shared_maker: CaseMaker, server: Server, page: Page, tmp_path: Path
) -> None:
    page.add_init_script(NO_WEBGL)
    case = case_of(shared_maker, "bare", *stack(tmp_path / "bare", 3))
    open_case(page, server, case)
    assert ask(page, "[v.main.painter.kind, v.store.worker !== null]") == ["2d", True]
    policy = server.get("/").headers["Content-Security-Policy"]
    [scripts] = [x for x in policy.split(";") if "script-src" in x]
    assert "blob:" not in scripts
    page.add_init_script("delete globalThis.Worker")
    open_case(page, server, case)
    assert ask(page, "v.store.worker === null")
    page.keyboard.press("j")
    slice_shown(page, 3)


def test_what_cannot_be_shown_is_said_in_the_picture(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    from secondlook.cases import Attachment

    answers: list[Response] = []
    page.on("response", lambda x: answers.append(x) if "/sl/pixels/" in x.url else None)
    sha256 = shared_maker.workspace.blobs.put_bytes(b"no picture at all")
    broken = Attachment(
        sha256=sha256, name="b.png", media_type="image/png", size=17, role=Role.IMAGE
    )
    open_case(page, server, shared_maker.add("half", extra=(broken,)))
    page.keyboard.press("p")
    page.get_by_text("This file cannot be shown: its stored copy cannot be read.").wait_for()
    assert {x.status for x in answers} == {200, 422}
    assert {x.headers["content-encoding"] for x in answers} == {"identity"}
    page.keyboard.press("p")
    waited(page)
    assert ask(page, "v.main.note.textContent") == ""


def test_no_picture_stands_under_the_name_of_another(
    shared_maker: CaseMaker, server: Server, page: Page, tmp_path: Path
) -> None:
    held: list[Route] = []
    page.route("**/sl/pixels/*/1/0", lambda route: held.append(route))
    open_case(page, server, inspected(shared_maker, tmp_path, "slow"))
    shown = page.locator(".viewer canvas.pixels")
    assert shown.is_visible() and (canvas(page, layer="over") > 0).any()
    page.keyboard.press("p")
    page.get_by_text("Loading …").wait_for()
    assert page.locator(".viewer .title").inner_text() == "2.png"
    assert not shown.is_visible() and (canvas(page, layer="over") == 0).all()
    for route in held:
        route.continue_()
    page.get_by_text("Loading …").wait_for(state="hidden")
    waited(page)
    assert shown.is_visible()


def test_it_says_what_is_to_be_seen(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    open_case(page, server, inspected(shared_maker, tmp_path, "told"))
    told = page.locator(".viewer canvas.pixels").get_attribute("aria-label") or ""
    assert told.startswith("1.png, 200 by 200 pixels.")
    assert "place 1: length 2 mm" in told and "map of what speaks for pore" in told
    for button in page.locator(".viewer .bar button:visible").all():
        assert button.get_attribute("aria-pressed") is not None or button.inner_text() in (
            "Fit\nF",
            "1:1\nZ",
        )
    page.locator(".viewer").focus()
    page.keyboard.press("h")
    ready(page, "viewer-keys")
    assert page.get_by_role("dialog", name="Keys of the picture").is_visible()


def test_radiology_begins_with_windows_and_letters(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    tmp_path: Path,
) -> None:
    case = case_of(shared_maker, "letters", *stack(tmp_path / "letters", 3), domain=RADIOLOGY)
    open_case(page, server, case)
    before = ask(page, "v.main.shades.window(v.main.frame.said)")
    drag(page, (0.5, 0.5), (0.2, 0.1))
    after = ask(page, "v.main.shades.window(v.main.frame.said)")
    assert after["width"] > before["width"] and after["centre"] > before["centre"]
    letters = "(await import('/_stcore/bidi-components/secondlook.viewer/measures.js')).sides(v.main.frame.said.lie.letters)"
    assert ask(page, letters) == {"right": "L", "left": "R", "bottom": "P", "top": "A"}
