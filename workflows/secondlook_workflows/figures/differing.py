"""Where people differ from the machine and from each other, as rows."""

from secondlook_workflows.agreement import LEAST, Agreement, Cells
from secondlook_workflows.figures.rates import wilson
from secondlook_workflows.figures.reviewed import Row

ALL = "all cases"
ONE_PERSON = "Not shown by role: one of the groups would be a single person."


def overrides(found: Agreement) -> list[Row]:
    """How often another outcome was decided than recommended: in all, and by label found."""
    every = found.overrides
    if not every.decided:
        return []
    rate = every.override_rate or 0.0
    whole: Cells = {"decided": every.decided, "override_rate": rate}
    return [_rate(ALL, whole), *(_rate(x, y) for x, y in every.by_label.items())]


def discrepancy(found: Agreement) -> list[Row]:
    """By label: how often it was shown, and what people did with it."""
    return [_shown(label, cells) for label, cells in found.overrides.findings.items()]


def groups(found: Agreement) -> list[Row] | None:
    """The override rate by role. None where it would tell of one person.

    Not even the larger groups then: with the rate of all cases beside them, the one is what is left.
    """
    by_group = found.overrides.by_group
    if any(int(x["reviewers"] or 0) < LEAST for x in by_group.values()):
        return None
    return [
        {"label": role, "people": x["reviewers"], **_rate(role, x)} for role, x in by_group.items()
    ]


def readers(found: Agreement) -> list[Row]:
    """Agreement between first and second reads, each figure with its interval."""
    of = found.readers
    if not of.pairs:
        return []
    values = {
        "percent agreement": ("percent", of.percent),
        "Cohen's kappa": ("cohen_kappa", of.cohen_kappa),
        "Fleiss' kappa": ("fleiss_kappa", of.fleiss_kappa),
    }
    rows = list[Row]()
    for title, (name, value) in values.items():
        low, high = of.intervals[name] or (None, None)
        rows.append({"figure": title, "value": value, "low": low, "high": high, "pairs": of.pairs})
    return rows


def _rate(what: str, cells: Cells) -> Row:
    decided, rate = int(cells["decided"] or 0), float(cells["override_rate"] or 0.0)
    overridden = round(rate * decided)
    return {
        "label": what,
        "decided": decided,
        "overridden": overridden,
        **_share(overridden, decided),
    }


def _shown(label: str, cells: Cells) -> Row:
    differing = int(cells["edited"] or 0) + int(cells["rejected"] or 0)
    counts = {x: y for x, y in cells.items() if x != "discrepancy_rate"}
    return {"label": label, **counts, **_share(differing, int(cells["shown"] or 0))}


def _share(hits: int, total: int) -> Row:
    low, high = wilson(hits, total) or (None, None)
    return {"share": hits / total if total else None, "low": low, "high": high}
