"""What the columns of a table say, from its header, and which cell of a row stands in which."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.limits import MEASURES, per_at
from defect_inspector.clauses.marks import Mark, read_marks
from defect_inspector.clauses.numbers import Style
from defect_inspector.clauses.vocabulary import load
from defect_inspector.clauses.zones import EVERYWHERE, find_zones

OPS = {"more_than": ">", "at_least": "≥", "less_than": "<", "at_most": "≤"}
LIMITS = frozenset({"limit", *OPS})
NAMED = frozenset({"term", "number", "measure", "zone", "severity", "disposition", "unit"})
MOST_COLUMNS = 30
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


@cache
def _roles() -> dict[str, str]:
    named: dict[str, str] = {}
    for role, phrases in load("columns.toml").items():
        for phrase in phrases:
            named.setdefault(phrase, role)
    return named


def read_header(cells: Sequence[str]) -> list[Column] | None:
    """The columns that a row names; None where it is no header."""
    if not 2 <= len(cells) <= MOST_COLUMNS or any(len(x) > HEADER_CELL for x in cells):
        return None
    columns = [read_column(x) for x in cells]
    told = [x for x in columns if x is not None]
    roles = {x.role for x in told}
    useful = roles & (LIMITS | {"disposition", "term"}) or any(x.zones for x in told)
    named = roles & NAMED or not any(_defect(x) for x in cells)  # `crack | no | no` is a row
    if len(told) < 2 or 2 * len(told) < len(cells) or not useful or not named:
        return None
    return _one_term([x or Column(role="remark") for x in columns])


def _one_term(columns: list[Column]) -> list[Column]:
    """`Fehler | Merkmal`: of two columns that may name the defect, the second names the measure."""
    terms = [i for i, x in enumerate(columns) if x.role == "term"]
    measured = any(x.role == "measure" for x in columns)
    for i in terms[1:]:
        columns[i] = Column(role="remark" if measured else "measure")
        measured = True
    return columns


def _defect(cell: str) -> bool:
    return any(x.get("term") for x in read_marks(fold(cell), Style.POINT))


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
    unit = next(
        (x.get("unit") for x in reversed(marks) if x.get("unit") and x.text.lower() != "in"), None
    )
    bare = _without_unit(text)
    role = _roles().get(text) or _roles().get(bare)
    if role == "zone" or role is None:
        by_marks = _by_marks(marks, unit, bare)
        if by_marks is not None and (role is None or by_marks.zones):
            return by_marks
    if role is not None:
        return Column(role=role, unit=unit)
    words = [x for x in bare.replace("/", " ").split() if x]
    inner = next((_roles()[x] for x in [*reversed(words), bare[-2:]] if x in _roles()), None)
    return Column(role=inner, unit=unit) if inner and len(words) <= 5 else None


def _without_unit(text: str) -> str:
    for sign in ("(", "["):
        text = text.partition(sign)[0]
    return text.partition(" in ")[0].strip(" :.,")


def _by_marks(marks: Sequence[Mark], unit: str | None, bare: str) -> Column | None:
    """`Zone A`, `Scrap`, `Max. depth (mm)`: columns of one zone, disposition or limit."""
    zones = find_zones(marks)
    said = [x.get("disposition") for x in marks if x.get("disposition")]
    measure = next((x.get("measure") for x in marks if x.get("measure")), None)
    op = next((x.get("compare") for x in marks if x.get("compare")), None)
    if zones and len(marks) <= 8:
        names = tuple(x for x in zones[0][1] if x != EVERYWHERE)
        return Column(role="limit", zones=names, unit=unit)
    if said and len(marks) <= 6:
        code = "scrap" if said[0] == "forbid" else said[0]
        if any(x.get("negation") for x in marks):
            code = "scrap"
        return Column(role="limit", disposition=code, unit=unit, measure=measure, op=_op(op))
    over = (per_at(marks, i + 1) for i, x in enumerate(marks) if x.get("per") or x.text == "/")
    per = next((x for x in over if x), None)
    if measure in MEASURES or op is not None:
        counted = "count" if measure == "count" else None
        return Column(role="limit", unit=unit or counted, measure=measure, op=_op(op), per=per)
    return None


def _op(op: str | None) -> str | None:
    return op.partition(" ")[0] if op else None


def align(cells: Sequence[str], columns: Sequence[Column]) -> list[str] | None:
    """One text a column. Readers leave out empty cells, so a short row is fitted by its contents.

    None where two ways fit as well and do not mean the same.
    """
    if len(cells) == len(columns):
        return list(cells)
    if len(cells) > len(columns):
        spare = len(columns) - 1
        return [*cells[:spare], " ".join(cells[spare:])]
    ways = _ways(tuple(cells), columns)
    best = max((score for score, _ in ways), default=0)
    top = [way for score, way in ways if score == best]
    if len(top) > 1 and _differ(top, columns):
        top = _sensible(top, cells, columns)
    if not top:
        return None
    filled = dict(zip(top[0], cells, strict=True))
    return [filled.get(i, "") for i in range(len(columns))]


def _sensible(
    ways: Sequence[tuple[int, ...]], cells: Sequence[str], columns: Sequence[Column]
) -> list[tuple[int, ...]]:
    """Of a lower and an upper limit, the one that is there: what is accepted has an upper one."""
    marks = read_marks(fold(" , ".join(cells)), Style.POINT)
    said = {x.get("disposition") for x in marks if x.get("disposition")}
    ends = {"accept": ("at_most", "less_than"), "scrap": ("more_than", "at_least")}
    wanted = ends.get(next(iter(said)) or "", ()) if len(said) == 1 else ()
    if any(x.get("measure") == "distance" for x in marks):
        return []
    fitting = [x for x in ways if any(columns[i].role in wanted for i in x)]
    return fitting if len(fitting) == 1 else []


def _ways(cells: tuple[str, ...], columns: Sequence[Column]) -> list[tuple[int, tuple[int, ...]]]:
    """The best ways to put the cells into columns in their order, with how well they fit."""
    table: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for cell in cells:
        fits = [fit(cell, x) for x in columns]
        grown = [
            (score + fits[j], (*way, j))
            for score, way in table
            for j in range(way[-1] + 1 if way else 0, len(columns))
        ]
        table = _keep(grown)
    return table


def _keep(ways: list[tuple[int, tuple[int, ...]]]) -> list[tuple[int, tuple[int, ...]]]:
    """The best two for each last column: enough to see whether the best is the only one."""
    kept: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    for way in sorted(ways, key=lambda x: -x[0]):
        same = kept.setdefault(way[1][-1], [])
        if len(same) < 2:
            same.append(way)
    return [x for same in kept.values() for x in same]


def _differ(ways: Sequence[tuple[int, ...]], columns: Sequence[Column]) -> bool:
    """Whether ways that fit as well put a cell into columns that mean something else."""
    meanings = {
        tuple(
            (columns[i].role, columns[i].op, columns[i].zones, columns[i].disposition) for i in way
        )
        for way in ways
    }
    return len(meanings) > 1


@lru_cache(maxsize=4096)
def fit(cell: str, column: Column) -> int:
    """How well a cell fits a column: 2 well, 0 perhaps, -2 badly."""
    marks = read_marks(fold(cell), Style.POINT)
    number = any(x.value is not None for x in marks)
    checks = {
        "number": number
        and len(cell) <= 10
        and not any(x.get("unit") or x.get("compare") for x in marks),
        "term": any(x.get("term") for x in marks) and not any(x.value is not None for x in marks),
        "measure": any(x.get("measure") for x in marks) and not number,
        "unit": len(marks) <= 2 and any(x.get("unit") for x in marks) and not number,
        "zone": bool(find_zones(marks))
        or (len(cell) <= 3 and cell.strip().isupper())
        or cell.lower() in ("all", "alle"),
        "severity": any(x.get("severity") for x in marks),
        "disposition": any(x.get("disposition") for x in marks) and not number,
        "per": not number and any(x.get("per_noun") or x.get("per") for x in marks),
    }
    if column.role in LIMITS:
        word = (
            any(x.get("disposition") or x.get("negation") for x in marks) and column.role == "limit"
        )
        return 2 if number else (1 if word else -2)
    if column.role == "remark":
        return -1
    return 2 if checks[column.role] else -2
