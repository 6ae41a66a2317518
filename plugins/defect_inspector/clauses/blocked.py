"""What keeps a sentence, or a clause without a limit, from being read as it stands."""

from collections.abc import Sequence

from defect_inspector.clauses.marks import Mark

REST = {"accept": 3, "other": 6}
"""Words that a clause without a limit may have beside what is understood: more may be conditions."""


def blocked(marks: Sequence[Mark]) -> str | None:
    """Why no part of the sentence can be trusted; None where it can."""
    return next((x for i in range(len(marks)) if (x := _blocks(marks, i))), None)


def _blocks(marks: Sequence[Mark], i: int) -> str | None:
    mark = marks[i]
    if mark.get("exception"):
        return f"an exception ({mark.text}) cannot be read"
    if mark.get("unreadable"):
        return f"the number {mark.text} fits no known style"
    if mark.text == "±":
        return "a tolerance (±) is no limit"
    if mark.text.lower() in "x×*" and _measured(marks[i + 1 : i + 2]):
        sizes = _measured(marks[max(0, i - 2) : i])
        return "a size in two directions is not one limit" if sizes else None
    return None


def _measured(marks: Sequence[Mark]) -> bool:
    return any(x.value is not None for x in marks)


def condition(marks: Sequence[Mark], code: str) -> str | None:
    """Why a clause without a limit would say more than the marks do; None where it does not."""
    found = _conditions(marks, "state", "relative", "when")
    if found and not (found[0].get("condition") == "when" and _exists(marks)):
        return _unmeasured(found[0])
    other = [x.kind for x in marks if x.kind in ("word", "ideograph") and not x.senses]
    words = other.count("word") + other.count("ideograph") / 2  # two are about a word
    most = REST.get(code, REST["other"])
    return "more is said than a defect and its disposition" if words > most else None


def milder(marks: Sequence[Mark], code: str) -> str | None:
    """Why a limit alone would let pass more than the marks do; None where it would not."""
    found = _conditions(marks, "state") if code in ("accept", "rework") else []
    return _unmeasured(found[0]) if found else None


def _conditions(marks: Sequence[Mark], *kinds: str) -> list[Mark]:
    return [x for x in marks if x.get("condition") in kinds]


def _exists(marks: Sequence[Mark]) -> bool:
    """`if a crack is found`: no more is asked than that there is one."""
    return any(x.get("existence") for x in marks)


def _unmeasured(mark: Mark) -> str:
    return f"a condition ({mark.text}) that is no measured limit"
