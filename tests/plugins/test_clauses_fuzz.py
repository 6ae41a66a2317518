"""Pieces of manuals in any order and format: nothing is raised, and every place is true."""

import hashlib
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manual_files import manuals

from defect_inspector.clauses import Bounds, ReadManual, read_clauses
from secondlook import Record
from secondlook.intake.blocks import find_blocks
from secondlook.intake.html import read_html
from secondlook.intake.markdown import read_markdown
from secondlook.intake.parsed import Document
from secondlook.intake.passages import from_blocks

READERS = {
    "text/plain": lambda text: Document(text, find_blocks(text)),
    "application/pdf": lambda text: Document(text, find_blocks(text, [0, 40]), [0, 40]),
    "text/markdown": read_markdown,
    "text/html": lambda text: read_html(f"<body>{text}"),
}
LINES = sorted({line for own in manuals() for line in own.source.splitlines() if line.strip()})
WORDS = sorted({word for line in LINES for word in line.split()})
PIECES = st.lists(
    st.one_of(
        st.sampled_from(LINES), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
        st.sampled_from(["", "|", "a | b", "-", "1.", "<tr><td>x<td colspan=3>", "第三章", "\x0c"]),
        st.text(max_size=20),
    ),
    max_size=25,
).map("\n".join)  # fmt: skip


def record(text: str, media_type: str) -> Record:
    document = READERS[media_type](text.replace("\r", " "))
    return Record(
        sha256=hashlib.sha256(document.text.encode(errors="replace")).hexdigest(),
        name="manual", media_type=media_type, kind="manual", text=document.text,
        passages=from_blocks(document.text, document.blocks, document.pages),
    )  # fmt: skip


@pytest.mark.parametrize("media_type", READERS)
@settings(deadline=None, max_examples=60)
@given(text=PIECES)
def test_no_manual_breaks_the_reader(media_type: str, text: str) -> None:
    found = record(text, media_type)
    read = read_clauses(found)
    for place in (*read.clauses, *read.unread, *read.synonyms):
        assert found.text[place.start : place.end] == place.quote != ""
        assert found.text.count("\n", 0, place.start) + 1 == place.line
    for clause in read.clauses:
        assert clause.terms and all(clause.terms)
        assert clause.disposition in ("accept", "rework", "scrap", "hold")
        assert (clause.bounds == Bounds()) == (clause.measure == "any") == (clause.unit is None)
    assert read_clauses(found) == read


def test_nothing_is_read_from_nothing() -> None:
    assert asdict(read_clauses(record("", "text/plain"))) == asdict(ReadManual())
