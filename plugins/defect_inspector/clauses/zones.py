"""Places on a part that a sentence names: zones by letter, faces and edges by name."""

from collections.abc import Sequence
from functools import cache

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.vocabulary import load

EVERYWHERE = ""
DETERMINERS = frozenset(
    {"the", "a", "an", "any", "all", "each", "every", "der", "die", "das", "den", "dem", "des"}
)
MOST = 3  # words before the noun


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(load("words.toml")["zone"][name])


def find_zones(marks: Sequence[Mark]) -> list[tuple[int, tuple[str, ...]]]:
    """Position and names of each place; EVERYWHERE where it is said to be the whole part."""
    found: list[tuple[int, tuple[str, ...]]] = []
    for i, mark in enumerate(marks):
        at, zone = mark.get("at"), mark.get("zone")
        if at is not None:
            found.append((i, tuple(at.split("\n"))))
        elif zone == "everywhere":
            found.append((i, (EVERYWHERE,)))
        elif zone == "place" and _explains(marks, i):
            continue
        elif zone == "place" or _german(mark) or _head(marks, i):
            found.append((i, (_named(marks, i),)))
    return found


def _explains(marks: Sequence[Mark], i: int) -> bool:
    """`Zone A - sealing face`, `Zone A (Dichtfläche)`: the place is the zone of the letter."""
    for j in range(i - 1, max(-1, i - 6), -1):
        if marks[j].get("at") is not None:
            return j < i - 1
        if marks[j].text not in "-–—(:=[" and not _modifies(marks[j]):
            return False
    return False


def _named(marks: Sequence[Mark], i: int) -> str:
    """With the words before it that are nothing else: `polished sealing face`."""
    first = i
    while first > 0 and i - first < MOST and _modifies(marks[first - 1]):
        first -= 1
    if first and not _after_preposition(marks, first):
        first = i
    return " ".join(x.text for x in marks[first : i + 1])


def _modifies(mark: Mark) -> bool:
    return mark.kind == "word" and not mark.senses


def _after_preposition(marks: Sequence[Mark], i: int) -> bool:
    return i > 0 and (marks[i - 1].get("plain") is not None or marks[i - 1].get("per") is not None)


def _german(mark: Mark) -> bool:
    word = mark.text.lower()
    if mark.senses or mark.kind != "word" or word in _words("not_german"):
        return False
    return word.endswith(tuple(_words("german"))) and not word.endswith(
        ("oberfläche", "oberflächen")
    )


def _head(marks: Sequence[Mark], i: int) -> bool:
    """`on the upper face`: a determiner, words that say which, and what kind of place."""
    if marks[i].text.lower() not in _words("head"):
        return False
    first = i
    while first > 0 and i - first < MOST and _modifies(marks[first - 1]):
        first -= 1
    weak = first == i and marks[i].text.lower() in (
        "surface",
        "surfaces",
        "area",
        "side",
        "sides",
        "end",
    )
    determined = first > 0 and marks[first - 1].text.lower() in DETERMINERS
    return determined and not weak and _on(marks, first)


def _on(marks: Sequence[Mark], first: int) -> bool:
    words = {x.text.lower() for x in marks[max(0, first - 2) : first]}
    return bool(words & {"on", "in", "at", "along", "near", "within", "of"})
