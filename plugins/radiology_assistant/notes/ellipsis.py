"""Doubt that does not say again of what: `no pneumothorax, although a small one cannot be excluded`."""

from collections.abc import Iterator, Sequence
from functools import cache

from radiology_assistant.notes.assertion import Reach
from radiology_assistant.notes.tokens import Token
from radiology_assistant.notes.vocabulary import data

EXCLUDES = ("exclu", "rul", "auszuschl", "ausgeschl", "ausschl")
"""How a word of a cue begins by which it doubts that something was excluded."""
CLAUSE = ("that", "dass", "daß")


def doubts(
    tokens: Sequence[Token], said: Sequence[Reach], named: frozenset[int]
) -> Iterator[Reach]:
    """What doubts something that was named before: it reaches no name, but a word that stands for
    one, or nothing at all. `named` are the places of findings."""
    for reach in said:
        if reach.assertion != "uncertain" or named & {*range(reach.first, reach.beyond)}:
            continue
        words = {x.text for x in tokens[reach.first : reach.beyond] if x.text.isalnum()}
        if _clause(tokens, reach) or not words <= _words("fills") | _words("stands_for"):
            continue
        if words & _words("stands_for") or (not words and _excludes(tokens, reach)):
            yield reach


def _clause(tokens: Sequence[Token], reach: Reach) -> bool:
    """Whether a sentence follows that says what is in doubt: `it cannot be excluded that`."""
    after = tokens[reach.cue[-1] + 1 :]
    return bool(after) and after[0].text in CLAUSE


def _excludes(tokens: Sequence[Token], reach: Reach) -> bool:
    return any(tokens[x].text.startswith(EXCLUDES) for x in reach.cue)


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(data("cues.toml")["ellipsis"][name])
