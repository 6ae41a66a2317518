"""Where things stand on a page, in points from its lower left corner."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Matrix = Sequence[float]
"""a, b, c, d, e, f of a PDF transformation."""
Segment = tuple[float, float, float, float]
"""A straight line: both ends."""
CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
HYPHEN = re.compile(r"[a-zß-ÿ]-$")


@dataclass(frozen=True)
class Word:
    """A stretch of text on one line."""

    left: float
    right: float
    y: float
    height: float
    text: str

    @property
    def middle(self) -> float:
        """Half way between its ends."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Area:
    """A rectangle on the page."""

    left: float
    bottom: float
    right: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        """Whether text at a point stands in it; letters reach some way above their line."""
        return self.left - 2 <= x <= self.right + 2 and self.bottom <= y + 2 <= self.top


def applied(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """A point after a transformation."""
    a, b, c, d, e, f = (float(n) for n in matrix)
    return a * x + c * y + e, b * x + d * y + f


def joined(words: Iterable[Word]) -> str:
    """The text of one cell, its lines from top to bottom."""
    text = ""
    for line in lines_of(words):
        text = _glued(text, " ".join(x.text for x in line))
    return text


def lines_of(words: Iterable[Word]) -> list[list[Word]]:
    """Words by lines from the top, each from left to right."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda x: -x.y):
        same = lines and abs(lines[-1][0].y - word.y) < 0.45 * max(word.height, 1)
        if same:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(x, key=lambda word: word.left) for x in lines]


def _glued(before: str, line: str) -> str:
    """Two lines as one: ideographs without a space, a word that was parted as one."""
    if not before:
        return line
    if HYPHEN.search(before) and line[:1].islower():
        return before[:-1] + line
    whole = CJK.match(before[-1]) and CJK.match(line)
    return before + ("" if whole else " ") + line
