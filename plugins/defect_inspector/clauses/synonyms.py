"""The other names that a manual gives a defect: `pits, also called blowholes`."""

from collections.abc import Sequence

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.terms import IDEOGRAPHS, MODIFIERS, is_called, words_of


def find_synonyms(marks: Sequence[Mark]) -> list[tuple[str, tuple[str, ...]]]:
    """`pits, also called blowholes`: the term and its other names."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for i, mark in enumerate(marks):
        if not mark.get("synonym") or (mark.text.lower() == "auch" and not is_called(marks, i)):
            continue
        term = next(
            (words_of(marks, j) for j in range(i - 1, max(-1, i - 6), -1) if _is(marks, j)), None
        )
        others = _others(marks, i + 1)
        if term and others:
            found.append((term, others))
    return found


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


def _is(marks: Sequence[Mark], i: int) -> bool:
    return marks[i].get("term") is not None
