"""The case page shows which clause decides, the others folded, and the measures of each place."""

from collections.abc import Callable
from dataclasses import replace

from streamlit.testing.v1 import AppTest
from ui_cases import CaseMaker
from ui_reading import said

from secondlook.assessments import Finding
from secondlook.evidence import CitedPassage, Evidence, Measurement, Region, Ruling
from secondlook_ui import measured, passages

OpenPage = Callable[..., AppTest]

SCRAP = Ruling(
    record="r" * 64,
    record_name="manual.pdf",
    text="3.2 Scratches longer than\n5 mm are scrapped.",
    start=10,
    end=54,
    line=14,
    page=2,
    number="3.2",
    disposition="scrap",
    applies=True,
    decides=True,
    limit="length above 5 mm",
    measured="length 6.2 mm (± 0.4)",
    region="1",
)
KEPT = replace(
    SCRAP, number="3.3", decides=False, applies=False, disposition="rework", measured="width 1 mm"
)
OPEN = replace(SCRAP, number=None, page=None, decides=False, applies=None, note="unknown unit")


def case_with(maker: CaseMaker, *more: Evidence) -> str:
    case = maker.add()
    picture = maker.picture(case)
    places = tuple(
        Region(attachment=picture, left=x, top=9, width=9, height=9, score=3.0, name=name)
        for x, name in ((9, "1"), (40, "2"))
    )
    measures = tuple(
        Measurement(name=name, value=value, unit=unit, region=region)
        for region in ("1", "2")
        for name, value, unit in (
            ("length", 62.0, "px"),
            ("length", 6.2, "mm"),
            ("area", 99, "px2"),
        )
    )
    finding = Finding(
        label="scratch", title="Scratch", probability=0.9, evidence=(*places, *measures, *more)
    )
    maker.store(case, (finding,))
    return case


def test_the_deciding_clause_stands_with_its_place_and_measure(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    text = said(open_page("case", case=case_with(maker, SCRAP, KEPT, OPEN)))
    assert "Decides. Scrap: clause 3.2, manual.pdf, page 2, line 14" in text
    assert "3.2 Scratches longer than 5 mm are scrapped." in text
    assert "place 1: measured length 6.2 mm (± 0.4); limit: length above 5 mm" in text
    assert "places 1 to 2" in text


def test_other_clauses_are_folded_and_say_whether_they_apply(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    app = open_page("case", case=case_with(maker, SCRAP, KEPT, OPEN))
    (folded,) = [x for x in app.expander if x.label == "Other clauses (2)"]
    told = [x.value for x in folded.get("text")]
    assert "Rework, does not apply: clause 3.3, manual.pdf, page 2, line 14" in told
    assert "Scrap, not certain: manual.pdf, line 14" in told
    assert any("unknown unit" in x for x in told)


def test_many_clauses_are_counted(maker: CaseMaker, open_page: OpenPage) -> None:
    many = [replace(KEPT, start=x) for x in range(40)]
    app = open_page("case", case=case_with(maker, *many))
    assert [x.label for x in app.expander if "lauses" in x.label] == ["Clauses (40)"]
    assert any("The first 30 of 40" in x.value for x in app.caption)


def test_measures_are_a_table_by_place_and_no_list(maker: CaseMaker, open_page: OpenPage) -> None:
    app = open_page("case", case=case_with(maker, SCRAP))
    (frame,) = [x.value for x in app.dataframe]
    assert frame.to_dict("records") == [
        {"place": x, "length": "6.2 mm", "area": "99 px²"} for x in ("1", "2")
    ]
    assert "length: 62" not in said(app)


def test_a_place_without_a_measure_has_an_empty_cell() -> None:
    found = (
        Measurement(name="length", value=1.0, unit="px", region="1"),
        Measurement(name="area", value=2.0, unit="mm2", region="2"),
    )
    assert measured.table(found) == [
        {"place": "1", "length": "1 px", "area": ""},
        {"place": "2", "length": "", "area": "2 mm²"},
    ]


def test_without_measures_there_is_no_table(maker: CaseMaker, open_page: OpenPage) -> None:
    app = open_page("case", case=maker.assessed())
    assert not app.dataframe
    assert not [x for x in app.expander if x.label.startswith("Measures")]


def test_a_passage_that_a_ruling_quotes_is_not_told_twice() -> None:
    passage = CitedPassage(
        record=SCRAP.record,
        record_name="manual.pdf",
        text="x" * 80,
        start=0,
        end=80,
        line=13,
        page=2,
        similarity=0.5,
        query="scratch",
    )
    other = replace(passage, start=100, end=180)
    asked = replace(passage, effect=0.2)
    assert passages.told_once((passage, other, SCRAP)) == [other]
    assert passages.told_once((asked, SCRAP)) == [asked]


def test_passages_are_folded_where_a_clause_decides(maker: CaseMaker, open_page: OpenPage) -> None:
    close = CitedPassage(
        record="r" * 64,
        record_name="manual.pdf",
        text="Wipe it.",
        start=90,
        end=98,
        line=1,
        page=1,
        similarity=0.4,
        query="stain",
    )
    folded = open_page("case", case=case_with(maker, SCRAP, close))
    assert "Passages that come close (1)" in [x.label for x in folded.expander]
    open_ = open_page("case", case=case_with(maker, KEPT, close))
    assert "Wipe it." in said(open_)
    assert not [x for x in open_.expander if x.label.startswith("Passages")]


def test_what_is_not_certain_to_apply_leaves_it_open(maker: CaseMaker, open_page: OpenPage) -> None:
    unsure = replace(SCRAP, applies=None, note="only if it is a scratch")
    text = said(open_page("case", case=case_with(maker, unsure)))
    assert "Leaves it open. Scrap: clause 3.2" in text
    assert "only if it is a scratch" in text
