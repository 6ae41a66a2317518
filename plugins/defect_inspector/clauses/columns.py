"""What the columns of a table say, from its header."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from defect_inspector.clauses.counted import per_at
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.marks import Mark, read_marks
from defect_inspector.clauses.measures import MEASURES
from defect_inspector.clauses.numbers import Style
from defect_inspector.clauses.vocabulary import load
from defect_inspector.clauses.zones import EVERYWHERE, find_zones

OPS = {"more_than": ">", "at_least": "≥", "less_than": "<", "at_most": "≤"}
LIMITS = frozenset({"limit", *OPS})
NAMED = frozenset({"term", "number", "measure", "zone", "severity", "disposition", "unit"})
EXCLUSIVE = {"at_least": "more_than", "at_most": "less_than"}
OPEN = ("不含", "exclusive", "excl", "not included", "ausschließlich", "nicht einschließlich")
HEADER_CELL = 60


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its role, and what its header says for all its cells."""

    role: str
    unit: str | None = None
    measure: str | None = None
    disposition: str | None = None
    zones: tuple[str, ...] = ()
    op: str | None = None
    per: str | None = None
    terms: tuple[str, ...] = ()
    round: bool = False
    severity: str | None = None
    group: str = ""
    """The header cell above it, where it stands over several columns."""

    @property
    def special(self) -> bool:
        """Whether its cells hold for a place, defect or severity of its own."""
        return bool(self.zones or self.terms or self.severity)


@cache
def roles_of() -> dict[str, str]:
    """The role of each header cell that is known by its words."""
    named: dict[str, str] = {}
    for role, phrases in load("columns.toml").items():
        for phrase in phrases:
            named.setdefault(phrase, role)
    return named


@lru_cache(maxsize=4096)
def read_column(cell: str) -> Column | None:
    """One header cell; None where it is none."""
    if len(cell) > HEADER_CELL:
        return None
    text = fold(cell).lower().strip(" :*")
    if not text:
        return Column(role="number")
    marks = read_marks(fold(cell), Style.POINT)
    if any(x.value is not None for x in marks):
        return None
    units = [x.get("unit") for x in marks if x.get("unit") and x.text.lower() != "in"]
    return _column(marks, text, units[-1] if units else None)


def _column(marks: Sequence[Mark], text: str, unit: str | None) -> Column | None:
    bare = without_unit(text)
    role = roles_of().get(text) or roles_of().get(bare)
    if (
        role is None
        and any(x.get("severity") for x in marks)
        and _inner_role(bare) == "disposition"
    ):
        role = "disposition"
    if role in ("zone", None):
        by_marks = _by_marks(marks, unit)
        if by_marks is not None and (role is None or by_marks.zones):
            return by_marks
    role = role or _inner_role(bare)
    severity = next((x.get("severity") for x in marks if x.get("severity")), None)
    graded = severity if role != "severity" else None
    if role in EXCLUSIVE and any(x in text for x in OPEN):
        role = EXCLUSIVE[role]
    return Column(role=role, unit=unit, severity=graded) if role else None


def _inner_role(bare: str) -> str | None:
    """The role of the last known word: `type of anomaly`."""
    words = bare.replace("/", " ").split()
    known = (roles_of()[x] for x in [*reversed(words), bare[-2:]] if x in roles_of())
    return next(known, None) if len(words) <= 5 else None


def without_unit(text: str) -> str:
    """`length (mm)` and `length in mm` as `length`."""
    for sign in ("(", "["):
        text = text.partition(sign)[0]
    return text.partition(" in ")[0].strip(" :.,")


def _by_marks(marks: Sequence[Mark], unit: str | None) -> Column | None:
    """`Zone A`, `Scrap`, `Max. depth (mm)`: columns of one zone, disposition or limit."""
    zones = find_zones(marks)
    severity = next((x.get("severity") for x in marks if x.get("severity")), None)
    if severity and len(marks) <= 4:
        return Column(role="limit", severity=severity, unit=unit)
    if zones and len(marks) <= 8:
        names = tuple(x for x in zones[0][1] if x != EVERYWHERE)
        return Column(role="limit", zones=names, unit=unit)
    measure = next((x.get("measure") for x in marks if x.get("measure")), None)
    op = _op(next((x.get("compare") for x in marks if x.get("compare")), None))
    code = _code(marks)
    if code:
        return Column(role="limit", disposition=code, unit=unit, measure=measure, op=op)
    if measure not in MEASURES and op is None:
        return None
    over = (per_at(marks, i + 1) for i, x in enumerate(marks) if x.get("per") or x.text == "/")
    counted = "count" if measure == "count" else None
    per = next((x for x in over if x), None)
    return Column(role="limit", unit=unit or counted, measure=measure, op=op, per=per)


def _code(marks: Sequence[Mark]) -> str | None:
    """The disposition that a short header is."""
    said = next((x.get("disposition") for x in marks if x.get("disposition")), None)
    denied = said == "forbid" or any(x.get("negation") for x in marks)
    if said is None or len(marks) > 6:
        return None
    return "scrap" if denied else said


def _op(op: str | None) -> str | None:
    return op.partition(" ")[0] if op else None
