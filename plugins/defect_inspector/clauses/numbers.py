"""Numbers in the styles of English, German and Chinese manuals."""

import re
from collections.abc import Iterable
from enum import Enum

NUMBER = re.compile(
    r"\d{1,3}(?:[ '’]\d{3}){1,4}(?![\d])(?:[.,]\d{1,9}(?![\d.,]))?|\d{1,15}(?:[.,]\d{1,15}){0,6}"
)
FRACTION = re.compile(r"(?:(\d{1,3})[ -])?(\d{1,3})/(\d{1,4})")
GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3}){0,4}")
GERMAN = frozenset(
    [
        "der",
        "die",
        "das",
        "und",
        "ist",
        "sind",
        "mit",
        "nicht",
        "bis",
        "von",
        "zulässig",
        "über",
        "oder",
        "auf",
        "bei",
    ]
)
SPACES = str.maketrans("", "", " '’")


class Style(Enum):
    """Which sign stands before the decimals."""

    POINT = "."
    COMMA = ","


def style_of(text: str) -> Style | None:
    """The decimal sign that a written number shows beyond doubt; None where both may be meant.

    `1.234` and `1,234` may be meant either way; `0,5`, `12.50` and `1.234,5` may not.
    """
    text = text.translate(SPACES)
    signs = [x for x in text if x in ".,"]
    if not signs:
        return None
    if len(set(signs)) == 2:
        return Style(signs[-1])
    if GROUPED.fullmatch(text) and not text.startswith("0"):
        return None if len(signs) == 1 else Style("," if signs[0] == "." else ".")
    return Style(signs[0]) if len(signs) == 1 else None


def read_number(text: str, style: Style) -> float | None:
    """The value of a written number; None where it fits neither style.

    style: what is meant where the number alone does not tell.
    """
    fraction = FRACTION.fullmatch(text)
    if fraction:
        whole, above, under = (int(x or 0) for x in fraction.groups())
        return whole + above / under if under else None
    text = text.translate(SPACES)
    decimal = (style_of(text) or style).value
    grouping = "," if decimal == "." else "."
    head, _, decimals = text.partition(decimal)
    if grouping in head and not GROUPED.fullmatch(head):
        return None
    digits = f"{head.replace(grouping, '')}.{decimals or 0}"
    return float(digits) if re.fullmatch(r"\d+\.\d+", digits, re.ASCII) else None


def majority(texts: Iterable[str]) -> Style | None:
    """The style that most of these written numbers show; None where they do not tell."""
    votes = [x for x in map(style_of, texts) if x is not None]
    points = votes.count(Style.POINT)
    if 2 * points == len(votes):
        return None
    return Style.POINT if 2 * points > len(votes) else Style.COMMA


def style_of_text(text: str) -> Style | None:
    """The style that most numbers of a text show; None where they leave it open."""
    return majority(x[0] for x in NUMBER.finditer(text))


def style_of_record(text: str) -> Style:
    """Whether a manual writes 0.5 or 0,5: as most of its numbers, else as its language does."""
    found = style_of_text(text[:500_000])
    if found is not None:
        return found
    words = [x for x in text[:50_000].lower().split() if x.isalpha()]
    german = sum(x in GERMAN for x in words)
    return Style.COMMA if german * 12 > len(words) and german else Style.POINT
