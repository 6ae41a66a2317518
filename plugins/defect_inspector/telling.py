"""Limits and measures as people read them."""

from math import floor, log10

from defect_inspector.clauses import Clause

ANYTHING = "any"
"""The measure of a clause without a limit."""
ENDS = (("more_than", "above"), ("at_least", "from"), ("less_than", "below"), ("at_most", "up to"))


def limit_of(clause: Clause) -> str:
    """`length above 5 mm`, `count up to 3 per part`; empty where there is no limit."""
    if clause.measure == ANYTHING:
        return ""
    unit = "" if clause.unit in (None, "count") else f" {shown_unit(clause.unit or '')}"
    ends = [
        f"{word} {value:g}{unit}"
        for field, word in ENDS
        if (value := getattr(clause, field)) is not None
    ]
    per = f" per {clause.per}" if clause.per else ""
    zone = f", zone {clause.zone}" if clause.zone else ""
    return f"{clause.measure} {' and '.join(ends)}{per}{zone}"


def shown_unit(unit: str) -> str:
    """A unit as people write it."""
    return {"um": "µm", "um2": "µm²"}.get(unit, unit.replace("2", "²"))


def with_uncertainty(value: float, unsure: float, unit: str) -> str:
    """`12.8 mm (± 0.9)`, `0.28 mm (± 0.15)`: no digit that the uncertainty leaves unknown.

    Its first digit counts, and a second one after a leading 1 (Particle Data Group).
    """
    first = floor(log10(unsure)) if unsure > 0 else -3
    digits = max(0, -first + (unsure < 2 * 10.0**first))
    return f"{value:.{digits}f} {unit} (± {unsure:.{digits}f})"
