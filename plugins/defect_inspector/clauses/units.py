"""Units of clauses by pint, under the names that manuals use."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import Quantity, UnitRegistry

PINT = {
    "mm": "millimeter",
    "cm": "centimeter",
    "m": "meter",
    "um": "micrometer",
    "in": "inch",
    "mil": "mil_length",
    "mm2": "millimeter**2",
    "cm2": "centimeter**2",
    "dm2": "decimeter**2",
    "m2": "meter**2",
    "um2": "micrometer**2",
    "in2": "inch**2",
    "%": "percent",
    "count": "dimensionless",
}
"""Units of clauses, as pint calls them. Percent and counts are both numbers to pint."""
AREAS = frozenset({"mm2", "cm2", "dm2", "m2", "um2", "in2"})
LENGTHS = frozenset({"mm", "cm", "m", "um", "in", "mil"})


@cache
def registry() -> "UnitRegistry[float]":
    """The one registry: quantities of different registries cannot be compared."""
    from pint import UnitRegistry

    return UnitRegistry()


def quantity(value: float, unit: str | None) -> "Quantity[float]":
    """A number with the unit of a clause as a pint quantity; None counts."""
    return registry().Quantity(value, PINT[unit or "count"])


def in_unit(measured: "Quantity[float]", unit: str) -> float | None:
    """The magnitude of a measurement in a clause's unit; None where it has another dimension."""
    target = registry().Unit(PINT[unit])
    percent = registry().Unit("percent")
    if (measured.units == percent) != (target == percent) or not measured.check(target):
        return None
    # Rounded, so that 0.05 cm is not more than 0.5 mm by a binary digit.
    return round(float(measured.to(target).magnitude), 9)


def dimension(unit: str | None) -> str:
    """`length`, `area`, `%`, `count`; what can be compared has the same."""
    if unit in LENGTHS:
        return "length"
    return "area" if unit in AREAS else unit or "any"
