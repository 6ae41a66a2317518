"""Names of people in names that people give: of files, of folders, of cases in a manifest."""

import re

from secondlook.deid.identity import Identity
from secondlook.deid.words import TOKEN, is_word

SHORTEST = 3
DIGITS = re.compile(r"\d[\d.-]{3,}")
"""What may be somebody's number."""


def named_in(*names: str | None) -> Identity:
    """Who files and cases may be called after: capitalised words that are none, and long numbers."""
    given = [x for x in names if x]
    return Identity(
        names=frozenset({" ".join(_people(x)) for x in given} - {""}),
        texts=frozenset(x for name in given for x in DIGITS.findall(name)),
    )


def _people(name: str) -> list[str]:
    words = TOKEN.findall(name)
    return [x for x in words if len(x) >= SHORTEST and x[0].isupper() and not is_word(x)]
