"""Nonconformance reports: what they say, that a page runs nothing, what a PDF prints."""

import base64
import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import html as page
from PIL import Image
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from defect_inspector.exports import content, fonts, pdf, words
from defect_inspector.exports.html import write_html
from defect_inspector.exports.pdf import write_pdf
from export_parts import (
    CAUTION,
    SPEC,
    STRANGE,
    Counted,
    Parts,
    first_look,
    manual,
    plate,
    ruling,
)
from secondlook.errors import SecondlookError
from secondlook.evidence import CitedPassage
from secondlook.store.worklist import CaseExport

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}</title>"


def as_html(parts: Parts, **how: Any) -> str:
    """All parts as one page."""
    out = io.BytesIO()
    with parts.reading(**how) as (cases, reader):
        assert write_html(cases, out, reader) == len(cases)
    return out.getvalue().decode()


def as_pdf(parts: Parts, **how: Any) -> tuple[bytes, str, tuple[str, ...]]:
    """All parts as one PDF: its bytes, its text, the warnings."""
    out = io.BytesIO()
    with parts.reading(**how) as (cases, reader):
        assert write_pdf(cases, out, reader) == len(cases)
        told = reader.told()
    return out.getvalue(), text_of(out.getvalue()), told


def text_of(data: bytes) -> str:
    pages = (x.extract_text() for x in PdfReader(io.BytesIO(data)).pages)
    return " ".join(" ".join(pages).split())


def spoken(markup: str) -> str:
    """The text of a page as a person reads it."""
    body = page.fromstring(markup).find("body")
    assert body is not None
    return " ".join(" ".join(body.itertext()).split())


def both(parts: Parts, **how: Any) -> list[str]:
    """The text of the page, and of the PDF."""
    return [spoken(as_html(parts, **how)), as_pdf(parts, **how)[1]]


def test_a_report_says_what_a_supplier_asks(parts: Parts) -> None:
    case = parts.decided("plate 7")
    for text in both(parts):
        for said in (
            "plate 7",
            "cover plate",
            "cover-plate.pdf",
            "Revision of the manual C",
            "2.3 Pores and holes: any pore, pit or blowhole with a diameter above 1 mm leads",
            "cover-plate.pdf, page 3, line 41",
            "diameter 1.1 mm",
            "diameter above 1 mm",
            "This clause decides.",
            "area 0.9503 mm²",
            "Ada Lund",
            "Reason: Pore in the sealing face.",
            "The person agreed with this finding.",
            "calibrated probability 0.91; score 4.5, raised from 2 on",
            "defect-inspector/cover-plate/3",
            "starter, revision 1, fingerprint ffffffffffffffff",
            "secondlook 0.1.0",
            "2026-03-01 12:00 UTC",
            case,
        ):
            assert said in text, said
        assert text.upper().startswith("NONCONFORMANCE REPORT PLATE 7")
        assert "draft" not in text


def test_the_machine_and_the_person_stand_side_by_side(parts: Parts) -> None:
    case = parts.decided("plate 7")
    parts.decide(case, "rework", reason="It can be polished out.", pore="reject", dent="add")
    for text in both(parts):
        assert "The machine recommends Scrap" in text
        assert "A person decided Rework" in text
        assert "The person decided otherwise than the machine recommends." in text
        assert "The person rejected this finding." in text
        assert "Dent The person added this finding; the machine had not raised it." in text
        assert "Earlier decisions, which no longer stand" in text
        assert "Ada Lund: Scrap: Pore in the sealing face." in text


def test_a_look_under_another_revision_is_told(parts: Parts) -> None:
    parts.look(parts.add("plate 7"))
    now = replace(SPEC, revision="D", manual="d" * 64)
    for text in both(parts, spec=now):
        assert "Caution: this look was made without the product's manual; not judged" in text
    assert "Caution: this look" not in spoken(as_html(parts))


def test_a_decided_part_shows_the_look_that_the_person_saw(parts: Parts) -> None:
    case = parts.decided("plate 7")
    made_by = replace(first_look(case).provenance, inputs="e" * 64)
    parts.look(case, id="e" * 32, provenance=made_by, findings=(), disposition="accept")
    for text in both(parts):
        assert "The machine recommends Scrap" in text
        assert "2.3 Pores and holes" in text
        assert "A later look, of 2026-03-01 12:00 UTC, recommends: Accept." in text
        assert "The person did not see it when deciding." in text


def test_a_part_that_was_decided_before_any_look_says_so(parts: Parts) -> None:
    parts.decide(parts.add("plate 7"), "accept")
    text = spoken(as_html(parts))
    assert "It had not looked at this part when the person decided." in text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1e-7, "0.0000001"), (0.0001234567, "0.0001235"), (1e-30, "1e-30"), (-2e-8, "-0.00000002"),
        (6.4123, "6.412"), (123456.7, "123457"), (0.0, "0"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_a_small_number_is_no_nought(value: float, said: str) -> None:
    assert words.number(value) == said


def test_an_open_part_is_a_draft_and_a_good_one_no_nonconformance(parts: Parts) -> None:
    parts.look(parts.add("open"))
    for text in both(parts):
        assert "(draft: not decided)" in text.replace("DRAFT: NOT DECIDED", "draft: not decided")
        assert "A person decided Not yet" in text
        assert "Audit trail" not in text
    good = parts.add("good")
    parts.look(good, findings=(), disposition="accept")
    parts.decide(good, "accept")
    assert "Inspection report good" in spoken(as_html(parts))


def test_why_the_machine_did_not_judge_is_said_in_its_words(parts: Parts) -> None:
    parts.look(parts.add("odd"), abstention=STRANGE, flags=(CAUTION,), disposition=None)
    for text in both(parts):
        assert "The machine recommends Nothing" in text
        assert "Not judged: 1 of 1 pictures look like no such part at all" in text
        assert "The picture is less sharp than the good parts." in text
        assert "unfamiliar" not in text


def test_a_part_nobody_looked_at_and_one_without_a_manual(parts: Parts) -> None:
    parts.add("new")
    for text in both(parts, spec=None):
        assert "It has not looked at this part." in text
        assert "Revision" not in text


def test_a_passage_stands_where_no_clause_was_held_against_the_finding(parts: Parts) -> None:
    record = manual()
    cited = CitedPassage(
        record=record.sha256,
        record_name=record.name,
        text=record.passages[1].text,
        start=0,
        end=5,
        line=41,
        page=3,
        similarity=0.5,
        query="pore",
    )
    parts.look(parts.add("cited"), rulings=(cited,))
    for text in both(parts):
        assert "No clause was held against it. The manual says near this subject:" in text
        assert "cover-plate.pdf, page 3, line 41" in text


def test_what_comes_from_outside_is_only_ever_text(parts: Parts) -> None:
    record = manual((f"2.1 {EVIL}",) * 3, name=EVIL)
    case = parts.add(EVIL, record=record, name=EVIL)
    rule = ruling(record, 0, number=EVIL, limit=EVIL, measured=EVIL, note=EVIL, region=EVIL)
    parts.look(case, rulings=(rule,), title=EVIL, flags=(replace(CAUTION, message=EVIL),))
    parts.decide(case, "scrap", reason=EVIL, **{EVIL: "add"})
    markup = as_html(parts, spec=replace(SPEC, revision=EVIL))
    tree = page.fromstring(markup)
    assert {x.tag for x in tree.iter() if isinstance(x.tag, str)} <= {
        *("html", "head", "meta", "title", "style", "body", "article", "header", "footer"),
        *("section", "div", "figure", "figcaption", "img", "table", "tr", "th", "td", "tbody"),
        *("h1", "h2", "h3", "p", "dl", "dt", "dd", "ul", "li", "bdi", "b", "q", "span", "code"),
        "pre",
    }
    attributes = {(x.tag, y) for x in tree.iter() for y in x.attrib}
    assert {y for _, y in attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "src", "alt"),
    }
    assert all(x.startswith("data:image/jpeg;base64,") for x in tree.xpath("//@src"))
    assert spoken(markup).count("{{ 7*7 }}") >= 9
    assert "49" not in spoken(markup).replace(case, "")[:300]
    assert EVIL.split("{")[0] in as_pdf(parts, spec=replace(SPEC, revision=EVIL))[1]


def test_the_policy_of_the_page_allows_its_own_style_and_pictures_alone(parts: Parts) -> None:
    parts.decided()
    markup = as_html(parts)
    (style,) = re.findall(r"<style>(.*?)</style>", markup, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = page.fromstring(markup).xpath(
        "//meta[@http-equiv='Content-Security-Policy']/@content"
    )
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


def test_a_browser_runs_and_fetches_nothing(parts: Parts, tmp_path: Path) -> None:
    browser = Path("/usr/bin/chromium")
    if not browser.exists():
        pytest.skip("needs a browser: install the Debian package `chromium`")
    parts.decided(EVIL, record=manual((f"2.1 {EVIL}",) * 3, name=EVIL))
    (tmp_path / "x.html").write_text(as_html(parts), encoding="utf-8")
    asked, said = [], []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = opened.new_page()
        tab.on("request", lambda x: asked.append(x.url.partition(":")[0]))
        tab.on("console", lambda x: said.append(x.text))
        tab.on("dialog", lambda x: said.append(x.message))
        tab.goto((tmp_path / "x.html").as_uri())
        shown = tab.evaluate("[...document.images].map(x => x.naturalWidth)")
        styled = tab.evaluate("getComputedStyle(document.querySelector('article')).maxWidth")
        opened.close()
    assert [x for x in asked if x != "data"] == ["file"]  # the page itself
    assert said == []
    assert all(shown) and len(shown) == 4
    assert styled == "1000px"


def test_letters_that_turn_a_line_around_are_left_out(parts: Parts) -> None:
    parts.look(parts.add("scrap\u202etpecca\x07"))
    for text in both(parts):
        assert "scrap tpecca" in text


def pictures(markup: str) -> list[Image.Image]:
    sources = page.fromstring(markup).xpath("//img/@src")
    data = (base64.b64decode(x.partition(",")[2]) for x in sources)
    return [Image.open(io.BytesIO(x)) for x in data]


def test_the_pictures_show_marks_map_and_places_from_near(parts: Parts) -> None:
    parts.decided()
    marked, overlaid, scratch, pore = pictures(as_html(parts))
    assert marked.size == overlaid.size == (600, 420)
    assert scratch.size == pore.size == (320, 320)
    plain = np.asarray(plate(0).convert("RGB"), dtype=int)
    at_frame = np.asarray(marked, dtype=int)[95, 116]  # left of the scratch
    assert at_frame[0] > at_frame[1] + 80
    hot = np.asarray(overlaid, dtype=int)[260, 400]  # amid the pore
    assert hot[0] > plain[260, 400][0] + 50
    assert hot[0] > hot[2] + 50


def test_a_large_picture_is_made_small_and_a_small_one_large(parts: Parts) -> None:
    parts.look(parts.add("large", image=plate(1).resize((4000, 2000))))
    parts.look(parts.add("small", image=plate(2).resize((60, 42))))
    markup = as_html(parts)
    sizes = {x.size for x in pictures(markup)}
    assert sizes == {(1200, 600), (480, 336), (320, 320)}
    assert len(markup) < 3_000_000


def test_a_region_at_the_edge_or_beyond_the_picture_is_no_trouble(parts: Parts) -> None:
    case = parts.add("edge", image=plate(3).crop((0, 0, 130, 90)))
    parts.look(case)  # its regions lie half and wholly outside
    assert len(pictures(as_html(parts))) == 4


def test_a_cmyk_picture_is_shown(parts: Parts) -> None:
    parts.decided(image=plate(4).convert("CMYK"), media_type="image/jpeg", name="a.jpg")
    assert len(pictures(as_html(parts))) == 4


def test_a_map_that_is_gone_is_told(parts: Parts) -> None:
    case = parts.decided()
    with parts.workspace.database.read() as unit:
        look = unit.assessments.latest_of([case])[case]
    assert look is not None
    blob = next(x.blob for x in look.findings[0].evidence if x.kind == "anomaly_map")
    parts.workspace.blobs.path(blob).unlink()
    with parts.reading() as (cases, reader):
        assert write_html(cases, io.BytesIO(), reader) == 1
        assert "a map is not in its report" in reader.told()[0]


def test_many_regions_are_counted_and_some_are_shown(parts: Parts) -> None:
    case = parts.add("many")
    with parts.workspace.database.read() as unit:
        picture = unit.cases.get(case).attachments[0].sha256
    from export_parts import PORE

    regions = tuple(
        replace(PORE, attachment=picture, name=str(i), left=10 + 20 * (i % 25), top=10 + i)
        for i in range(3, 60)
    )
    parts.look(case, rulings=regions)
    for text in both(parts):
        assert "59 places are marked" in text
        assert re.search("47 further (marked )?places are not shown from near", text)


def test_the_same_moment_gives_the_same_pdf(parts: Parts) -> None:
    parts.decided()
    parts.look(parts.add("second"))
    first, _, _ = as_pdf(parts)
    assert first == as_pdf(parts)[0]
    made = PdfReader(io.BytesIO(first)).metadata
    assert made is not None
    assert made.creation_date_raw == "D:20260301120000+00'00'"
    outline = {x.title for x in PdfReader(io.BytesIO(first)).outline}  # type: ignore[union-attr]
    assert "Nonconformance report: plate 7" in outline
    assert len(outline) == 2


def test_the_audit_line_is_one_line_in_the_pdf(parts: Parts) -> None:
    case = parts.decided()
    data, _, _ = as_pdf(parts)
    lines = "\n".join(x.extract_text() for x in PdfReader(io.BytesIO(data)).pages).splitlines()
    (line,) = (x for x in lines if x.startswith('["'))
    assert re.fullmatch(rf'\["{case}", 3, "[0-9a-f]{{64}}"\]', line)


def test_long_texts_run_over_pages(parts: Parts) -> None:
    record = manual(("2.1 " + "pore " * 400, "2.2 " + "x" * 4000, "2.3 " + "长" * 1300))
    case = parts.add("long " * 300, record=record, name="n" * 200 + ".png")
    parts.look(case, rulings=tuple(ruling(record, i, note="why " * 200) for i in range(3)))
    parts.decide(case, "scrap", reason="because " * 3000)
    _, text, _ = as_pdf(parts, spec=replace(SPEC, revision="r" * 500))
    assert text.count("because") >= 3000
    assert text.count("(cut off here)") >= 3


def test_german_is_printed_by_the_font_that_comes_along(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "font_folders", lambda: ())
    fonts.forget()
    record = manual(
        ("2.1 Kratzer größer als 0,5 mm² (≥ 3 µm, Ø 2 ± 0,1 °): Ausschuß", "2.2", "2.3")
    )
    parts.look(parts.add("Prüfstück Ä", record=record))
    _, text, told = as_pdf(parts)
    assert "Kratzer größer als 0,5 mm² (≥ 3 µm, Ø 2 ± 0,1 °): Ausschuß" in text
    assert told == ()


def test_letters_without_a_font_are_numbers_and_the_report_says_so_loudly(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "font_folders", lambda: ())
    fonts.forget()
    parts.look(parts.add("盖板 12"))
    _, text, told = as_pdf(parts)
    assert "[U+76D6][U+677F] 12" in text
    assert "Incomplete: no font on the machine that made this report prints 2 of its" in text
    (warning,) = told
    assert "prints 2 of its letters" in warning
    assert "fonts-droid-fallback" in warning
    fonts.forget()


def test_letters_that_need_shaping_are_not_printed_wrongly() -> None:
    letters = fonts.Letters()
    fonts.register()
    assert letters.markup("قص") == "[U+0642][U+0635]"
    assert letters.markup("A\u0308") == "Ä"
    assert letters.markup("<b>&") == "&lt;b&gt;&amp;"


@pytest.fixture
def chinese() -> Path:
    """A TrueType font with Chinese letters."""
    fonts.forget()
    for path in fonts.font_files():
        font = fonts._load(path)
        if font is not None and ord("板") in font.face.charToGlyph:
            return path
    pytest.skip("needs Chinese letters: install the Debian package fonts-droid-fallback")


def test_chinese_is_printed_by_a_font_of_the_machine(parts: Parts, chinese: Path) -> None:
    record = manual(("2.3 气孔:直径大于 1 mm 的气孔必须报废,不得返工。" * 8, "2.1", "2.2"))
    parts.look(parts.add("盖板 12", record=record))
    _, text, told = as_pdf(parts)
    assert "盖板 12" in text
    assert "直径大于 1 mm 的气孔必须报废" in text.replace("\n", "")
    assert told == ()


def test_one_pdf_does_not_take_more_cases_than_memory(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "MOST", 1)
    for title in ("a", "b"):
        parts.add(title)
    with pytest.raises(SecondlookError, match="a folder"):
        as_pdf(parts)


@pytest.mark.parametrize("write", [write_html, write_pdf])
def test_a_report_of_no_case_says_so(parts: Parts, write: Any) -> None:
    out = io.BytesIO()
    with parts.reading() as (cases, reader):
        assert write(cases, out, reader) == 0
    text = text_of(out.getvalue()) if write is write_pdf else spoken(out.getvalue().decode())
    assert text.startswith("No case was chosen")


def test_a_page_keeps_no_case_once_it_is_written(parts: Parts) -> None:
    parts.decided()
    with parts.reading() as (cases, reader):
        made: CaseExport = cases[0]
        many = Counted(4, lambda number: replace(made, case=replace(made.case, title=f"{number}")))
        assert write_html(many, io.BytesIO(), reader) == 4
        assert many.most <= 2


def test_a_decision_changed_behind_the_trail_is_not_vouched_for(parts: Parts) -> None:
    parts.decided()
    with parts.reading() as (cases, reader):
        (made,) = cases
        forged = replace(made.decisions[0], reviewer="Eve")
        told = content.report(replace(made, decisions=(forged,)), reader)
        assert told.audit_line == ""
        assert "the audit trail holds it otherwise" in told.audit[0][1]
        assert "verify-audit" in reader.told()[0]
