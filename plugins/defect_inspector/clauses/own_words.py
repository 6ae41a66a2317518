"""Words that a manual explains by how it uses them: names of its places and of its product."""

from collections.abc import Iterable, Iterator, Sequence

from defect_inspector.clauses.cells import WHOLE
from defect_inspector.clauses.counted import counted_nouns
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.marks import Mark, read_marks
from defect_inspector.clauses.numbers import Style
from defect_inspector.clauses.places import find_places
from defect_inspector.clauses.statements import Statement
from defect_inspector.clauses.vocabulary import Phrases

Entry = tuple[str, str, str]
"""Sense, value, and phrase, as the vocabulary has them."""
ENDINGS = ("", "s", "es", "n", "en", "e", "er")
TITLE = 12  # words of a title, at most
SHORT = 3  # letters of a word that names no product
MOST = 500


def own_words(statements: Sequence[Statement]) -> Phrases:
    """The phrases of one manual, for `read_marks`."""
    entries = list(dict.fromkeys(_entries(statements)))[:MOST]
    return Phrases(iter(entries))


def _entries(statements: Sequence[Statement]) -> Iterator[Entry]:
    columns: Sequence[object] = ()
    for i, statement in enumerate(statements):
        columns = statement.columns or (columns if statement.kind == "row" else ())
        if statement.kind == "row":
            yield from _cells(statement, columns)
            continue
        marks = read_marks(fold(statement.text[:1000]), Style.POINT)
        if i == 0 and statement.kind == "heading":
            yield from _products(marks)
        yield from _nouns(counted_nouns(marks), "product")
        for _, name in find_places(marks):
            yield ("zone" if name > "\u2e80" else "where"), "place", name
        yield from (("where", "place", name) for name in counted_nouns(marks))


def _cells(statement: Statement, columns: Sequence[object]) -> Iterator[Entry]:
    """The places in the column for them."""
    for cell, column in zip(statement.cells, columns, strict=False):
        name = fold(cell)
        whole = name.lower() in WHOLE or len(name) < 2 or any(x.isdigit() for x in name)
        if getattr(column, "role", "") == "zone" and not whole and len(name.split()) <= 3:
            marks = read_marks(name, Style.POINT)
            if not any(x.senses for x in marks):
                yield "zone", "place", name


def _products(marks: Sequence[Mark]) -> Iterator[Entry]:
    """The words of the title: what they name is the part, no place on it and no defect."""
    words = [x.text for x in marks if x.kind == "word" and not x.senses and len(x.text) > SHORT]
    if len(marks) <= TITLE:
        yield from _nouns(words, "part")


def _nouns(words: Iterable[str], value: str) -> Iterator[Entry]:
    """Words in singular and plural; value: `part` for what the manual is about."""
    for word in words:
        stem = word.lower().removesuffix("s")
        western = stem.isascii() or stem[0] < "\u2e80"
        for ending in ENDINGS if western and len(stem) > SHORT else ("",):
            yield "plain", value, (stem if western else word) + ending
