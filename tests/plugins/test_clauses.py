"""Clauses of whole manuals: headings, tables, synonyms, contradictions, places and bad input."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import typer
from clause_lines import line, lines
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from defect_inspector.clauses import Bounds, read_clauses
from defect_inspector.clauses.numbers import Style, read_number, style_of
from defect_inspector.clauses.units import in_unit, quantity, registry
from defect_inspector.plugin import register_commands
from secondlook import Record, read_document
from secondlook.intake.passages import note

KEYS = (
    "number terms measure more_than at_least less_than at_most unit per zone severity disposition together"
    " quote passage start end page line"
)
WORDS = [
    "scratches", "cracks", "longer than", "up to", "5", "0.5", "1,5", "mm", "mm²", "per part", "zone A",
    "are", "not", "no", "permitted", "scrapped", "reworked", "or", "and", ",", ";", ".", "\n", " | ", ":",
    "Kratzer", "über", "bis", "zulässig", "Ausschuss", "划痕", "不超过", "毫米", "报废", "５", "。", "，", "–", "(", ")",
    "Defect", "Limit", "Disposition", "3.1", "longer", "otherwise", "max.", "a", "three", "also called", "-", "/",
]  # fmt: skip


def manual(text: str) -> Record:
    return note(text, kind="manual", name="manual.txt")


def test_a_clause_has_the_keys_of_its_schema_and_its_place() -> None:
    record = manual("Intro.\n\n3.2.1 Scratches over 5 mm: scrap.\n")
    (clause,) = read_clauses(record).clauses
    assert set(asdict(clause)) == set(KEYS.split())
    assert (clause.number, clause.passage, clause.page, clause.line) == ("3.2.1", 1, None, 3)
    assert clause.quote == record.text[clause.start : clause.end] == "Scratches over 5 mm: scrap."
    assert json.loads(json.dumps(asdict(clause)))["more_than"] == 5.0


def test_a_clause_is_compared_with_measurements_in_any_unit() -> None:
    (clause,) = read_clauses(manual("Scratches longer than 0.5 mm are scrapped.")).clauses
    pitch = 0.04 * registry().millimeter
    assert clause.applies(quantity(0.06, "cm"))
    assert not clause.applies(quantity(0.05, "cm"))
    assert clause.applies(13 * pitch)
    assert not clause.applies(12 * pitch)
    assert not clause.applies(quantity(9, "mm2"))
    assert not clause.applies(quantity(9, "count"))
    assert clause.limits() == (quantity(500, "um"), None)
    assert in_unit(quantity(1, "in"), "mil") == 1000


HEADED = """INSPECTION OF HOUSINGS

2 Zone A - sealing face

2.1 Scratches up to 0.5 mm are acceptable. Scratches from 0.5 mm to 2 mm shall be
reworked. Anything longer shall be scrapped.
2.2 Pores: max. 3 per 100 mm², diameter max. 0.2 mm.

3 Zone B

a) Scratches longer than 10 mm: rework
b) Dents deeper than 0.4 mm: hold for engineering review

4 General

Cracks are not permitted.
"""


def test_headings_hold_for_what_stands_below_them() -> None:
    clauses = read_clauses(manual(HEADED)).clauses
    assert [(x.number, line(x)) for x in clauses] == [
        ("2.1", "scratches, zone A: length ≤ 0.5 mm: accept"),
        ("2.1", "scratches, zone A: length ≥ 0.5 mm and ≤ 2 mm: rework"),
        ("2.1", "scratches, zone A: length > 2 mm: scrap"),
        ("2.2", "pores, zone A: count ≤ 3 per 100 mm2: accept"),
        ("2.2", "pores, zone A: count > 3 per 100 mm2: scrap"),
        ("2.2", "pores, zone A: diameter ≤ 0.2 mm: accept"),
        ("2.2", "pores, zone A: diameter > 0.2 mm: scrap"),
        ("a", "scratches, zone B: length > 10 mm: rework"),
        ("b", "dents, zone B: depth > 0.4 mm: hold"),
        ("4", "cracks: any: scrap"),
    ]


TABLES = {
    "Nr. | Fehler | Merkmal | Zone | über | bis | Einheit | Entscheid\n"
    "1.1 | Pore | Durchmesser | A | 0,2 | 0,5 | mm | Nacharbeit\n"
    "1.2 | Pore | Anzahl je Teil | A, B | 3 |  | Stück | Ausschuss\n"
    "1.3 | Riss | – | alle | | | | Ausschuss": [
        "pore, zone A: diameter > 0.2 mm and ≤ 0.5 mm: rework",
        "pore, zone A: count > 3 per part: scrap",
        "pore, zone B: count > 3 per part: scrap",
        "riss: any: scrap",
    ],
    "缺陷 | A区 | B区\n划痕长度 (mm) | ≤0.5 | ≤2\n裂纹 | 不允许 | 不允许\n气孔 | 最多3个/件 | 不限": [
        "划痕, zone A: length ≤ 0.5 mm: accept",
        "划痕, zone A: length > 0.5 mm: scrap",
        "划痕, zone B: length ≤ 2 mm: accept",
        "划痕, zone B: length > 2 mm: scrap",
        "裂纹, zone A: any: scrap",
        "裂纹, zone B: any: scrap",
        "气孔, zone A: count ≤ 3 per part: accept",
        "气孔, zone A: count > 3 per part: scrap",
        "气孔, zone B: any: accept",
    ],
    "Defect  Accept  Rework  Scrap\nScratch length  ≤ 2 mm  2–5 mm  > 5 mm": [
        "scratch: length ≤ 2 mm: accept",
        "scratch: length ≥ 2 mm and ≤ 5 mm: rework",
        "scratch: length > 5 mm: scrap",
    ],
    # Word and HTML leave empty cells out; what is accepted has an upper limit.
    "Defect | More than | Up to | Disposition\nScratch | 5 mm | accept\nScratch | 5 mm | scrap\n"
    "Scratch | 5 mm | rework": [
        "scratch: length ≤ 5 mm: accept",
        "scratch: length > 5 mm: scrap",
        "unread: a cell of the row is empty, and which one cannot be told",
    ],
    "Limits\nNo.\nDefect\nLimit\nZone\nDisposition\n4.1\nScratch\n> 5 mm\nA\nscrap\n4.2\nPore\n0.2–0.5 mm\nrework by\n"
    "polishing\n4.3\nCrack\nnot permitted\nall\nscrap": [
        "scratch, zone A: length > 5 mm: scrap",
        "pore: diameter ≥ 0.2 mm and ≤ 0.5 mm: rework",
        "crack: any: scrap",
    ],
    "Defect | Limit (mm) | Disposition\nScratch length | 5 | scrap\nPore | ≤ 0.2 | accept\nDent | 3 lux | hold": [
        "scratch: length > 5 mm: scrap",
        "pore: diameter ≤ 0.2 mm: accept",
        "unread: no known unit in “3 lux”",
    ],
    "Defect | Max. length (mm) | Max. number per part\nScratch | 5 | 2": [
        "scratch: length ≤ 5 mm: accept",
        "scratch: length > 5 mm: scrap",
        "scratch: count ≤ 2 per part: accept",
        "scratch: count > 2 per part: scrap",
    ],
    "Defect | Limit | Unit | Disposition\nScratch | > 5 | furlong | scrap\nPore | > 5 | mm | ship it": [
        "unread: the unit furlong is not known",
        "unread: the disposition “ship it” is not known",
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", TABLES)
def test_tables_are_read_by_their_header(text: str) -> None:
    assert lines(text) == TABLES[text]


def test_names_that_the_manual_gives_are_kept() -> None:
    text = "Pits, also called blowholes, over 1 mm are scrapped. Lunker (auch Blasen genannt) prüfen. 气孔又称针孔。"
    found = [(x.term, x.others) for x in read_clauses(manual(text)).synonyms]
    assert found == [("pits", ("blowholes",)), ("lunker", ("blasen",)), ("气孔", ("针孔",))]


def test_contradictions_name_the_stricter_clause() -> None:
    text = (
        "Scratches longer than 0.5 cm are scrapped.\n\nScratch length up to 8 mm: accept.\n\n"
        "In zone B, scratches up to 2 mm are acceptable.\n\nCracks up to 8 mm: accept."
    )
    read = read_clauses(manual(text))
    (pair,) = read.contradictions
    assert (pair.first, pair.second, pair.stricter) == (0, 1, 0)


@pytest.mark.parametrize(
    "text", ["", "\n \n", "x", "Store the parts in a dry place.", "| | |\n|--|"]
)
def test_texts_without_rules_give_nothing(text: str) -> None:
    read = read_clauses(manual(text))
    assert (read.clauses, read.unread) == ((), ())


def test_the_style_of_numbers_is_that_of_the_manual() -> None:
    german = "Kratzer bis 0,5 mm sind zulässig.\n\nKratzer über 1.234 mm: Ausschuss."
    assert lines(german)[1] == "kratzer: length > 1234 mm: scrap"
    assert lines(german.replace("0,5", "0.5"))[1] == "kratzer: length > 1.234 mm: scrap"


def test_a_manual_is_checked_for_a_person_to_confirm(tmp_path: Path) -> None:
    file = tmp_path / "manual.md"
    file.write_text("# Zone A\n\n1.1 Scratches [red] over 5 mm: scrap.\n", encoding="utf-8")
    cli = typer.Typer()
    register_commands(cli)
    shown = CliRunner().invoke(cli, ["manual", "check", str(file)])
    assert shown.exit_code == 0
    assert "scratches, zone A" in shown.output
    assert "length > 5 mm" in shown.output
    assert shown.output.rstrip().endswith("1 clause read")
    file.write_text("Scratches over 5 furlongs: scrap.\n\nCracks: scrap.\x1b[2J", encoding="utf-8")
    plain = CliRunner().invoke(cli, ["manual", "check", "--json", str(file)])
    assert plain.exit_code == 3
    told = json.loads(plain.output)
    assert [x["terms"] for x in told["clauses"]] == [["cracks"]]
    assert "furlongs" in told["unread"][0]["reason"]
    shown = CliRunner().invoke(cli, ["manual", "check", str(file)])
    assert "whenever found" in shown.output
    assert "1 clause read, 1 sentence or row not read: see above" in shown.output
    assert "\x1b" not in shown.output


def test_html_tables_are_read(tmp_path: Path) -> None:
    file = tmp_path / "manual.html"
    rows = "<tr><th>Defect</th><th>Limit</th><th>Action</th></tr><tr><td>Scratch</td><td>&gt; 5 mm</td><td>Scrap</td></tr>"
    file.write_text(f"<html><body><h2>Zone A</h2><table>{rows}</table></body></html>", "utf-8")
    read = read_clauses(read_document(file, "manual"))
    assert [line(x) for x in read.clauses] == ["scratch, zone A: length > 5 mm: scrap"]


@given(st.decimals(0, 999_999, places=2, allow_nan=False))
def test_numbers_are_read_back_in_every_style(value: object) -> None:
    english = f"{value:,}"
    german = english.translate(str.maketrans(",.", ".,"))
    wide = english.translate({ord(x): ord(x) + 0xFEE0 for x in "0123456789."})
    assert read_number(english, Style.POINT) == float(str(value))
    assert read_number(german, Style.COMMA) == float(str(value))
    assert style_of(english) is Style.POINT
    assert lines(f"划痕长度大于{wide}毫米报废。".replace(",", "，")) == lines(
        f"划痕长度大于{english}mm报废。"
    )


@pytest.mark.parametrize("text", ["1,23,4", "1.2.3", "1,2.3,4", "12,34.5", "1/0"])
def test_numbers_of_no_style_are_refused(text: str) -> None:
    assert read_number(text, Style.POINT) is None


ENDS = st.one_of(st.none(), st.integers(0, 9))


@given(ENDS, ENDS, st.integers(0, 9))
def test_what_lies_beyond_a_range_lies_not_in_it(low: int | None, high: int | None, x: int) -> None:
    bounds = Bounds(more_than=low, at_most=high)
    for other in (bounds.beyond(), bounds.below()):
        assert other is None or not (other.holds(x) and bounds.holds(x))


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(st.text(max_size=300), st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join))
)
def test_no_text_breaks_the_reader_and_every_quote_is_in_the_record(text: str) -> None:
    record = manual(text)
    read = read_clauses(record)
    for found in (*read.clauses, *read.unread, *read.synonyms):
        assert record.text[found.start : found.end] == found.quote
        assert record.passages[found.passage].start <= found.start
        assert record.text.count("\n", 0, found.start) + 1 == found.line
    for clause in read.clauses:
        limited = clause.bounds != Bounds()
        assert limited == (clause.measure != "any") == (clause.unit is not None)
        assert clause.terms


@pytest.mark.parametrize(
    "piece",
    [
        "1.",
        "a-",
        "max. ",
        "5 mm to ",
        "zone A, ",
        "scratches and ",
        "not ",
        "|",
        "9,",
        "1/2 ",
        "，",
        "Defect\n",
    ],
)
@pytest.mark.parametrize("size", [900, 60_000])
def test_hostile_texts_take_no_time(piece: str, size: int) -> None:
    text = (piece * (size // len(piece) + 1))[:size]
    read_clauses(manual(text))
