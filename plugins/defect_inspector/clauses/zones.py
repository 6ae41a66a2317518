"""Places on a part that a sentence names: zones by letter, faces and edges by name."""

from collections.abc import Iterator, Sequence
from functools import cache

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.places import LOCATIVE, find_places
from defect_inspector.clauses.vocabulary import load

EVERYWHERE = ""
DETERMINERS = frozenset(
    {
        "the",
        "a",
        "an",
        "any",
        "all",
        "each",
        "every",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "des",
        "am",
        "im",
    }
)
WEAK = frozenset(
    {"surface", "surfaces", "area", "side", "sides", "end", "fläche", "flächen", "seite"}
)
OPENERS = frozenset("有上下内外中前后")
MOST = 3  # words before the noun


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(load("words.toml")["zone"][name])


def find_zones(marks: Sequence[Mark], *, sure: bool = False) -> list[tuple[int, tuple[str, ...]]]:
    """Position and names of each place; EVERYWHERE where it is said to be the whole part.

    sure: leave out what only the grammar shows; `in the veneer` need be no place.
    """
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
    found += [(i, (name,)) for i, name in _faces(marks)]
    at_zones = {i for i, _ in found}
    guessed = [] if sure else find_places(marks)
    found += [(i, (name,)) for i, name in guessed if i not in at_zones]
    return sorted(found)


def _faces(marks: Sequence[Mark]) -> Iterator[tuple[int, str]]:
    """`分型面`: ideographs with the word for face or area behind them."""
    for i, mark in enumerate(marks):
        first = i
        while first > 0 and i - first < MOST and _plain_ideograph(marks[first - 1]):
            first -= 1
        if 0 < first < i and _opens(marks, first - 1):
            first -= 1
        longer = first > 0 and _plain_ideograph(marks[first - 1])
        kind = mark.kind == "ideograph" and mark.get("zone") in ("suffix", "word")
        kind = kind and (i - first > 1 or marks[first].text in OPENERS)  # `麻面` is a defect
        if kind and first < i and not longer:
            yield i, "".join(x.text for x in marks[first : i + 1])


def _opens(marks: Sequence[Mark], i: int) -> bool:
    """Whether a small word begins the name of a place: `有效区`."""
    small = marks[i].kind == "ideograph" and marks[i].text in OPENERS
    apart = i == 0 or marks[i - 1].kind == "symbol" or marks[i - 1].end < marks[i].start
    return small and apart


def _plain_ideograph(mark: Mark) -> bool:
    return mark.kind == "ideograph" and not mark.senses


def _explains(marks: Sequence[Mark], i: int) -> bool:
    """`Zone A - sealing face`, `Dichtfläche (Zone A)`: the place is the zone of the letter."""
    if [x.get("at") is not None for x in marks[i + 2 : i + 3]] == [True]:
        return marks[i + 1].text in "-–—(:=["
    for j in range(i - 1, max(-1, i - 6), -1):
        if marks[j].get("at") is not None:
            return j < i - 1
        if marks[j].text not in "-–—(:=[" and not _modifies(marks[j]):
            return False
    return False


def _named(marks: Sequence[Mark], i: int) -> str:
    """With the words before it that are nothing else: `polished sealing face`."""
    first = i
    while first > 0 and i - first < MOST and _which(marks[first - 1]):
        first -= 1
    bare = marks[i].text.lower() in ("inside", "outside", "exterior", "interior")
    if bare or (first and not _after_preposition(marks, first)):
        first = i
    if marks[i].kind == "ideograph":
        return _ideographs(marks, i)
    return " ".join(x.text for x in marks[first : i + 1])


def _ideographs(marks: Sequence[Mark], i: int) -> str:
    """With what stands between a known name and the word for in or on: `螺纹孔内`."""
    end = i + 1
    while end < len(marks) and marks[end].kind == "ideograph" and not marks[end].senses:
        end += 1
    located = end - i <= MOST and end < len(marks) and marks[end].text in LOCATIVE
    return "".join(x.text for x in marks[i : end if located else i + 1])


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
    while first > 0 and i - first < MOST and _which(marks[first - 1]):
        first -= 1
    weak = first == i and marks[i].text.lower() in WEAK
    determined = first > 0 and marks[first - 1].text.lower() in DETERMINERS
    return determined and not weak and _on(marks, first)


def _which(mark: Mark) -> bool:
    """Whether a word says which face: `the lower side`, `the side faces`."""
    return _modifies(mark) or mark.text.lower() in _words("head")


def _on(marks: Sequence[Mark], first: int) -> bool:
    words = {x.text.lower() for x in marks[max(0, first - 2) : first]}
    prepositions = {"on", "in", "at", "along", "near", "within", "of", "an", "am", "auf", "im"}
    return bool(words & prepositions or marks[first - 1].text.lower() in ("am", "im"))
