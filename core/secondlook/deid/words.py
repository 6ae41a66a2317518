"""Words that name nobody: those of imaging, and those that hold any sentence together.

Descriptions are cut down to them, and a name that is one of them is redacted only beside another
part of the same name: a patient called "No" must not turn "no effusion" into its opposite.
"""

import re
from functools import cache
from importlib.resources import files

TOKEN = re.compile(r"[^\W_]+")
MEASURE = re.compile(r"\d{1,3}|[a-z]{1,2}\d{1,2}|\d{1,3}[a-z]{1,2}", re.IGNORECASE)
"""`120`, `T2`, `5mm`."""


@cache
def words() -> frozenset[str]:
    """The closed list, in lower case."""
    text = (files("secondlook.deid") / "words.txt").read_text(encoding="ascii")
    return frozenset(x for line in text.splitlines() if line[:1] != "#" for x in line.split())


def is_word(token: str) -> bool:
    """Whether a token is on the list."""
    return token.lower() in words()


def only_words(text: str) -> str:
    """What is left of a description: its words and measures, a space between them."""
    found = TOKEN.findall(text)
    return " ".join(x for x in found if is_word(x) or MEASURE.fullmatch(x))
