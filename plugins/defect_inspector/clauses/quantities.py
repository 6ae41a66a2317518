"""Numbers in marks with the unit behind them."""

from collections.abc import Sequence

from defect_inspector.clauses.marks import Mark


def number_at(marks: Sequence[Mark], i: int) -> float | None:
    """A number, also in words; an article is one where a comparison stands right before it."""
    word = marks[i].get("number")
    if word == "1" and marks[i].value is None and _each(marks, i):
        return None
    if marks[i].value is not None or word is not None:
        return marks[i].value if word is None else float(word)
    compared = i > 0 and (marks[i - 1].get("compare") or marks[i - 1].get("forbidden"))
    named = any(x.get("term") for x in marks[i + 1 : i + 4]) and not any(
        x.get("measure") for x in marks[i + 1 : i + 3]
    )
    return 1.0 if marks[i].get("article") and compared and named else None


def _each(marks: Sequence[Mark], i: int) -> bool:
    """`on one front`: what something is counted over."""
    before = marks[i - 1].text.lower() if i else ""
    behind = marks[i + 1] if i + 1 < len(marks) else None
    noun = behind is not None and (
        behind.get("per_noun") or behind.get("plain") in ("part", "product")
    )
    return before in ("on", "in", "per", "auf", "an", "je", "pro", "within") and bool(noun)


def unit_at(marks: Sequence[Mark], i: int) -> tuple[int, str | None]:
    """The last mark of the quantity and its unit."""
    j = i + 1
    if j < len(marks) and marks[j].text == "-" and j + 1 < len(marks):
        j += marks[j + 1].get("unit") is not None
    if j >= len(marks):
        return i, None
    unit = marks[j].get("unit")
    if unit == "in" and marks[j].text.lower() == "in" and not _inches(marks, j):
        unit = None
    if unit is not None:
        return j, unit
    return (j, "count") if marks[j].get("counter") else (i, None)


def _inches(marks: Sequence[Mark], j: int) -> bool:
    """Whether `in` stands for inch: nothing behind it that something could be in."""
    if j + 1 >= len(marks):
        return True
    kinds = {"disposition", "joiner", "compare", "modal", "measure", "after", "severity", "beyond"}
    return marks[j + 1].kind == "symbol" or bool(kinds & set(marks[j + 1].senses))
