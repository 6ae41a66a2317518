"""Clauses that ask for different things by how severe a defect is.

`Minor scratches are accepted, major ones scrapped`: no limit tells the two apart, so both hold for
every scratch unless somebody judged which it is. A grade that was learned chooses among clauses
without a limit; where there is none, a person does.
"""

from collections.abc import Sequence
from dataclasses import replace

from defect_inspector.comparing import ACCEPT, Compared
from defect_inspector.taxonomy import GRADES
from defect_inspector.telling import ANYTHING

NOT_JUDGED = "which severity it is, was not judged"
ORDER = [x.code for x in GRADES]


def graded(told: Sequence[Compared], grade: str | None) -> list[Compared]:
    """What clauses say of a place, once its severity is minded."""
    apply = [x for x in told if _severity(x) and x.applies is not False]
    differ = len({_severity(x) for x in apply}) > 1 and len({x.disposition for x in apply}) > 1
    return [_held(x, grade, differ=differ) for x in told]


def _held(compared: Compared, grade: str | None, *, differ: bool) -> Compared:
    own = _severity(compared)
    if own is None or own == grade or compared.applies is False:
        return compared
    if grade is None:
        return _unsure(compared, NOT_JUDGED) if differ else compared
    note = f"the defect was graded {grade}"
    if _milder(compared, own, grade):
        return _unsure(compared, note)
    if not differ:
        return compared
    if _unlimited(compared):
        return replace(compared, applies=False, outside=True, note=note)
    return _unsure(compared, note)


def _milder(compared: Compared, own: str, grade: str) -> bool:
    """Whether it accepts, without a limit, only what is less severe than what was found."""
    accepts = compared.disposition == ACCEPT and _unlimited(compared)
    return accepts and own in ORDER and grade in ORDER and ORDER.index(own) < ORDER.index(grade)


def _unsure(compared: Compared, note: str) -> Compared:
    applies = None if compared.applies else compared.applies
    return replace(compared, applies=applies, note="; ".join(x for x in (note, compared.note) if x))


def _unlimited(compared: Compared) -> bool:
    return compared.rule.clause is not None and compared.rule.clause.measure == ANYTHING


def _severity(compared: Compared) -> str | None:
    return compared.rule.clause.severity if compared.rule.clause else None
