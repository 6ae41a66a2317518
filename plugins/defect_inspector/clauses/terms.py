"""What a sentence names: defect terms with their modifiers, and the names a manual gives them."""

from collections.abc import Sequence

from defect_inspector.clauses.marks import Mark

Term = tuple[int, str, bool]
"""Position, words in lower case, whether it is round."""
MODIFIERS = 2
LEADING = 4
IDEOGRAPHS = 8


def find_terms(marks: Sequence[Mark]) -> list[Term]:
    """The known defect terms in order; synonyms named beside a term are left out."""
    found: list[Term] = []
    for i, mark in enumerate(marks):
        kind = mark.get("term")
        if kind is None or mark.get("zone") == "place" or _alias(marks, i):
            continue
        if not any(word == _words(marks, i) for _, word, _ in found):
            found.append((i, _words(marks, i), kind == "round"))
    named = [x for x in found if marks[x[0]].get("term") != "generic"]
    return named or found  # `critical defects: cracks` is about cracks


def find_synonyms(marks: Sequence[Mark]) -> list[tuple[str, tuple[str, ...]]]:
    """`pits, also called blowholes`: the term and its other names."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for i, mark in enumerate(marks):
        if not mark.get("synonym") or (mark.text.lower() == "auch" and not _genannt(marks, i)):
            continue
        term = next(
            (_words(marks, j) for j in range(i - 1, max(-1, i - 6), -1) if _is(marks, j)), None
        )
        others = _others(marks, i + 1)
        if term and others:
            found.append((term, others))
    return found


def leading(marks: Sequence[Mark]) -> str | None:
    """The first words that are nothing known: what a sentence about an unknown defect names."""
    words: list[Mark] = []
    for mark in marks:
        if mark.kind in ("word", "ideograph") and not mark.senses:
            words.append(mark)
        elif words or mark.value is not None or mark.get("compare"):
            break
    if not words:
        return None
    if words[0].kind == "ideograph":
        return "".join(x.text for x in words) if 2 <= len(words) <= IDEOGRAPHS else None
    return " ".join(x.text for x in words).lower() if len(words) <= LEADING else None


def _is(marks: Sequence[Mark], i: int) -> bool:
    return marks[i].get("term") is not None


def _words(marks: Sequence[Mark], i: int) -> str:
    first = i
    while first > 0 and i - first < MODIFIERS and _modifies(marks[first - 1]):
        first -= 1
    return " ".join(x.text for x in marks[first : i + 1]).lower()


def _modifies(mark: Mark) -> bool:
    return mark.kind == "word" and not mark.senses and len(mark.text) > 2


def _alias(marks: Sequence[Mark], i: int) -> bool:
    """Whether a phrase such as `also called` stands shortly before, with only names between."""
    for j in range(i - 1, max(-1, i - 6), -1):
        if marks[j].get("synonym"):
            return marks[j].text.lower() != "auch" or _genannt(marks, j)
        names = marks[j].get("term") or marks[j].get("joiner") == "or" or not marks[j].senses
        if not names:
            return False
    return False


def _genannt(marks: Sequence[Mark], i: int) -> bool:
    return any(x.text.lower() in ("genannt", "bezeichnet") for x in marks[i + 1 : i + 6])


def _others(marks: Sequence[Mark], i: int) -> tuple[str, ...]:
    """The names from here on: known terms, or words that are nothing else."""
    names: list[str] = []
    while i < len(marks) and len(names) < 6:
        mark = marks[i]
        if mark.get("joiner") != "or" and mark.text not in "\"'«»":
            taken = 1 if _is(marks, i) else _run(marks, i)
            if not taken:
                break
            glue = "" if mark.kind == "ideograph" else " "
            names.append(glue.join(x.text for x in marks[i : i + taken]).lower())
            i += taken - 1
        elif mark.text in ",，" and names and not (i + 1 < len(marks) and _is(marks, i + 1)):
            break
        i += 1
    return tuple(names)


def _run(marks: Sequence[Mark], i: int) -> int:
    """How many marks from here are one unknown name."""
    j = i
    most = IDEOGRAPHS if i < len(marks) and marks[i].kind == "ideograph" else MODIFIERS + 1
    while j < len(marks) and j - i < most and not marks[j].senses and marks[j].kind != "symbol":
        j += 1
        if _is(marks, j) if j < len(marks) else False:
            return j - i + 1
    return j - i
