"""The limits that the cells of one row state, each with what its column says."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from defect_inspector.clauses.cells import NOTHING
from defect_inspector.clauses.columns import OPS, Column
from defect_inspector.clauses.context import Context
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.limits import find_limits
from defect_inspector.clauses.marks import read_marks
from defect_inspector.clauses.measures import MEASURES
from defect_inspector.clauses.numbers import Style

CHECKS = frozenset({"x", "✓", "✔", "✗", "●", "•", "■", "√", "yes", "ja", "是"})
ANY = frozenset(
    {
        "any",
        "all",
        "always",
        "every",
        "any size",
        "alle",
        "jede",
        "jeder",
        "jedes",
        "immer",
        "jede größe",
    }
    | {"任何", "所有", "全部", "一律", "任意", "有"}
)
Stated = tuple[str, Context | None]
"""The text to read for one limit, and what holds around it; None where it is a condition."""


def limits_of(
    columns: Sequence[Column], texts: Sequence[str], context: Context, style: Style
) -> list[Stated]:
    """The limits of a row; a row without any is its disposition alone."""
    told = list(zip(columns, texts, strict=True))
    full = [(x, text) for x, text in told if text.lower() not in NOTHING]
    ends = [f"{OPS[x.role]} {text.lstrip('<>≤≥= ')}" for x, text in full if x.role in OPS]
    own = [(x, text) for x, text in full if x.role == "limit"]
    sized = [text for x, text in full if x.role == "term" and _limited(text, style)]
    shared = " ".join(ends) or next(iter(sized), "")
    found: list[Stated] = [(shared, context)] if ends else []
    plain = [text for x, text in own if _plain(x)]
    if not shared and len(plain) == 1 and any(_chosen(x, text) for x, text in own if not _plain(x)):
        shared = plain[0]
    if sum(_number(x) for x in plain) > 1 and len(set(plain)) > 1:
        return [(" / ".join(plain), None)]
    cells = list(_cells(own, shared, context))
    found = (found if not _overruled(own) else []) + cells
    without = next((text for x, text in told if x.role == "disposition"), "")
    return found or [(" : ".join(x for x in (*sized[:1], without) if x), context)]


def _cells(own: Sequence[tuple[Column, str]], shared: str, context: Context) -> Iterator[Stated]:
    """One limit a cell; a cell that only says what happens goes with the limit of the row."""
    stated = any(_number(text) for _, text in own)
    for column, text in own:
        around = _under(column, context)
        if text == shared:
            continue
        if column.disposition and not _number(text) and text.lower() not in CHECKS:
            yield from _worded(column, text, around, alone=len(own) == 1 and not stated)
            continue
        if _chosen(column, text):
            said = "" if text.lower() in CHECKS else text
            yield " : ".join(x for x in (shared, said) if x), around
        elif shared and column.special and _number(text):
            yield f"{shared} , {text}", replace(around, bare="")
        else:
            yield text, around


def _worded(column: Column, text: str, around: Context, *, alone: bool) -> Iterator[Stated]:
    """A cell without a number in the column of a disposition: none, any, or a condition."""
    if _none(text):
        if alone and column.disposition == "accept":
            yield text, replace(around, disposition="scrap")
    elif fold(text).lower() in ANY or _says(text):
        yield "", around
    else:
        yield text, None


def _plain(column: Column) -> bool:
    return not (column.special or column.disposition or column.op)


def _overruled(own: Sequence[tuple[Column, str]]) -> bool:
    """Whether cells of their own say what happens within the limit of the row."""
    return any(_chosen(x, text) for x, text in own)


def _chosen(column: Column, text: str) -> bool:
    """Whether a cell of a place or disposition says what happens, and no limit."""
    picked = text.lower() in CHECKS and (column.disposition or column.special)
    return bool(picked) or (column.special and not _number(text) and _says(text))


def _says(text: str) -> bool:
    return any(x.get("disposition") for x in read_marks(fold(text), Style.POINT))


def _under(column: Column, context: Context) -> Context:
    """The context of one cell, under what its header says."""
    measure = column.measure if column.measure in MEASURES else None
    exceeded = column.op in ("le", "lt") and context.disposition not in (None, "accept")
    return replace(
        context,
        zones=column.zones or context.zones,
        terms=column.terms or context.terms,
        round=column.round if column.terms else context.round,
        severity=column.severity or context.severity,
        measure=measure or context.measure,
        unit=column.unit or context.unit,
        disposition=column.disposition or context.disposition,
        per=column.per or context.per,
        bare={"le": "gt", "lt": "ge"}[column.op or ""] if exceeded else column.op or "limit",
    )


def _limited(text: str, style: Style) -> bool:
    return any(x.bounds for x in find_limits(read_marks(fold(text), style)))


def _number(text: str) -> bool:
    return any(x.isdigit() for x in text)


def _none(text: str) -> bool:
    """Whether a cell says that nothing falls under its header."""
    marks = read_marks(fold(text), Style.POINT)
    denied = any(x.get("negation") or x.get("disposition") == "forbid" for x in marks)
    return denied and not _number(text)
