"""What a sentence names: defect terms with their modifiers, and the names a manual gives them."""

from collections.abc import Sequence

from defect_inspector.clauses.marks import Mark

Term = tuple[int, str, bool]
"""Position, words in lower case, whether it is round."""
MODIFIERS = 2
LEADING = 4  # ideographs before a known name
IDEOGRAPHS = 8


def find_terms(marks: Sequence[Mark]) -> list[Term]:
    """The known defect terms in order; synonyms named beside a term are left out."""
    found: list[Term] = []
    for i, mark in enumerate(marks):
        kind = mark.get("term")
        if kind is None or mark.get("zone") == "place" or _alias(marks, i) or _first_part(marks, i):
            continue
        if not any(word == words_of(marks, i) for _, word, _ in found):
            found.append((i, words_of(marks, i), kind == "round"))
    named = [x for x in found if marks[x[0]].get("term") != "generic"]
    named = [x for x in named if not _titles(marks, x, named) and not _feature(marks, x, named)]
    found = [x for x in found if not any(y[1] != x[1] and y[1].endswith(x[1]) for y in found)]
    return named or found  # `critical defects: cracks` is about cracks


def _first_part(marks: Sequence[Mark], i: int) -> bool:
    """`rust stains`: the first of two names is part of the second."""
    behind = marks[i + 1] if i + 1 < len(marks) else None
    return (
        behind is not None and behind.kind == marks[i].kind == "word" and bool(behind.get("term"))
    )


def _titles(marks: Sequence[Mark], term: Term, found: Sequence[Term]) -> bool:
    """`Specks: dark specks over 0.7 mm`: what follows says which of them."""
    colon = term[0] + 1 < len(marks) and marks[term[0] + 1].text in ":-–—"
    return colon and any(x[0] > term[0] and x[1].endswith(f" {term[1]}") for x in found)


def _feature(marks: Sequence[Mark], term: Term, found: Sequence[Term]) -> bool:
    """`scale with single spots wider than 1 mm`: the spots are how the scale is measured."""
    before = [x for x in found if x[0] < term[0]]
    between = marks[before[-1][0] + 1 : term[0]] if before else []
    return (
        bool(between)
        and between[0].text.lower() in ("with", "mit")
        and all(x.get("plain") or x.get("article") for x in between)
    )


def words_of(marks: Sequence[Mark], i: int) -> str:
    """The name of a defect at a mark, with the words before it that say which."""
    if marks[i].kind == "ideograph":
        return _ideographs(marks, i)
    first, words = i, 0
    while first > 0 and words < MODIFIERS and _joined(marks, first):
        hyphen = marks[first - 1].text == "-"
        first -= 2 if hyphen else 1
        words += 1
    return _written(marks[first : i + 1])


def _joined(marks: Sequence[Mark], first: int) -> bool:
    """Whether the word before belongs to the name: `open pores`, `non-metallic inclusions`."""
    before = marks[first - 1]
    if before.get("term") and before.kind == "word":
        return True
    if before.text != "-":
        return _modifies(before) or _edge(marks, first - 1)
    tight = before.end == marks[first].start and first > 1 and marks[first - 2].end == before.start
    return tight and _modifies(marks[first - 2])


def _edge(marks: Sequence[Mark], i: int) -> bool:
    """`edge cracks`, but not `along the edge cracks`."""
    first = i
    while first > 0 and not marks[first - 1].senses and marks[first - 1].kind == "word":
        first -= 1
    placed = first > 0 and (
        marks[first - 1].get("article") or marks[first - 1].text.lower() == "the"
    )
    return set(marks[i].senses) == {"zone"} and marks[i].get("zone") == "head" and not placed


def _written(marks: Sequence[Mark]) -> str:
    """The words as they stand, with the spaces between them."""
    text = ""
    for i, mark in enumerate(marks):
        text += " " * (i > 0 and mark.start > marks[i - 1].end) + mark.text
    return text.lower()


def _ideographs(marks: Sequence[Mark], i: int) -> str:
    """With the unknown ideographs around it: `导线缺口`, `磕碰伤`."""
    first, last = i, i
    while first > 0 and i - first < LEADING and _unknown(marks[first - 1]):
        first -= 1
    if first > 0 and _unknown(marks[first - 1]):
        first = i  # too long for one name
    if first < i and first > 0 and marks[first - 1].get("counter") and begins(marks, first - 1):
        first -= 1
    if last + 1 < len(marks) and _unknown(marks[last + 1]):
        ends = last + 2 >= len(marks) or not _unknown(marks[last + 2])
        last += ends
    return "".join(x.text for x in marks[first : last + 1])


def begins(marks: Sequence[Mark], i: int) -> bool:
    """Whether an ideograph begins a name, and counts nothing: `点状异物`."""
    return i == 0 or (marks[i - 1].kind == "symbol" and marks[i - 1].value is None)


def _unknown(mark: Mark) -> bool:
    return mark.kind == "ideograph" and not mark.senses


def _modifies(mark: Mark) -> bool:
    named = mark.kind == "word" and not mark.senses and len(mark.text) > 2
    return named and not mark.get("where")


def _alias(marks: Sequence[Mark], i: int) -> bool:
    """Whether a phrase such as `also called` stands shortly before, with only names between."""
    for j in range(i - 1, max(-1, i - 6), -1):
        if marks[j].get("synonym"):
            return marks[j].text.lower() != "auch" or is_called(marks, j)
        names = marks[j].get("term") or marks[j].get("joiner") == "or" or not marks[j].senses
        if not names:
            return False
    return False


def is_called(marks: Sequence[Mark], i: int) -> bool:
    """Whether `auch` goes on with `genannt`."""
    return any(x.text.lower() in ("genannt", "bezeichnet") for x in marks[i + 1 : i + 6])
