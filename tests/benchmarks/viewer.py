"""How fast the picture viewer is, in headless Chromium against a real server on this machine.

    python tests/benchmarks/viewer.py [--steps 120] [--cases 12] [--webgl] > viewer.json

Times are milliseconds in the page, until what was drawn can be read back: of a step of the window
and of the zoom over 4 megapixels of 12 bits, fitted and 1:1, of a slice of a CT stack that was
fetched ahead, and of one that was not; from the key that opens the next case until its picture
stands (server, script and browser together), and of that from when the viewer was told of the case;
and how often the script ran meanwhile, which is 0.
Without a graphics processor the viewer paints on the plain canvas; `--webgl` has it take WebGL2,
which is emulated then.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "ui")]
os.environ.setdefault("SECONDLOOK_REVIEWER", "benchmark")

from playwright.sync_api import Page, sync_playwright
from test_ui_browser import READY
from ui_cases import CaseMaker, acknowledge_all
from ui_server import Server, serving
from viewer_cases import FIND, HARDWARE, ask, case_of, fresh_page, scan, stack, waited

from secondlook.workspace import init_workspace

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SETTLED = 1500
TIMED = """async (given) => { const v = FIND; const taken = [];
  for (let i = 0; i < given; i++) {
    const start = performance.now();
    STEP; v.draw(); v.main.painter.finish();
    taken.push(performance.now() - start);
    if (i % 8 === 7) await new Promise(requestAnimationFrame);
  }
  return taken; }"""
WINDOW = "v.main.shades.set({centre: 1000 + 13 * i, width: 900 + 7 * i, shape: 'LINEAR'})"
ZOOM = "v.zoom(v.main, i % 40 < 20 ? 1.1 : 1 / 1.1, 300, 200)"
SLICES = """async (given) => { const v = FIND; const taken = [];
  for (const to of given) {
    const start = performance.now();
    v.main.go(to);
    while (v.main.shown !== to) await new Promise((x) => setTimeout(x, 0));
    v.draw(); v.main.painter.finish();
    taken.push(performance.now() - start);
    await new Promise((x) => setTimeout(x, 60));
  }
  return taken; }"""
NEXT = """() => { const before = FIND.scene.case; window.took = null; const start = performance.now();
  const look = () => { const v = FIND;
    if (v?.scene?.case !== before && v?.main?.frame && v.main.stats.draws) {
      v.draw(); v.main.painter.finish(); window.took = performance.now() - start;
    } else requestAnimationFrame(look); };
  document.addEventListener('keydown', () => requestAnimationFrame(look), {once: true}); }"""


def figures(taken: list[float]) -> dict[str, float]:
    """Of several times."""
    return {
        "p50": round(float(np.percentile(taken, 50)), 2),
        "p95": round(float(np.percentile(taken, 95)), 2),
        "max": round(max(taken), 2),
        "n": len(taken),
    }


def made(home: Path, cases: int) -> tuple[dict[str, str], int]:
    """A workspace with a radiograph of 4 megapixels, a CT stack, and cases to go through."""
    workspace = init_workspace(home)
    acknowledge_all(home, "benchmark")
    maker, folder = CaseMaker(workspace), home.parent
    random = np.random.default_rng(1)
    large = random.normal(2000, 500, (2048, 2048)).clip(0, 4095).astype(np.uint16)
    film = scan(folder / "film.dcm", large, WindowCenter="2000", WindowWidth="3000")
    slices = stack(folder / "ct", 120, size=(512, 512), spacing=(0.7, 0.7))
    known = {"film": case_of(maker, "film", film), "stack": case_of(maker, "stack", *slices)}
    for number in range(cases):
        again = large[number : number + 1500, :1800].copy()
        path = scan(folder / f"{number}.dcm", again, WindowCenter="2000", WindowWidth="3000")
        maker.store(case_of(maker, f"film {number}", path), (), trained=True)
    workspace.database.dispose()
    return known, cases


def timed(page: Page, step: str, count: int) -> dict[str, float]:
    """A step of the viewer, many times."""
    script = TIMED.replace("FIND", FIND).replace("STEP", step)
    page.evaluate(script, 8)
    return figures(page.evaluate(script, count))


def steps(page: Page, server: Server, case: str, count: int) -> dict[str, Any]:
    """Window and zoom over 4 megapixels."""
    page.goto(f"{server.url}/case?case={case}")
    waited(page)
    page.wait_for_timeout(SETTLED)
    found = {"painter": ask(page, "v.main.painter.kind"), "canvas": ask(page, "v.main.box")}
    found["window, fitted"] = timed(page, WINDOW, count)
    found["zoom"] = timed(page, ZOOM, count)
    ask(page, "v.act('actual')")
    found["window, 1:1"] = timed(page, WINDOW, count)
    return found


def slices(page: Page, server: Server, case: str) -> dict[str, Any]:
    """Slices one after the other, and from one end to the other."""
    page.goto(f"{server.url}/case?case={case}")
    waited(page)
    page.wait_for_timeout(SETTLED)
    script = SLICES.replace("FIND", FIND)
    ahead = page.evaluate(script, list(range(61, 110)))
    far = page.evaluate(script, [0, 40, 20, 50, 10, 30])
    return {"slice, fetched ahead": figures(ahead), "slice, far away": figures(far)}


def following(page: Page, server: Server, cases: int) -> dict[str, Any]:
    """From the key until the next picture stands, and the viewer's own part of it."""
    page.goto(server.url)
    page.wait_for_selector(READY)
    page.wait_for_timeout(SETTLED)
    page.keyboard.press("n")
    waited(page)
    taken, drawn = [], []
    for _ in range(cases):
        page.wait_for_timeout(SETTLED)
        page.evaluate(NEXT.replace("FIND", FIND))
        page.keyboard.press("s")
        page.wait_for_function("() => window.took !== null")
        taken.append(page.evaluate("() => window.took"))
        drawn.append(ask(page, "v.stats.first"))
    return {"next case visible": figures(taken), "first picture": figures(drawn)}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--webgl", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        known, cases = made(home, chosen.cases)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with serving(home) as server, fresh_page(browser, server) as page:
            if chosen.webgl:
                page.add_init_script(HARDWARE)
            sent: list[float] = []
            page.on("websocket", lambda x: x.on("framesent", lambda _: sent.append(1)))
            found = steps(page, server, known["film"], chosen.steps)
            begun = len(sent)
            ask(page, "v.act('invert')")
            page.evaluate(TIMED.replace("FIND", FIND).replace("STEP", WINDOW), 30)
            page.wait_for_timeout(SETTLED)
            found["script runs"] = len(sent) - begun
            found |= slices(page, server, known["stack"])
            found |= following(page, server, cases)
        browser.close()
    found["load average"] = os.getloadavg()[0]
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
