"""Deciding by keyboard in a real browser: edit with a drawn place, decide, undo.

Screenshots go to $SCREENSHOTS, if that names a folder.
"""

from playwright.sync_api import Page, expect
from test_ui_browser import browser, page, ready  # noqa: F401 - fixtures
from ui_cases import CaseMaker
from ui_reading import stored
from ui_server import Server
from viewer_cases import FIND, ask, waited

from secondlook.decisions import Act

WATCH = f"""() => {{
  window.seen = [];
  const look = () => {{
    const v = {FIND};
    if (v) seen.push([v.name.textContent, v.main.frame ? v.main.series.base : '']);
    if (!window.enough) requestAnimationFrame(look);
  }};
  look();
}}"""


PIXELS = """(() => { const c = document.createElement('canvas'); c.width = c.height = 1;
  const x = c.getContext('2d'); x.drawImage(v.main.pixels, -200, -20);
  return x.getImageData(0, 0, 1, 1).data[0]; })()"""


def test_a_finding_is_edited_drawn_decided_and_taken_back_by_key(
    shared_maker: CaseMaker,
    server: Server,
    page: Page,  # noqa: F811 - the fixture
) -> None:
    first = shared_maker.assessed("plate 17", score=9.0)
    second = shared_maker.assessed("plate 18", score=8.0)
    page.goto(f"{server.url}/case?case={first}")
    waited(page)
    ready(page, "deciding", title="plate 17")
    page.evaluate(WATCH)
    page.keyboard.press("e")
    page.get_by_text("Edit: Anomaly").wait_for()
    ready(page, "deciding-edit")
    expect(page.get_by_role("combobox", name="It is")).to_be_focused()
    page.keyboard.type("scr")
    page.keyboard.press("Enter")
    ready(page)
    box = page.locator(".viewer .pane").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    page.mouse.up()
    expect(page.get_by_label("Place in pixels")).not_to_have_value("")
    ready(page, "deciding-drawn")
    page.keyboard.press("e")
    page.get_by_text("changed to scratch").wait_for()
    ready(page, "deciding-edited")
    page.keyboard.press("2")
    page.wait_for_url(f"**case={second}*")
    waited(page)
    ready(page, "deciding-next", title="plate 18")
    [decision] = stored(shared_maker.workspace, first)[1]
    [act] = decision.acts
    assert (act.act, act.becomes) == (Act.EDIT, "scratch")
    assert act.area is not None and act.area.height > act.area.width > 5
    page.evaluate("window.enough = true")
    grey = ask(page, PIXELS)
    assert 50 < grey < 200, "the next picture is drawn without being asked for"
    ready(page, "deciding-next-after")
    together = {tuple(x) for x in ask(page, "window.seen") if x[1]}
    assert together == {
        ("plate 17", f"/sl/pixels/{first}"),
        ("plate 18", f"/sl/pixels/{second}"),
    }
    page.keyboard.press("q")
    page.get_by_text("Why it is decided so").wait_for()
    ready(page, "deciding-why")
    page.keyboard.press("q")
    page.keyboard.press("Shift+H")
    page.get_by_text("Pass this case on").wait_for()
    ready(page, "deciding-pass")
    page.get_by_role("button", name="Done").click()
    page.get_by_text("Recommended: Hold").wait_for()
    ready(page)
    for name in ("Accept", "Hold", "Skip", "Reasons", "Add", "Pass on", "Undo"):
        at = page.get_by_role("button", name=name).first.bounding_box()
        assert at is not None and at["y"] + at["height"] < 720, name
    page.keyboard.press("Shift+U")
    page.get_by_text("What you decided last").wait_for()
    ready(page, "deciding-undo")
    page.keyboard.press("Shift+U")
    page.wait_for_url(f"**case={first}*")
    ready(page, "deciding-back", title="plate 17")
    assert page.get_by_text("Taken back: Rework. The case is open again.").is_visible()
    assert page.get_by_text("changed to scratch").first.is_visible()
