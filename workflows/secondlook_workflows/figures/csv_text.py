"""Rows as a CSV file that a spreadsheet may open: what looks like a formula is text in it."""

import csv
import io
from collections.abc import Iterable, Mapping

from secondlook_workflows.figures.reviewed import Cell

FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def written(rows: Iterable[Mapping[str, Cell]]) -> str:
    """The rows under the names of their columns; nothing for no rows."""
    kept = list(rows)
    names = list(dict.fromkeys(name for row in kept for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(row.get(name)) for name in names} for row in kept)
    return out.getvalue() if names else ""


def _cell(value: Cell) -> Cell:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
