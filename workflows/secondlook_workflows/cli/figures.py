"""Figures of learning and evaluating as tables for people."""

from collections.abc import Mapping

from secondlook_workflows.cli.console import print_table

Figures = Mapping[str, float | None]


def print_figures(figures: Figures) -> None:
    """One line a figure."""
    print_table(("figure", "value"), [(name, number(x)) for name, x in figures.items()])


def print_parts(what: str, parts: Mapping[str, Figures]) -> None:
    """One line for each part of the cases (a label, a modality) that any figure is known of."""
    known = {name: x for name, x in parts.items() if any(y is not None for y in x.values())}
    names = list(dict.fromkeys(name for figures in known.values() for name in figures))
    if known:
        rows = [(part, *(number(x.get(name)) for name in names)) for part, x in known.items()]
        print_table((what, *names), rows)


def flags(figures: Figures) -> Figures:
    """Without those of the label's own probability, which come with their intervals below."""
    return {name: x for name, x in figures.items() if not name.startswith("label_")}


def number(value: float | None) -> str:
    """Counts as whole numbers, all else with four decimals; a dash for what is not known."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 2 and value == round(value) else f"{value:.4f}"
