"""Phrases and where they stand among the words of a sentence.

A phrase is words between blanks. `a|b` is either word, `opacit*` any word that begins so, `..` up
to four words that are neither a mark nor one of BARS: `heart|cardiac .. enlarged`, `<year>` a year.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from radiology_assistant.notes.tokens import Token, tokens_of

T = TypeVar("T")
GAP = 4
BARS = frozenset({
    "and", "but", "with", "without", "normal", "unremarkable", "clear", "und", "aber", "mit",
    "ohne",
})  # fmt: skip
"""Words that `..` does not reach over: what stands behind them is said of something else."""
KEY = 3
"""Letters by which phrases are looked up."""


@dataclass(frozen=True, slots=True)
class _Word:
    """One place of a phrase."""

    whole: frozenset[str]
    begins: tuple[str, ...]
    reach: int
    """How many words may stand in front of it."""

    def fits(self, word: str) -> bool:
        return word in self.whole or word.startswith(self.begins)


YEAR = "<year>"
YEARS = _Word(frozenset(str(x) for x in range(1930, 2100)), (), 0)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A phrase in a sentence: the indices of its words among the tokens, and what it stands for."""

    at: tuple[int, ...]
    value: T

    @property
    def first(self) -> int:
        """Index of its first word."""
        return self.at[0]

    @property
    def beyond(self) -> int:
        """Index behind its last word."""
        return self.at[-1] + 1


class Phrases(Generic[T]):
    """Phrases with what they stand for, looked up by the first letters of their first word."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        """Raises ValueError for a phrase that begins with a gap or has no word."""
        self._by_key: dict[str, list[tuple[tuple[_Word, ...], T]]] = defaultdict(list)
        for phrase, value in entries:
            words = tuple(_parsed(phrase))
            for key in {x[:KEY] for x in (*words[0].whole, *words[0].begins)}:
                self._by_key[key].append((words, value))

    def at(self, tokens: Sequence[Token], start: int) -> list[Found[T]]:
        """Every phrase that begins with the token at `start`."""
        known = self._by_key.get(tokens[start].text[:KEY])
        if known is None:
            return []
        matched = ((_match(words, tokens, start), value) for words, value in known)
        return [Found(places, value) for places, value in matched if places is not None]

    def longest(self, tokens: Sequence[Token]) -> Iterator[Found[T]]:
        """From left to right the longest phrase at each place; none overlaps another, but one
        phrase may stand for several things."""
        start = 0
        while start < len(tokens):
            found = self.at(tokens, start)
            beyond = max((x.beyond for x in found), default=start + 1)
            yield from (x for x in found if x.beyond == beyond)
            start = beyond


def _parsed(phrase: str) -> Iterator[_Word]:
    reach = 0
    words = 0
    for piece in phrase.split():
        if piece == "..":
            reach = GAP
            continue
        either = piece.split("|") if len(piece) > 1 else [piece]
        spelled = [[x.text for x in tokens_of(part.removesuffix("*"))] for part in either]
        if reach and not words or (len(either) > 1 and any(len(x) != 1 for x in spelled)):
            raise ValueError(f"{phrase!r} is no phrase: {piece!r} must be one word or mark")
        yield from [YEARS] if piece == YEAR else _places(either, spelled, reach)
        reach, words = 0, words + 1
    if reach or not words:
        raise ValueError(f"{phrase!r} is no phrase: it must begin and end with a word")


def _places(either: list[str], spelled: list[list[str]], reach: int) -> Iterator[_Word]:
    if len(either) == 1:  # `r/o` is three places
        *first, last = spelled[0]
        for word in first:
            yield _Word(frozenset({word}), (), reach)
            reach = 0
        spelled = [[last]]
    pairs = [(x, part.endswith("*")) for part, (x,) in zip(either, spelled, strict=True)]
    whole = frozenset(x for x, begins in pairs if not begins)
    yield _Word(whole, tuple(x for x, begins in pairs if begins), reach)


def _match(words: Sequence[_Word], tokens: Sequence[Token], start: int) -> tuple[int, ...] | None:
    places: list[int] = []
    at = start
    for word in words:
        last = at + word.reach
        while at < len(tokens) and not word.fits(tokens[at].text):
            if at >= last or not tokens[at].text.isalnum() or tokens[at].text in BARS:
                return None
            at += 1
        if at == len(tokens):
            return None
        places.append(at)
        at += 1
    return tuple(places)
