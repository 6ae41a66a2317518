"""What a sentence says is to happen, with negations: `not permitted` is not `permitted`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.model import STRICTNESS

AWAY = frozenset({"off", "out", "away", "down", "flush", "back"})
NEAR = 4  # marks between `not` and what it negates


@dataclass(frozen=True)
class Said:
    """A disposition at a mark; None where words about one leave it open."""

    at: int
    code: str | None
    weak: bool = False
    """Only forbidden: scrap, unless the sentence says what else happens."""


def find_dispositions(marks: Sequence[Mark]) -> list[Said]:
    """The dispositions in order."""
    found: list[Said] = []
    for i, mark in enumerate(marks):
        value = mark.get("disposition") or _worked(marks, i)
        if value is not None:
            found.append(_said(marks, i, value, found))
    return found


def _worked(marks: Sequence[Mark], i: int) -> str | None:
    """`may be stoned off`: what takes a defect away is rework, by whatever word."""
    behind = marks[i + 1].text.lower() if i + 1 < len(marks) else ""
    done = not marks[i].senses and marks[i].text.lower().endswith("ed") and behind in AWAY
    ordered = any(
        x.text.lower() in ("be", "are", "is") or x.get("modal") for x in marks[max(0, i - 2) : i]
    )
    return "rework" if done and ordered else None


def _said(marks: Sequence[Mark], i: int, value: str, before: Sequence[Said]) -> Said:
    since = before[-1].at + 1 if before else 0
    close = [j for j in range(max(since, i - NEAR), i) if marks[j].get("negation") == "near"]
    near = any(not any(x.text in ":：,，" for x in marks[j:i]) for j in close)  # `不平整：隔离`
    none = any(x.get("negation") == "any" and x.text != "无" for x in marks[since:i])
    none = none or (value in ("accept", "forbid") and any(x.text == "无" for x in marks[since:i]))
    if value == "forbid":
        return Said(i, None if near or none else "scrap", weak=True)
    if value == "unclear" or (value != "accept" and (near or none)):
        return Said(i, None)
    if near or none:
        return Said(i, "scrap", weak=True)
    return Said(i, value)


def settle(said: Sequence[Said], marks: Sequence[Mark]) -> Said | None:
    """One disposition out of those that stand for the same limit; code None if it stays open."""
    if not said:
        return None
    strong = [x for x in said if not x.weak and x.code != "accept"] or list(said)
    codes = {x.code for x in strong}
    if len(codes) == 1:
        return strong[0]
    choice = any(x.get("joiner") == "or" for x in marks[strong[0].at : strong[-1].at])
    if None in codes or choice:
        return replace(strong[0], code=None)
    return max(strong, key=lambda x: STRICTNESS.index(x.code or "accept"))
