"""Limits in percent: shares of an area, or of something else that no picture shows."""

from collections.abc import Sequence

from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.ranges import Limit

SURFACE = frozenset(
    {
        "surface", "area", "face", "side", "covering", "covered", "covers", "cover", "coverage", "spread",
        "oberfläche", "fläche", "seite", "bedecken", "bedeckt", "teilfläche", "gesamtfläche",
        "表面", "面积", "总面积", "覆盖", "面",
    }
)  # fmt: skip
OF = frozenset({"of", "der", "des", "von", "vom", "的"})


def is_area(limit: Limit, marks: Sequence[Mark], known: str | None, is_round: bool) -> bool:
    """Whether a percentage is a share of an area: it says so, or the defect is a flat one.

    known: what the heading or column says is measured.
    """
    if known == "area" or any(_surface(x) for x in marks):
        return True
    return is_round and not _of_other(limit, marks)


def _surface(mark: Mark) -> bool:
    named = mark.get("measure") == "area" or mark.get("zone") is not None or mark.get("at")
    return bool(named) or mark.text.lower() in SURFACE


def _of_other(limit: Limit, marks: Sequence[Mark]) -> bool:
    """`20 % of the wall thickness`, `线宽的20%`."""
    around = [*marks[limit.last + 1 : limit.last + 2], *marks[max(0, limit.first - 1) : limit.last]]
    return any(x.text.lower() in OF for x in around)
