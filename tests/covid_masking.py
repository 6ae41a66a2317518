"""Notes without the words that tell the finding, how the case ended, or who published it."""

import re
import tomllib
from functools import cache
from pathlib import Path

MASKS = Path(__file__).with_name("covid_masks.toml")
GONE = "___"


@cache
def masked_words() -> dict[str, tuple[str, ...]]:
    """The list, by the kind of what a word would tell."""
    return {kind: tuple(x) for kind, x in tomllib.loads(MASKS.read_text(encoding="utf-8")).items()}


def mask(note: str) -> str:
    """The note with `___` in the place of every word of the list, in any spelling of its case."""
    tail, words = _patterns()
    return words.sub(GONE, tail.sub(GONE, note))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    lists = dict(masked_words())
    tail = "|".join(map(_pattern, lists.pop("tail")))
    # The longest first: "cov 2" is part of "sars cov 2".
    words = sorted((x for kind in lists.values() for x in kind), key=len, reverse=True)
    either = "|".join(map(_pattern, words))
    return (
        re.compile(rf"(?<![^\W_])(?:{tail}).*", re.IGNORECASE | re.DOTALL),
        re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE),
    )


def _pattern(word: str) -> str:
    parts = r"[\s\-]*".join(re.escape(x) for x in word.removesuffix("*").split())
    return parts + r"[\w\-]*" if word.endswith("*") else parts
