"""Which cell of a row stands in which column, where empty cells were left out."""

from collections.abc import Sequence
from functools import lru_cache

from defect_inspector.clauses.columns import LIMITS, Column
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.marks import Mark, read_marks
from defect_inspector.clauses.numbers import Style
from defect_inspector.clauses.zones import find_zones


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
    """How well a cell fits a column: 2 well, 1 or -1 perhaps, -2 badly."""
    marks = read_marks(fold(cell), Style.POINT)
    if column.role in LIMITS:
        word = any(x.get("disposition") or x.get("negation") for x in marks)
        weak = 1 if word and column.role == "limit" else -2
        return 2 if _number(marks) else weak
    if column.role == "remark":
        return -1
    return 2 if _holds(cell, marks, column.role) else -2


def _number(marks: Sequence[Mark]) -> bool:
    return any(x.value is not None for x in marks)


def _holds(cell: str, marks: Sequence[Mark], role: str) -> bool:
    """Whether a cell says what cells of a role say."""
    if role == "number":
        return _number(marks) and len(cell) <= 10 and not _any(marks, "unit", "compare")
    if role == "zone":
        name = (len(cell) <= 3 and cell.strip().isupper()) or cell.lower() in ("all", "alle")
        return name or bool(find_zones(marks))
    short = role != "unit" or len(marks) <= 2
    senses = ("per_noun", "per") if role == "per" else (role,)
    return _any(marks, *senses) and short and (role == "severity" or not _number(marks))


def _any(marks: Sequence[Mark], *senses: str) -> bool:
    return any(x.get(sense) for x in marks for sense in senses)
