"""Clauses as short lines, to compare and to read."""

from defect_inspector.clauses import Clause, read_clauses
from defect_inspector.clauses.listing import what, when
from secondlook.intake.passages import note


def line(clause: Clause) -> str:
    """`scratches, zone A (major): length > 5 mm: scrap`."""
    limit = "any" if clause.measure == "any" else when(clause)
    return f"{what(clause)}: {limit}: {clause.disposition}"


def lines(text: str) -> list[str]:
    """All clauses of a text, then why parts of it were not read."""
    read = read_clauses(note(text, kind="manual", name="manual.txt"))
    return [line(x) for x in read.clauses] + [f"unread: {x.reason}" for x in read.unread]
