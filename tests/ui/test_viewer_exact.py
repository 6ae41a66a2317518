"""In a real browser: what stands on the canvas is what the engine's own reader would show."""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page
from test_ui_browser import browser  # noqa: F401 - a fixture
from ui_cases import CaseMaker
from ui_server import Server
from viewer_cases import FIND, HARDWARE, ask, canvas, case_of, fresh_page, scan, stored, waited

from secondlook.assessments import Finding
from secondlook.evidence import AnomalyMap, Region
from secondlook.intake.pixels import read_frame
from secondlook.intake.voi import apply_window
from secondlook.maps import encode_map
from secondlook_ui import colour

LUT = "import('/_stcore/bidi-components/secondlook.viewer/lut.js')"
CODES = np.arange(65536, dtype=np.float64)


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:  # noqa: F811 - the fixture
    with fresh_page(browser, server) as shown:
        yield shown


@pytest.fixture(params=["2d", "webgl2"])
def painter(
    request: pytest.FixtureRequest,
    browser: Browser,  # noqa: F811 - the fixture
    server: Server,
) -> Iterator[Page]:
    """A page whose viewer paints in one of the two ways."""
    with fresh_page(browser, server) as shown:
        if request.param == "webgl2":
            shown.add_init_script(HARDWARE)
        yield shown


def gradient() -> NDArray[np.uint16]:
    """Every value of 12 bits, each once: 64 rows of 64."""
    return np.arange(4096, dtype=np.uint16).reshape(64, 64)


def opened(on: Page, server: Server, case: str) -> Page:
    """The case, with its first picture."""
    on.goto(f"{server.url}/case?case={case}")
    waited(on)
    return on


def at_scale(on: Page, scale: int) -> NDArray[np.uint8]:
    """The picture at a whole scale, cut out of the canvas: one row of each pixel."""
    ask(on, "v.act('actual')")
    box = ask(on, "[v.main.box.width / 2, v.main.box.height / 2]")
    ask(on, "v.zoom(v.main, given[0], given[1], given[2])", [scale, *box])
    whole = canvas(on)
    at = ask(on, "v.main.placed")
    assert at["sx"] == pytest.approx(scale, abs=1e-6)
    said = ask(on, "v.main.frame.said")
    middle = scale // 2
    rows = at["top"] + np.arange(said["height"]) * scale + middle
    columns = at["left"] + np.arange(said["width"]) * scale + middle
    return whole[np.ix_(rows, columns)][:, :, :3]


@pytest.mark.parametrize("scale", [1, 4])
def test_a_gradient_of_12_bits_has_the_greys_of_the_engine(
    shared_maker: CaseMaker, server: Server, painter: Page, tmp_path: Path, scale: int
) -> None:
    values = {"WindowCenter": "1000", "WindowWidth": "1800", "PixelSpacing": ["1", "1"]}
    path = scan(tmp_path / f"g{scale}.dcm", gradient(), **values)
    case = case_of(shared_maker, f"gradient {scale} {id(painter)}", path)
    opened(painter, server, case)
    file = stored(shared_maker, path)
    engine = read_frame(file, path, 0)
    assert engine is not None
    assert np.abs(at_scale(painter, scale).astype(int) - engine).max() <= 1
    for centre, width in ((2048, 4096), (300, 100), (2000.5, 1)):
        ask(
            painter,
            "v.main.shades.set({centre: given[0], width: given[1], shape: 'LINEAR'})",
            [centre, width],
        )
        expected = apply_window(gradient(), centre, width, "LINEAR")
        shown = at_scale(painter, scale)
        assert np.abs(shown[:, :, 0].astype(int) - expected).max() <= 1
        assert (shown == shown[:, :, :1]).all()
    ask(painter, "v.act('invert')")
    inverted = at_scale(painter, scale)[:, :, 0].astype(int)
    assert np.abs(inverted - (255 - expected.astype(int))).max() <= 1


@pytest.fixture(scope="module")
def known(
    shared_maker: CaseMaker,
    server: Server,
    browser: Browser,  # noqa: F811 - the fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The server serves the viewer's files from when a case was first opened."""
    path = scan(tmp_path_factory.mktemp("known") / "a.dcm", gradient())
    with fresh_page(browser, server) as page:
        opened(page, server, case_of(shared_maker, "known", path))


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("shape", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(
    ("centre", "width", "slope", "intercept"),
    [
        (40, 400, 1, -1024),
        (127.5, 255, 1, 0),
        (0.5, 1, 0.001, 0),
        (-600, 1500, 2.5, -3000),
        (9, 0.5, 1, 0),
    ],
)
def test_the_table_is_the_engines(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
    shape: str,
    centre: float,
    width: float,
    slope: float,
    intercept: float,
) -> None:
    page.goto(f"{server.url}/_stcore/health")
    script = f"async (x) => Array.from((await {LUT}).windowed(...x))"
    window = {"centre": centre, "width": width, "shape": shape}
    meaning = {"slope": slope, "intercept": intercept, "inverted": False}
    table = np.array(page.evaluate(script, [meaning, window, False]))
    expected = apply_window(CODES * slope + intercept, centre, width, shape)
    assert np.abs(table - expected).max() <= 1
    inverse = np.array(page.evaluate(script, [meaning | {"inverted": True}, window, False]))
    assert (inverse == 255 - table).all()


def test_files_that_come_with_a_table_are_shown_by_it(
    shared_maker: CaseMaker, server: Server, painter: Page, shared_data: Path
) -> None:
    path = shared_data / "dicom" / "vlut_04.dcm"
    case = case_of(shared_maker, f"table {id(painter)}", path)
    opened(painter, server, case)
    engine = read_frame(stored(shared_maker, path), path, 0)
    assert engine is not None
    shown = at_scale(painter, 1) if max(engine.shape) < 440 else at_fit(painter)
    if shown.shape == engine.shape:
        assert np.abs(shown.astype(int) - engine).max() <= 1
    assert ask(painter, "v.main.frame.table !== null")
    greys = np.array(ask(painter, "Array.from(v.main.shades.of(v.main.frame).table)"))
    codes = np.array(ask(painter, "Array.from(v.main.frame.levels[0].codes)"))
    assert np.abs(greys[codes] - engine[:, :, 0].ravel().astype(int)).max() <= 1


def at_fit(on: Page) -> NDArray[np.uint8]:
    """The whole canvas."""
    return canvas(on)[:, :, :3]


def marked(maker: CaseMaker, path: Path, title: str) -> tuple[str, AnomalyMap]:
    """A picture of 64 by 64 with one hot cell of 8 by 8 in a map, and a place around it."""
    case = case_of(maker, title, path, domain="defect-inspector")
    scores = np.zeros((8, 8), np.float32)
    scores[2, 5] = 4.0
    blob = maker.workspace.blobs.put_bytes(encode_map(scores))
    file = maker.picture(case)
    heat = AnomalyMap(attachment=file, blob=blob, low=0.0, high=4.0, label="pore")
    box = Region(attachment=file, left=40, top=16, width=8, height=8, score=4.0, name="1")
    maker.label_only(case, "pore", heat, box)
    return case, heat


def test_map_and_place_lie_on_their_pixels_whatever_the_zoom(
    shared_maker: CaseMaker, server: Server, painter: Page, tmp_path: Path
) -> None:
    path = scan(tmp_path / "flat.dcm", np.full((64, 64), 500, np.uint16))
    case, _ = marked(shared_maker, path, f"marked {id(painter)}")
    opened(painter, server, case)
    ask(painter, "(v.look.heat = 1, v.look.opacity = 1)")
    for factor, x, y in ((1, 0, 0), (2.5, 40, 25), (1.7, -30, 9)):
        at = ask(painter, "v.main.placed")
        here = [at["left"] + 44 * at["sx"] + x, at["top"] + 20 * at["sy"] + y]
        ask(painter, "v.zoom(v.main, given[0], given[1], given[2])", [factor, *here])
        over, at = canvas(painter, layer="over"), ask(painter, "v.main.placed")
        hot = spot(over, at, 44, 20)
        assert hot is not None and hot[3] > 250, "the middle of the hot cell"
        assert np.abs(hot[:3].astype(int) - ramp()[-13:]).max(axis=1).min() <= 3, "its last colours"
        for cold in ((20, 20), (44, 50), (34, 20)):
            found = spot(over, at, *cold)
            assert found is None or found[3] == 0, cold
        edge = at["left"] + 40 * at["sx"]
        row = round(at["top"] + 20 * at["sy"])
        if 3 < edge < over.shape[1] - 3 and 0 <= row < over.shape[0]:
            near = over[row, round(edge) - 1 : round(edge) + 2, :3].astype(int)
            assert np.abs(near - (0, 229, 255)).sum(axis=1).min() < 60, "the ink of the box"


def spot(
    over: NDArray[np.uint8], at: dict[str, float], x: float, y: float
) -> "NDArray[np.uint8] | None":
    """What is drawn over a point of the picture; None where that is beside the canvas."""
    column, row = round(at["left"] + x * at["sx"]), round(at["top"] + y * at["sy"])
    inside = 0 <= column < over.shape[1] and 0 <= row < over.shape[0]
    return over[row, column] if inside else None


def ramp() -> NDArray[np.int64]:
    """The colours of maps."""
    return np.frombuffer(colour.ramp(), np.uint8).reshape(256, 3).astype(int)


def test_a_map_is_between_its_cells_what_the_scores_are(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,
) -> None:
    page.goto(f"{server.url}/_stcore/health")
    grey = np.array([[0, 128], [64, 255]], np.uint8)
    heat = {
        "columns": 2, "rows": 2, "grey": base64.b64encode(grey.tobytes()).decode(),
        "low": 0.0, "high": 4.0, "from": 1.0, "to": 3.0,
    }  # fmt: skip
    script = """async ([heat, ramp]) => {
      const { heated, bytesOf } = await import('/_stcore/bidi-components/secondlook.viewer/heat.js');
      const made = heated(heat, bytesOf(ramp));
      return [made.width, Array.from(made.getContext('2d').getImageData(0, 0, made.width, made.height).data)];
    }"""
    side, data = page.evaluate(script, [heat, base64.b64encode(colour.ramp()).decode()])
    drawn = np.array(data).reshape(side, side, 4)
    from PIL import Image

    scores = grey.astype(np.float32) * np.float32(4 / 255)
    smooth = np.asarray(Image.fromarray(scores).resize((side, side), Image.Resampling.BILINEAR))
    level = np.clip((smooth - 1.0) / 2.0, 0, 1)
    assert np.abs(drawn[:, :, 3] / 255 - np.clip(3 * level, 0, 1)).max() < 0.02
    strong = drawn[:, :, 3] == 255
    wanted = ramp()[np.rint(level * 255).astype(int)]
    assert np.abs(drawn[:, :, :3] - wanted)[strong].max() <= 4


def test_pixels_that_are_not_square_keep_their_shape(
    shared_maker: CaseMaker, server: Server, painter: Page, tmp_path: Path
) -> None:
    """40 by 40 pixels of 3 by 1.5 mm, a bright part of them, and what was found: a place around it
    and a map, told on the 80 by 40 that models see."""
    values = np.zeros((40, 40), np.uint16)
    values[10:30, 10:30] = 4000
    spacing = {"PixelSpacing": ["3.0", "1.5"], "WindowCenter": "2000", "WindowWidth": "4000"}
    path = scan(tmp_path / "t.dcm", values, **spacing)
    case = case_of(shared_maker, f"tall {id(painter)}", path, domain="defect-inspector")
    file = shared_maker.picture(case)
    box = Region(attachment=file, left=10, top=20, width=20, height=40, score=1.0, name="1")
    scores = np.zeros((8, 4), np.float32)
    scores[2:6, 1:3] = 4.0
    blob = shared_maker.workspace.blobs.put_bytes(encode_map(scores))
    heat = AnomalyMap(attachment=file, blob=blob, low=0.0, high=4.0, label="pore")
    shared_maker.store(case, (Finding(label="pore", title="Pore", evidence=(box, heat)),))
    opened(painter, server, case)
    assert painter.locator(".viewer .chip").inner_text().endswith("box 30 × 60 mm")
    bright = bounds(canvas(painter)[:, :, 0] > 128)
    assert (bright[1] - bright[0]) / (bright[3] - bright[2]) == pytest.approx(2.0, abs=0.03)
    ask(painter, "(v.look.map = false)")
    over = canvas(painter, layer="over").astype(int)
    ink = bounds(np.abs(over - (0, 229, 255, 255)).sum(axis=2) < 40)
    assert np.abs(np.subtract(ink[2:], bright[2:])).max() <= 4, "the name stands above the box"
    assert abs(ink[1] - bright[1]) <= 4
    ask(painter, "(v.look.boxes = false, v.look.map = true, v.look.opacity = 1)")
    hot = bounds(canvas(painter, layer="over")[:, :, 3] > 128)
    cell = (bright[1] - bright[0]) / 4
    assert np.abs(np.subtract(hot, bright)).max() <= cell
    assert (hot[1] - hot[0]) / (hot[3] - hot[2]) == pytest.approx(2.0, abs=0.1)


def bounds(seen: "NDArray[np.bool_]") -> tuple[int, int, int, int]:
    """First and last row, first and last column of what is seen."""
    rows, columns = np.nonzero(seen.any(axis=1))[0], np.nonzero(seen.any(axis=0))[0]
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def test_a_picture_larger_than_is_sent_at_once_is_exact_where_it_is_looked_at(
    shared_maker: CaseMaker, server: Server, painter: Page, tmp_path: Path
) -> None:
    from PIL import Image

    y, x = np.mgrid[:4200, :5000]
    path = tmp_path / "large.png"
    picture = ((x // 7 + y // 5) % 251).astype(np.uint8)
    Image.fromarray(picture).save(path, compress_level=1)
    case = case_of(shared_maker, f"large {id(painter)}", path, domain="defect-inspector")
    opened(painter, server, case)
    assert ask(painter, "v.main.frame.said.level") == 1
    point = {"x": 4321.5, "y": 1234.5}
    rough = ask(painter, "v.main.valueAt(given)", point)
    assert not rough["exact"]
    ask(
        painter,
        "v.main.view = {zoom: v.main.view.zoom, x: given.x / 5000, y: given.y / 4200}",
        point,
    )
    ask(painter, "v.act('actual')")
    painter.wait_for_function(
        f"(p) => {FIND}.main.valueAt(p).exact",
        arg=point,
    )
    found = ask(painter, "v.main.valueAt(given)", point)
    assert found["values"] == [int(picture[1234, 4321])]
    shown, at = canvas(painter), ask(painter, "v.main.placed")
    left, top = 4300, 1220
    cut = shown[
        round(at["top"]) + top : round(at["top"]) + top + 30,
        round(at["left"]) + left : round(at["left"]) + left + 30,
        0,
    ]
    assert (cut == picture[top : top + 30, left : left + 30]).all()
