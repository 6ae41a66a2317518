"""Text without names: what identifies is overwritten, letter by letter, and nothing moves.

Every character that is redacted becomes one `X` (spaces, line ends and ASCII punctuation stay), so
that offsets of passages and of evidence stay right.
"""

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from secondlook.deid.columns import column_spans
from secondlook.deid.identity import Identity
from secondlook.deid.patterns import (
    name_spans,
    network_spans,
    pattern_spans,
    titled_spans,
)
from secondlook.deid.words import TOKEN, is_meant, is_word

Span = tuple[int, int]
BLOT = "X"
KEPT = frozenset(string.punctuation + string.whitespace)
SHORTEST = 2
"""Letters of a name that is redacted wherever it stands."""
SHORTEST_NUMBER = 3
"""Characters of a number or an address that is."""
DENSE = "\u2e80"
"""From here on are scripts without spaces between words: a name in them stands amid others."""
MOST_PARTS = 12
"""Of a name, of which any two may stand together; a header may state a name of 64 kB."""
LETTERS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "ß"))
"""How umlauts are written where there are none, and what is left of them without their dots."""
SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
SHORTEST_SPELLED = 4
BETWEEN = frozenset({" ", ", ", ",", "-", "^", "  "})
"""What stands between the parts of one name."""
GAP = r"[\W_]{0,3}"
"""What may stand between the parts of a name or number, however it is written."""


@dataclass(frozen=True)
class Redactor:
    """Knows who must not be named. Make one with `of`."""

    _pattern: "re.Pattern[str] | None" = field(repr=False)

    @classmethod
    def of(cls, identities: Iterable[Identity], others: Iterable[str] = ()) -> "Redactor":
        """Of the identities of a case; `others` are further names, as of its files."""
        wanted: set[str] = set()
        for identity in identities:
            for name in identity.names:
                wanted.update(_name_forms(name))
            for text in identity.texts:
                wanted.update(_text_forms(text))
        for name in others:
            wanted.update(_name_forms(name))
        longest_first = sorted(wanted, key=lambda x: (-len(x), x))
        dense = [x for x in longest_first if x[0] >= DENSE]
        spaced = [x for x in longest_first if x[0] < DENSE]
        whole = [rf"(?<![^\W_])(?:{'|'.join(spaced)})(?![^\W_])"] if spaced else []
        return cls(re.compile("|".join([*whole, *dense])) if wanted else None)

    def known(self, text: str) -> str:
        """The text without what is known."""
        return blotted(text, self._known(text))

    def header(self, text: str) -> str:
        """The text of a header without what is known, addresses of the network and titles."""
        return blotted(text, [*self._known(text), *titled_spans(text), *network_spans(text)])

    def note(self, text: str) -> str:
        """The text of a note without what is known and all that looks like an identifier.

        A name that is announced once is known from then on, and so are names beside it.
        """
        names = [*self._known(text), *name_spans(text)]
        names += _again(text, names)
        names += _beside(text, names)
        return blotted(text, [*names, *pattern_spans(text), *column_spans(text)])

    def _known(self, text: str) -> Iterator[Span]:
        if self._pattern is not None:
            yield from (x.span() for x in self._pattern.finditer(folded(text)))


def blotted(text: str, spans: Iterable[Span]) -> str:
    """The text with these stretches overwritten; the same text where there are none."""
    letters = list(text)
    for start, end in spans:
        for i in range(start, end):
            if letters[i] not in KEPT:
                letters[i] = BLOT
    return "".join(letters)


def folded(text: str) -> str:
    """Lower case without accents, letter for letter: as long as the text."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


def _folded(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter)[:1].lower()[:1] or letter


def _again(text: str, names: Iterable[Span]) -> Iterator[Span]:
    """Where the parts of these names stand besides."""
    plain = folded(text)
    parts = {plain[a:b] for start, end in names for a, b in _tokens(text, start, end)}
    parts = {x for x in parts if len(x) > SHORTEST and x.isalpha() and not is_meant(x)}
    yield from (x for x in _tokens(text, 0, len(text)) if plain[slice(*x)] in parts)


def _beside(text: str, names: Iterable[Span]) -> Iterator[Span]:
    """Capitalised words right before or behind a name that are no ordinary words."""
    known = {x for span in names for x in _tokens(text, *span) if text[x[0]].isalpha()}
    tokens = list(_tokens(text, 0, len(text)))
    for one, other in (*pairwise(tokens), *((b, a) for a, b in reversed(list(pairwise(tokens))))):
        gap = text[min(one[1], other[1]) : max(one[0], other[0])]
        if one in known and gap in BETWEEN and _may_be_a_name(text[slice(*other)]):
            known.add(other)
            yield other


def _may_be_a_name(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and word.isalpha() and not is_meant(word)


def _tokens(text: str, start: int, end: int) -> Iterator[Span]:
    yield from (x.span() for x in TOKEN.finditer(text, start, end))


def _name_forms(name: str) -> Iterator[str]:
    """Patterns for the parts of a name, and for two of them that stand together."""
    parts = [x for x in TOKEN.findall(folded(name)) if not x.isdigit()]
    for part in (*parts, *_otherwise(name, parts)):
        if len(part) >= SHORTEST and not is_word(part):
            yield re.escape(part)
    for first in parts[:MOST_PARTS]:
        for second in parts[:MOST_PARTS]:
            together = len(first) + len(second)
            if first != second and (together > SHORTEST_NUMBER or min(first, second) >= DENSE):
                yield f"{re.escape(first)}{GAP}{re.escape(second)}"


def _otherwise(name: str, parts: Iterable[str]) -> Iterator[str]:
    """Parts of a name with umlauts spelled out, and those spelled out with umlauts."""
    written = unicodedata.normalize("NFC", name).lower()
    if any(x in written for x in SPELLED):
        yield from TOKEN.findall(folded("".join(SPELLED.get(x, x) for x in written)))
    for part in parts:
        for spelled, short in LETTERS:
            other = part.replace(spelled, short)
            if other != part and len(other) >= SHORTEST_SPELLED:
                yield other


def _text_forms(text: str) -> Iterator[str]:
    """A pattern for a number or address, whatever stands between its parts."""
    runs = TOKEN.findall(folded(text))
    letters = sum(map(len, runs))
    if letters >= SHORTEST_NUMBER and not all(is_word(x) for x in runs):
        yield GAP.join(map(re.escape, runs))
