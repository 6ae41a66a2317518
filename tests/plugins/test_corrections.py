"""What a person corrects of how a manual is read."""

import pytest

from defect_inspector.clauses import Clause, ReadManual, read_clauses
from secondlook import Record, amend, amended_at, unamended
from secondlook.errors import UsageError
from secondlook.intake.passages import note

MANUAL = """Cover plate, limits

3.1 Pores larger than 2 mm are scrapped.
3.2 Scratches longer than 5 mm are reworked.
3.3 Dents shall be such that the customer is content.
"""


def manual(text: str = MANUAL) -> Record:
    return note(text, kind="manual", name="plate.txt")


def corrected(*lines: str, text: str = MANUAL) -> tuple[Record, ReadManual]:
    record = amend(manual(text), note("\n".join(lines), kind="manual", name="mine.txt"))
    return record, read_clauses(record)


def about(read: ReadManual, term: str) -> list[Clause]:
    return [x for x in read.clauses if any(term in y for y in x.terms)]


def test_a_line_takes_the_place_of_a_clause() -> None:
    record, read = corrected("line 4: Scratches longer than 4 mm are scrapped.")
    (clause,) = about(read, "scratch")
    assert (clause.more_than, clause.disposition, clause.number) == (4, "scrap", "3.2")
    assert record.text[clause.start : clause.end] == clause.quote
    assert clause.quote == "Scratches longer than 4 mm are scrapped."
    assert record.text.splitlines()[clause.line - 1].endswith(clause.quote)
    assert record.passages[clause.passage].text.endswith(clause.quote)
    assert about(read, "pore")[0].more_than == 2


def test_a_number_names_a_clause_too() -> None:
    _, read = corrected("3.1: Pores larger than 1 mm are held.")
    (clause,) = about(read, "pore")
    assert (clause.more_than, clause.disposition, clause.number) == (1, "hold", "3.1")


def test_what_was_not_read_is_said_in_other_words() -> None:
    assert [x.line for x in read_clauses(manual()).unread] == [5]
    _, read = corrected("line 5: Dents deeper than 0.2 mm are reworked.")
    assert not read.unread
    (clause,) = about(read, "dent")
    assert (clause.measure, clause.more_than, clause.disposition) == ("depth", 0.2, "rework")


def test_what_is_no_rule_is_withdrawn() -> None:
    _, read = corrected("line 5: no rule", "3.1: no rule.")
    assert not read.unread
    assert not about(read, "pore")
    assert about(read, "scratch")


def test_a_rule_that_was_overlooked_is_new() -> None:
    _, read = corrected("new: Stains larger than 20 mm2 are reworked.")
    (clause,) = about(read, "stain")
    assert (clause.more_than, clause.unit, clause.number) == (20, "mm2", None)
    assert len(read.clauses) == 3


def test_several_lines_may_stand_for_one_clause() -> None:
    _, read = corrected(
        "line 4: Scratches longer than 4 mm are reworked.",
        "line 4: Scratches longer than 9 mm are scrapped.",
    )
    assert [(x.more_than, x.disposition) for x in about(read, "scratch")] == [
        (4, "rework"),
        (9, "scrap"),
    ]


@pytest.mark.parametrize("line", ["line 99: no rule", "9.9: Pores are scrapped."])
def test_a_correction_of_nothing_is_told_of(line: str) -> None:
    _, read = corrected(line)
    assert any("nothing was read at" in x.reason for x in read.unread)


def test_a_line_that_is_no_correction_is_told_of() -> None:
    _, read = corrected("Scratches are fine.")
    assert any("a correction begins with" in x.reason for x in read.unread)
    assert about(read, "scratch")[0].disposition == "rework"


def test_a_correction_that_cannot_be_read_is_told_of_and_the_old_rule_is_gone() -> None:
    _, read = corrected("line 4: Scratches shall be such that the customer is content.")
    assert not about(read, "scratch")
    assert [x.line for x in read.unread] == [5, 8]


def test_no_heading_of_the_manual_holds_for_a_correction() -> None:
    text = "Zone A\n\nPores larger than 2 mm are scrapped.\n"
    (before,) = read_clauses(manual(text)).clauses
    assert before.zone == "A"
    _, read = corrected("line 3: Pores larger than 1 mm are scrapped.", text=text)
    assert [x.zone for x in read.clauses] == [None]


def test_german_and_chinese_lines() -> None:
    _, read = corrected("Zeile 4: Kratzer über 4,5 mm sind Ausschuss.", "行 3：无规则")
    (clause,) = read.clauses
    assert (clause.more_than, clause.disposition) == (4.5, "scrap")


def test_the_manual_itself_is_unchanged() -> None:
    record, _ = corrected("line 4: no rule", "# a remark", "")
    assert record.text.startswith(MANUAL.rstrip())
    assert "a remark" not in record.text
    assert record.passages[: len(manual().passages)] == manual().passages
    assert unamended(record).passages == manual().passages
    assert amended_at(manual().text) is None
    assert record.sha256 != manual().sha256
    for passage in record.passages:
        assert record.text[passage.start : passage.end] == passage.text
        assert record.text.count("\n", 0, passage.start) + 1 == passage.line


@pytest.mark.parametrize("text", ["# nothing but a remark", "#\n\n  # more"])
def test_corrections_of_nothing_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="mine.txt corrects nothing"):
        corrected(text)


def test_corrections_are_given_with_the_manual_itself() -> None:
    record, _ = corrected("line 4: no rule")
    with pytest.raises(UsageError, match="corrections already"):
        amend(record, note("line 4: no rule", kind="manual", name="mine.txt"))
