"""Passages: what is cited together, and that places are true for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.intake.charset import clean, decode
from secondlook.intake.html import read_html
from secondlook.intake.markdown import read_markdown
from secondlook.intake.passages import TARGET, from_blocks, note, split

LIKELY = st.sampled_from(
    ["\n", "\n\n", " ", ". ", "4.2 Scratches", "- ", "a | b", "。", "字", "word ", "z. B. ", "1) "]
)
TEXTS = st.one_of(
    st.text(),
    st.lists(st.one_of(LIKELY, st.text(max_size=5)), max_size=200).map("".join),
)


def texts(text: str) -> list[str]:
    return [passage.text for passage in split(text)]


@given(TEXTS, st.lists(st.integers(0, 300), max_size=5))
def test_places_are_true_for_any_text(text: str, pages: list[int]) -> None:
    starts = [0, *sorted(pages)]
    end = 0
    for ordinal, passage in enumerate(split(text, starts)):
        assert text[passage.start : passage.end] == passage.text
        assert passage.text.strip() == passage.text != ""
        assert (passage.ordinal, passage.start >= end) == (ordinal, True)
        assert passage.line == text.count("\n", 0, passage.start) + 1
        assert passage.page == sum(start <= passage.start for start in starts)
        end = passage.end


@given(TEXTS)
def test_no_word_is_lost(text: str) -> None:
    kept = "".join(passage.text for passage in split(text))
    for letter in set(filter(str.isalnum, text)):
        assert kept.count(letter) == text.count(letter)


@given(TEXTS)
def test_places_are_true_in_markdown(source: str) -> None:
    source = clean(source)
    document = read_markdown(source)
    assert document.text.count("\n") == source.count("\n")
    for passage in from_blocks(document.text, document.blocks):
        assert document.text[passage.start : passage.end] == passage.text


@given(TEXTS)
def test_places_are_true_in_html(source: str) -> None:
    document = read_html("<html><body>" + clean(source))
    for passage in from_blocks(document.text, document.blocks):
        assert document.text[passage.start : passage.end] == passage.text


def test_numbered_heading_goes_with_its_clause() -> None:
    text = "4.2 Scratches\n\nNone longer than 0.5 mm.\n\n4.3 Dents\nNone."
    assert texts(text) == ["4.2 Scratches\n\nNone longer than 0.5 mm.", "4.3 Dents\nNone."]


def test_number_inside_of_a_sentence_begins_no_clause() -> None:
    assert texts("A scratch deeper than\n4.2 Newton leave is a defect.") == [
        "A scratch deeper than\n4.2 Newton leave is a defect."
    ]


def test_items_and_rows_are_passages_of_their_own() -> None:
    text = "- burrs go\n- dust is\n  wiped\n\ndefect | limit\n---|---\ncrack | none"
    assert texts(text) == ["- burrs go", "- dust is\n  wiped", "defect | limit", "crack | none"]


@pytest.mark.parametrize(
    "sentence",
    ["Kratzer über 0,5 mm sind z. B. Ausschuss. ", "Look at max. 3 tiles of approx. 5 mm. "],
)
def test_long_paragraph_is_cut_at_sentence_ends(sentence: str) -> None:
    pieces = texts(sentence * 40)
    assert len(pieces) > 3
    assert all(len(piece) <= TARGET and piece.endswith(sentence.strip()) for piece in pieces)


def test_chinese_is_cut_at_its_own_sentence_ends() -> None:
    pieces = texts("划痕长度不得超过零点五毫米。" * 60)
    assert all(piece.endswith("。") and len(piece) <= TARGET // 2 for piece in pieces)


def test_word_without_end_is_cut_all_the_same() -> None:
    assert max(len(piece) for piece in texts("x" * 5000)) <= TARGET


def test_passage_never_reaches_over_a_page() -> None:
    passages = split("Heading\nend of page one\nstart of page two", [0, 24])
    assert [(p.page, p.text) for p in passages] == [
        (1, "Heading\nend of page one"),
        (2, "start of page two"),
    ]


def test_markdown_keeps_the_lines_of_its_source() -> None:
    source = (
        "# Tile\n\n## 4.2 Scratches\n\nNo *scratch* over **0.5 mm**, see [table](x.md).\n"
        "\n1. first\n2. second\n\n| a | b |\n|---|---|\n| `1` | 2 |\n\n```\ncode\n```\n"
    )
    document = read_markdown(source)
    passages = from_blocks(document.text, document.blocks)
    assert [(p.line, p.text) for p in passages] == [
        (1, "Tile\n\n4.2 Scratches\n\nNo scratch over 0.5 mm, see table."),
        (7, "1. first"),
        (8, "2. second"),
        (10, "a | b"),
        (12, "1 | 2"),
        (15, "code"),
    ]


def test_html_keeps_what_is_seen_and_nothing_else() -> None:
    document = read_html(
        "<html><head><title>t</title><style>s</style></head><body><h1>Tile</h1>lead"
        "<p>One<br>two<script>alert()</script> three</p><p hidden>no</p><!-- no -->"
        "<p style='display: none'>no</p><table><tr><td><p>crack</p></td><td>none</td></tr></table>"
    )
    assert document.text.split("\n") == ["Tile", "lead", "One two three", "crack | none"]


def test_note_is_safe_to_store() -> None:
    record = note("A\x00B\r\nC\x1b[31m \ud800", kind="note", name="n")
    assert record.text == "A B\nC [31m \ufffd"
    assert record.kind == "note"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Prüfung", "utf-8-sig"),
        ("Prüfung", "utf-16-le"),
        ("Prüfung", "utf-16-be"),
        ("Prüfung", "utf-32"),
        ("The “limit” is 5 €.", "cp1252"),
        ("Проверка поверхности изделия на царапины и трещины по всей длине.", "cp1251"),
        ("表面不得有裂纹，划痕长度不得超过零点五毫米，气孔应修补后重新检验。", "gb18030"),
    ],
)
def test_encodings_are_told_apart(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding))[0].lstrip("\ufeff") == text
