"""Sentences of records that a finding cites: what to hold it against, and what it rests on."""

import streamlit as st

from secondlook.evidence import CitedPassage, Evidence, Quote, Ruling, Statement
from secondlook_ui import words


def show(evidence: tuple[Evidence, ...], place: str) -> None:
    """Draw them; `place` names the finding within the page. Folded where a clause has decided."""
    stated = [x for x in evidence if isinstance(x, Statement)]
    _draw_stated(stated, place)
    cited = told_once(evidence)
    if cited and any(isinstance(x, Ruling) and x.decides for x in evidence):
        with st.expander(f"Passages that come close ({len(cited)})"):
            _draw(cited, place)
    else:
        _draw(cited, place)


def _draw_stated(stated: list[Statement], place: str) -> None:
    """Sentences that name the finding, each with how it is meant."""
    for number, sentence in enumerate(stated):
        with st.container(key=f"statement-{place}-{number}", gap=None):
            st.text(" ".join(sentence.text.split()))
            with st.container(key=f"quiet-statement-{place}-{number}"):
                st.text(f"{words.stated(sentence)}; {_where(sentence)}")


def _draw(cited: list[CitedPassage], place: str) -> None:
    for number, passage in enumerate(cited):
        with st.container(key=f"passage-{place}-{number}", gap=None):
            st.text(" ".join(passage.text.split()))
            with st.container(key=f"quiet-passage-{place}-{number}"):
                st.text("; ".join([_where(passage), *words.effect(passage)]))


def told_once(evidence: tuple[Evidence, ...]) -> list[CitedPassage]:
    """All but those that a ruling quotes from, or whose every sentence is cited again with what
    the finding owes to it."""
    ruled = [x for x in evidence if isinstance(x, Ruling)]
    cited = [x for x in evidence if isinstance(x, CitedPassage) and not _quoted(x, ruled)]
    weighed = [x for x in cited if x.effect is not None]
    return [x for x in cited if x.effect is not None or not _made_up(x, weighed)]


def _quoted(passage: CitedPassage, rulings: list[Ruling]) -> bool:
    """Whether a clause in it stands above already, and nobody asked what it does."""
    within = (
        x.record == passage.record and passage.start <= x.start < passage.end for x in rulings
    )
    return passage.effect is None and any(within)


def _made_up(passage: CitedPassage, sentences: list[CitedPassage]) -> bool:
    """Whether these sentences leave nothing of it but spaces."""
    left = list(passage.text)
    for sentence in sentences:
        if sentence.record == passage.record:
            first, beyond = (x - passage.start for x in (sentence.start, sentence.end))
            left[max(first, 0) : max(beyond, 0)] = " " * len(left[max(first, 0) : max(beyond, 0)])
    return not "".join(left).strip()


def _where(passage: Quote) -> str:
    page = f"page {passage.page}, " if passage.page else ""
    return f"{passage.record_name}, {page}line {passage.line}"
