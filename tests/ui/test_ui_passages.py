"""Cited sentences: each once, with what the finding owes to it."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest
from ui_cases import CaseMaker
from ui_reading import said

from secondlook.evidence import CitedPassage, Statement
from secondlook_ui.passages import told_once

OpenPage = Callable[..., AppTest]
NOTE = "A dark pit. Nothing else."


def cited(start: int, end: int, effect: float | None = None, record: str = "r") -> CitedPassage:
    """A stretch of the note."""
    return CitedPassage(
        record=record,
        record_name="note.txt",
        text=NOTE[start:end],
        start=start,
        end=end,
        line=1,
        page=None,
        similarity=0.4,
        query="pore",
        effect=effect,
    )


def test_a_sentence_says_in_quiet_words_what_it_did(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    sentence = cited(0, 11, effect=0.12)
    maker.label_only(case, "pore", sentence)
    text = said(open_page("case", case=case))
    assert (
        "A dark pit.\nnote.txt, line 1; without this sentence the probability falls by 0.12" in text
    )


def test_a_passage_whose_sentences_all_stand_below_is_not_told_twice() -> None:
    whole, first, second = cited(0, 25), cited(0, 11, 0.2), cited(12, 25, 0.1)
    assert told_once((whole, first, second)) == [first, second]


def test_a_passage_stays_where_something_of_it_is_told_nowhere_else() -> None:
    whole, first = cited(0, 25), cited(0, 11, 0.2)
    assert told_once((whole, first)) == [whole, first]
    elsewhere = cited(12, 25, 0.1, record="another")
    assert told_once((whole, first, elsewhere)) == [whole, first, elsewhere]


def test_a_sentence_within_a_later_passage() -> None:
    later, inside, before = cited(12, 25), cited(12, 25, 0.1), cited(0, 11, 0.2)
    assert told_once((later, before, inside)) == [before, inside]


def test_a_sentence_that_names_a_finding_says_how_it_means_it(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.add()
    sentence = Statement(
        record="r",
        record_name="note.txt",
        text="No evidence of a pit.",
        start=0,
        end=21,
        line=1,
        page=None,
        names="pit",
        assertion="negated",
        section="findings",
        cue="No evidence of",
    )
    maker.label_only(case, "pore", sentence)
    text = said(open_page("case", case=case))
    assert (
        'No evidence of a pit.\nnegated ("No evidence of"), under findings; note.txt, line 1'
        in text
    )
