"""Words and sentences of a note, each with its place in the text. Linear on any input."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Possessive throughout: nothing is ever tried twice.
TOKEN = re.compile(r"\d++(?:[.,]\d++)++|[^\W_]++(?:['’][^\W_]++)*+|[^\w\s]|_")
ENDS = frozenset(".!?")
ASKED = "¿"
"""A question mark in front of a word: `?pneumothorax`."""
SHORT = frozenset({
    "dr", "mr", "mrs", "ms", "prof", "st", "vs", "approx", "incl", "resp", "ca", "bzw",
    "ggf", "evtl", "li", "re", "bds", "dd", "fr", "hr", "vgl", "etc",
})  # fmt: skip
"""What a full stop shortens."""
UNFINISHED = frozenset({
    "a", "an", "and", "are", "as", "at", "between", "by", "for", "from", "has", "have", "in",
    "is", "no", "nor", "of", "on", "or", "some", "than", "the", "to", "was", "were", "with",
    "without", "und", "oder", "kein", "keine", "keinen", "ohne", "mit", "der", "die", "das",
    "des", "im", "am", "von",
})  # fmt: skip
"""A line that ends with one of these goes on in the next line."""
BULLETS = frozenset("-*•‣▪●◦·–—")
LONGEST = 150
"""Words after which a sentence is cut: what has no full stops is no sentence."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark: `record.text[start:end]`; `text` is in lower case, for comparing."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: `record.text[start:end]`."""

    start: int
    end: int
    tokens: tuple[Token, ...]


def tokens_of(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The words and marks of `text[start:end]`; hyphens inside of words are no marks."""
    stop = len(text) if end is None else end
    return [
        Token(x.start(), x.end(), _folded(text, x.start(), x.end(), stop))
        for x in TOKEN.finditer(text, start, stop)
        if not (text[x.start()] == "-" and _inside(text, x.start(), stop))
    ]


def sentences_of(text: str, start: int = 0, end: int | None = None) -> Iterator[Sentence]:
    """The sentences of `text[start:end]`, in order; what is no word belongs to none."""
    read = tokens_of(text, start, end)
    first = 0
    for at in range(len(read)):
        if at + 1 == len(read) or at - first >= LONGEST or _ends(text, read, first, at):
            tokens = tuple(read[first : at + 1])
            if any(x.text.isalnum() for x in tokens):
                yield Sentence(tokens[0].start, tokens[-1].end, tokens)
            first = at + 1


def _folded(text: str, start: int, end: int, stop: int) -> str:
    asked = text[start] == "?" and end < stop and text[end].isalnum()
    return ASKED if asked else text[start:end].lower()


def _inside(text: str, at: int, stop: int) -> bool:
    return 0 < at < stop - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()


def _ends(text: str, read: Sequence[Token], first: int, at: int) -> bool:
    """Whether a sentence ends with this token; there is a next one."""
    token, after = read[at], read[at + 1]
    gap = text[token.end : after.start]
    if "\n" in gap:
        return _line_ends(text, token, after, gap)
    ends = token.text in ENDS and not _numbers(read, first, at)
    return ends and _stops(text, read, at, gap)


def _numbers(read: Sequence[Token], first: int, at: int) -> bool:
    """`1.` in front of a sentence is a part of it."""
    word = read[first].text
    return at == first + 1 and (word.isdigit() or len(word) == 1)


def _stops(text: str, read: Sequence[Token], at: int, gap: str) -> bool:
    token, after, before = read[at], read[at + 1], read[at - 1] if at else None
    if before is None or token.text != ".":
        return bool(gap) or before is None
    capital = text[after.start].isupper()
    if not gap:  # `effusion.There`
        return capital and len(before.text) > 2
    single = len(before.text) == 1 and before.text.isalpha()
    if single and (text[before.start].islower() or not capital):
        return False
    return before.text not in SHORT


def _line_ends(text: str, token: Token, after: Token, gap: str) -> bool:
    """Whether the sentence ends with its line: the next one may only be its wrapped rest."""
    if gap.count("\n") > 1 or after.text in BULLETS or token.text in ENDS:
        return True
    if token.text in UNFINISHED or token.text == ",":
        return False
    return not text[after.start].islower()
