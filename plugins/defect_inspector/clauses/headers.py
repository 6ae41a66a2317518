"""Headers of tables: which rows are one, also of two rows, and what their columns say."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from defect_inspector.clauses.columns import (
    HEADER_CELL,
    LIMITS,
    NAMED,
    Column,
    read_column,
    roles_of,
    without_unit,
)
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.marks import read_marks
from defect_inspector.clauses.measures import MEASURES
from defect_inspector.clauses.numbers import Style
from defect_inspector.clauses.terms import find_terms

CLASSED = re.compile(
    r"(?:surface |oberflächen)?(?:class|klasse|category|grade|等级) ?([A-D1-4])", re.IGNORECASE
)


MOST_COLUMNS = 30


def read_header(cells: Sequence[str]) -> list[Column] | None:
    """The columns that a row names; None where it is no header."""
    if not 2 <= len(cells) <= MOST_COLUMNS or any(len(x) > HEADER_CELL for x in cells):
        return None
    columns = [read_column(x) for x in cells]
    columns = _classed(cells, _across(cells, columns))
    if _foreign(columns):
        return [Column(role="foreign")] * len(cells)
    told = [x for x in columns if x is not None]
    roles = {x.role for x in told}
    useful = roles & (LIMITS | {"disposition", "term"}) or any(x.zones for x in told)
    crossed = any(x.terms for x in told)  # and `crack | no | no` is a row
    named = crossed or roles & NAMED or not any(_defect(x) for x in cells)
    if len(told) < 2 or 2 * len(told) < len(cells) or not useful or not named:
        return None
    return _graded(_one_term([x or Column(role="remark") for x in columns]))


def _classed(cells: Sequence[str], columns: list[Column | None]) -> list[Column | None]:
    """`Class A | Class B`: two columns or more of the same kind of surface."""
    found = [CLASSED.fullmatch(fold(x)) for x in cells]
    if sum(x is not None for x in found) < 2:
        return columns
    named = [x and Column(role="limit", zones=(x[1],)) for x in found]
    return [a or b for a, b in zip(named, columns, strict=True)]


def _foreign(columns: Sequence[Column | None]) -> bool:
    """Whether the table is about dates, lots or settings: of no defect and no disposition."""
    roles = {x.role for x in columns if x is not None}
    return "foreign" in roles and not roles & {"term", "disposition"}


def _across(cells: Sequence[str], columns: list[Column | None]) -> list[Column | None]:
    """The defects across and the places down: each other column is of the defect in its header."""
    first = columns[0]
    named = [read_named(x) for x in cells[1:]]
    known = sum(x is not None and bool(x.terms) for x in named)
    told = any(x is not None and x.role in NAMED for x in columns[1:])
    if first is None or first.role not in ("zone", "number", "severity") or told or known < 2:
        return columns
    zone = Column(role="zone" if first.role == "number" else first.role)
    return [zone, *(x or Column(role="remark") for x in named)]


@lru_cache(maxsize=4096)
def read_named(cell: str) -> Column | None:
    """The column of the defect that a header cell names; None where it names none."""
    marks = read_marks(fold(cell), Style.POINT)
    terms = find_terms(marks)
    if not terms or any(x.value is not None or x.get("disposition") for x in marks):
        return None
    measure = next((x.get("measure") for x in marks if x.get("measure") in MEASURES), None)
    units = [x.get("unit") for x in marks if x.get("unit") and x.text.lower() != "in"]
    return Column(
        role="limit", terms=tuple(x[1] for x in terms), round=any(x[2] for x in terms),
        measure=measure, unit=units[-1] if units else None,
    )  # fmt: skip


def _graded(columns: list[Column]) -> list[Column]:
    """`Major if | Minor if | Disposition major | …`: what is of one severity goes together."""
    if not any(x.role == "disposition" and x.severity for x in columns):
        return columns
    return [replace(x, group=x.severity) if x.severity and not x.group else x for x in columns]


def _one_term(columns: list[Column]) -> list[Column]:
    """`Fehler | Merkmal`: of two columns that may name the defect, the second names the measure."""
    terms = [i for i, x in enumerate(columns) if x.role == "term"]
    measured = any(x.role == "measure" for x in columns)
    for i in terms[1:]:
        columns[i] = Column(role="remark" if measured else "measure")
        measured = True
    return columns


def is_repeated(cells: Sequence[str]) -> bool:
    """Whether a row within a table is a header again: it holds names of columns, not values."""
    full = [fold(x).lower().strip(" :*") for x in cells if x.strip()]
    named = [x for x in full if x in roles_of() or without_unit(x) in roles_of()]
    return len(named) > 1 and 2 * len(named) > len(full)


@lru_cache(maxsize=4096)
def _defect(cell: str) -> bool:
    return any(x.get("term") for x in read_marks(fold(cell), Style.POINT))


def spread(cells: Sequence[str]) -> bool:
    """Whether a row may be the upper one of two: a cell reaches over several columns."""
    numbers = any(x.isdigit() for cell in cells for x in cell)
    return not numbers and any(a and a == b for a, b in pairwise(cells))


def under(above: Sequence[str], cells: Sequence[str]) -> list[Column] | None:
    """The columns of a header whose upper row is `above`; None where the two are none."""
    if len(above) != len(cells) or not spread(above):
        return None
    columns = read_header(cells)
    if columns is None or any(x.role == "foreign" for x in columns):
        return None
    return [_below(a, b, column) for a, b, column in zip(above, cells, columns, strict=True)]


def _below(above: str, cell: str, column: Column) -> Column:
    """One column with what the cell above says too."""
    if fold(above) == fold(cell) or not above.strip():
        return column
    upper = read_column(above) or Column(role="remark")
    named = read_named(above) or upper
    return replace(
        column, group=above, zones=column.zones or upper.zones, terms=column.terms or named.terms,
        round=column.round or named.round, severity=column.severity or upper.severity,
        measure=column.measure or upper.measure, unit=column.unit or upper.unit,
        disposition=column.disposition or upper.disposition,
    )  # fmt: skip
