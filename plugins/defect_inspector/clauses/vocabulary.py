"""The words of `words.toml`, `units.toml` and `columns.toml`, found in tokens: longest first."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from defect_inspector.clauses.fold import CJK, fold
from defect_inspector.clauses.numbers import NUMBER

MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zäö]{0,6}\.?"
DATE = (
    rf"\d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}}|\d{{2}})(?![\d.])|\d{{4}}-\d{{2}}-\d{{2}}(?!\d)"
    rf"|\d{{1,2}}/\d{{1,2}}/\d{{4}}|\d{{4}}年(?:\d{{1,2}}月)?(?:\d{{1,2}}日)?"
    rf"|\d{{1,2}}\.? {MONTH} \d{{4}}|{MONTH} \d{{1,2}}, \d{{4}}"
)
TOKEN = re.compile(
    rf"(?P<date>{DATE})|(?P<fraction>\d{{1,3}}(?:[ -]\d{{1,3}})?/\d{{1,4}}(?=\s?(?:in\b|inch|\"|″|zoll)))"
    rf"|(?P<number>{NUMBER.pattern})|(?P<ideograph>[{CJK}])"
    r"|(?P<word>[A-Za-zÀ-ɏµΑ-ωΩ]{1,60}(?:[²³]|\^?[23](?![\d.,]))?)|(?P<symbol><=|>=|=<|=>|\S)",
    re.IGNORECASE,
)
INFINITIVE = re.compile(
    r"(ab|an|auf|aus|ein|nach|zurück|weg|um|vor|weiter|frei|instand|fest)zu(\w{3,30}n)"
)
PARTICIPLE = re.compile(
    r"(ab|an|auf|aus|ein|nach|zurück|weg|um|vor|weiter|instand|fest)ge(\w{3,30}(?:t|en|te|ten))"
)
COMPOUND = re.compile(
    r"(.{3,40}?)(länge|tiefe|breite|höhe|durchmesser|anzahl|abstand)(n|s)?", re.IGNORECASE
)

FIRST_PART = 4  # letters before the name of a defect in a longer word
LAST_PART = 3  # letters of such a name, less one


@dataclass(frozen=True)
class Token:
    """A word, number, ideograph or sign of a folded text."""

    text: str
    kind: str
    start: int
    end: int

    @property
    def key(self) -> str:
        """As it is looked up: `auszupolieren`, `auspoliert` are forms of one."""
        word = self.text.lower()
        infinitive = INFINITIVE.fullmatch(word) or PARTICIPLE.fullmatch(word)
        return word if infinitive is None else infinitive[1] + infinitive[2]


def tokens(text: str) -> list[Token]:
    """The tokens of a folded text; German compounds with a measure are two."""
    found: list[Token] = []
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or "symbol"
        split = COMPOUND.fullmatch(match[0]) if kind == "word" else None
        if split:
            middle = match.start() + split.end(1)
            found.append(Token(split[1], kind, match.start(), middle))
            found.append(Token(text[middle : match.end()], kind, middle, match.end()))
        else:
            number = "number" if kind == "fraction" else kind
            found.append(Token(match[0], number, match.start(), match.end()))
    return found


@dataclass
class _Node:
    next: "dict[str, _Node]" = field(default_factory=dict)
    stems: "dict[str, _Node]" = field(default_factory=dict)
    senses: dict[str, str] = field(default_factory=dict)


class Phrases:
    """Phrases with what they mean: kind to value."""

    def __init__(self, entries: Iterator[tuple[str, str, str]]) -> None:
        self._root = _Node()
        for kind, value, phrase in entries:
            self._add(kind, value, phrase)

    def _add(self, kind: str, value: str, phrase: str) -> None:
        stem = phrase.endswith("*")
        words = tokens(fold(phrase.rstrip("*")))
        node = self._root
        for i, word in enumerate(words):
            last = i == len(words) - 1
            branch = node.stems if stem and last else node.next
            node = branch.setdefault(word.key, _Node())
        node.senses.setdefault(kind, value)

    def longest(self, words: Sequence[Token], start: int) -> tuple[int, Mapping[str, str]]:
        """Length in tokens of the longest phrase at `start` and its senses; 0 if there is none."""
        best: tuple[int, Mapping[str, str]] = (0, {})
        node: _Node | None = self._root
        for i in range(start, len(words)):
            assert node is not None
            stem = _stem(node.stems, words[i].key)
            node = node.next.get(words[i].key)
            if stem:
                best = (i + 1 - start, stem.senses)
            if node is None:
                break
            if node.senses:
                best = (i + 1 - start, node.senses)
        return best if best[0] else self._compound(words[start])

    def _compound(self, word: Token) -> tuple[int, Mapping[str, str]]:
        """`Haarkratzer` is what `Kratzer` is: a word that ends with the name of a defect."""
        for i in range(FIRST_PART, len(word.key) - LAST_PART if word.kind == "word" else 0):
            rest = word.key[i:]
            node = self._root.next.get(rest) or _stem(self._root.stems, rest)
            if node is not None and set(node.senses) == {"term"}:
                return 1, node.senses
        return 0, {}


def _stem(stems: Mapping[str, _Node], word: str) -> _Node | None:
    if not stems:
        return None
    lengths = range(min(len(word), 24), 0, -1)
    return next((stems[word[:n]] for n in lengths if word[:n] in stems), None)


def load(name: str) -> dict[str, Any]:
    """One of the data files beside this module."""
    text = (files("defect_inspector.clauses") / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def vocabulary() -> Phrases:
    """All words of sentences."""
    return Phrases(_entries())


def _entries() -> Iterator[tuple[str, str, str]]:
    for kind, values in load("words.toml").items():
        for value, phrases in values.items():
            yield from ((kind, value, x) for x in phrases)
    for unit, phrases in load("units.toml").items():
        yield from (("unit", unit, x) for x in phrases)
