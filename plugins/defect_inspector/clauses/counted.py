"""What is counted, and over what: `three open pores per 100 cm²`."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.quantities import unit_at
from defect_inspector.clauses.units import AREAS, LENGTHS

WEAK = frozenset({"in", "within", "on", "auf", "innerhalb von"})
"""Words that say what is counted over only before an area."""
NEAR = 14  # marks between a count and what it is over


def counts(marks: Sequence[Mark], last: int) -> bool:
    """Whether the number counts what is named behind it: `more than three open pores`."""
    for mark in marks[last + 1 : last + 4]:
        if mark.get("term"):
            return True
        if mark.kind not in ("word", "ideograph") or mark.get("disposition") or mark.get("modal"):
            return False
    return False


def is_base(marks: Sequence[Mark], i: int) -> bool:
    """Whether the number belongs to what something is counted over: `per 100 cm²`."""
    before = marks[i - 1] if i else None
    if before is not None and before.get("article") and i > 1:
        before = marks[i - 2]
    if before is None or not (before.get("per") or before.text in ("/", "any")):
        return False
    _, unit = unit_at(marks, i)
    strong = before.text.lower() not in (*WEAK, "/")
    counted = any(_counts(marks, j) for j in range(len(marks)) if j != i)
    return (unit in AREAS and (strong or counted)) or (
        strong and unit is not None and unit != "count"
    )


def _counts(marks: Sequence[Mark], j: int) -> bool:
    """Whether a number stands without a unit, or with one for pieces."""
    number = marks[j].value is not None or marks[j].get("number")
    return bool(number) and unit_at(marks, j)[1] in (None, "count")


def per_of(marks: Sequence[Mark], i: int, last: int) -> str | None:
    """What is counted over, of the limit that ends at `last`; looked for up to the next limit."""
    for j in range(last + 1, min(len(marks), last + NEAR)):
        if marks[j].get("per") or marks[j].text == "/":
            over = per_at(marks, j + 1)
            if over:
                return over
        elif marks[j].value is not None or marks[j].get("compare"):
            break
    return _leading(marks, i)


def _leading(marks: Sequence[Mark], i: int) -> str | None:
    """`Per part at most three pores`, `每件不超过3处`: before, with no other number between."""
    for j in range(i - 1, max(-1, i - NEAR), -1):
        said = marks[j].get("disposition") is not None and j < i - 1  # `每片允许2个`
        if said or (marks[j].value is not None and not is_base(marks, j)):
            return None
        if marks[j].get("per") or marks[j].text == "/":
            over = per_at(marks, j + 1)
            if over:
                return over
    return None


def per_at(marks: Sequence[Mark], j: int) -> str | None:
    """What is counted over, from the marks behind `per`."""
    one = j < len(marks) and marks[j].get("number") == "1"
    if j < len(marks) and (marks[j].get("article") or one):
        j += 1
    if j >= len(marks):
        return None
    value = marks[j].value
    strong = marks[j - 1].text.lower() not in WEAK or one
    if value is not None:
        _, unit = unit_at(marks, j)
        fits = unit in AREAS or (strong and unit is not None and unit != "count")
        return f"{value:g} {unit}" if fits else None
    if not strong:
        return None
    noun = marks[j].get("per_noun")
    if noun or marks[j].get("zone") or marks[j].get("at"):
        return noun or "zone"
    running = j + 1 < len(marks) and not marks[j].senses and marks[j + 1].get("unit")
    unit = running or marks[j].get("unit")  # `je laufendem Meter`
    return f"1 {unit}" if unit in AREAS | LENGTHS else _noun(marks[j:])


def counted_nouns(marks: Sequence[Mark]) -> Iterator[str]:
    """The manual's own words for what is counted over, wherever they stand in a sentence."""
    for i, mark in enumerate(marks[:-1]):
        if mark.get("per") and mark.text.lower() not in WEAK:
            j = i + 2 if marks[i + 1].get("article") or marks[i + 1].get("counter") else i + 1
            measured = j + 1 < len(marks) and marks[j + 1].get("unit")  # `je laufendem Meter`
            noun = _noun(marks[j:]) if j < len(marks) and not measured else None
            if noun and noun != "part":
                yield noun


def _noun(marks: Sequence[Mark]) -> str | None:
    """The manual's own word for what is counted over: `per tile`, `je Scheibe`, `每块板`."""
    words = [x for x in marks[:5] if not x.get("counter")]
    own = words[0].get("plain") if words else None
    if (
        own == "part"
        or marks[0].get("counter")
        and marks[0].kind == "ideograph"
        and not _names(words)
    ):
        return "part"
    if not _names(words):
        return None
    if words[0].kind != "ideograph":
        return words[0].text
    return "".join(x.text for x in takewhile(lambda x: _names([x]), words))


def _names(words: Sequence[Mark]) -> bool:
    if not words or words[0].kind not in ("word", "ideograph"):
        return False
    return not words[0].senses or words[0].get("plain") == "product"
