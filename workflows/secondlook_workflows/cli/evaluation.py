"""What `evaluate` says to people: every figure with its interval, and beside what it is worth."""

from collections.abc import Iterator, Mapping
from typing import Any

from secondlook_workflows.cli.console import print_table, say
from secondlook_workflows.evaluating import EvaluateReport
from secondlook_workflows.subgroups import LEAST_EACH, LEAST_PATIENTS

Cells = Mapping[str, Any]
RANKED = ("auroc", "average_precision")
DRAWN = ("sensitivity", "specificity")
WHOLE = "everything"
FROM = {"image": "image alone", "text": "text alone", "shuffled_text": "another text"}
"""What the ablations are called: the last is a note of another patient."""
DRAWN_FROM = (
    "95 % intervals: whole groups (patients, lots) are drawn for auroc, average precision and gain; "
    "sensitivity and specificity are counted at the adapter's threshold (Wilson)"
)
TOO_FEW = (
    f"too few: fewer than {LEAST_PATIENTS} patients, or {LEAST_EACH} with or without what is asked"
)


def print_evaluation(report: EvaluateReport) -> None:
    """How well each question was answered, for which patients, and what was abstained on."""
    asked = {x: y for x, y in report.intervals.items() if y["auroc"] is not None}
    if asked:
        print_table(("asked", "from", "n", "with", *map(_title, RANKED)), list(_ranked(asked)))
        print_table(("asked", "from", "gain in auroc", *DRAWN), list(_drawn(asked, report)))
        say(DRAWN_FROM)
    for name, cells in report.intervals.items():
        if cells["why"]:
            say(f"  {name}: {cells['why']}")
    if report.subgroups:
        rows = [x for x in _parts(report) if x[1] in asked]
        print_table(("part", "asked", "patients", "auroc", *DRAWN), rows)
        say(TOO_FEW)
    _abstained(report.abstained)


def interval(cells: Cells, name: str) -> str:
    """`0.81 (0.75–0.86)`; three decimals where there is no interval, a dash without a figure."""
    value, pair = cells.get(name), cells.get(f"{name}_interval")
    if value is None:
        return "–"
    return f"{value:.2f} ({pair[0]:.2f}–{pair[1]:.2f})" if pair else f"{value:.3f}"


def _title(name: str) -> str:
    return name.replace("_", " ")


def _sources(cells: Cells) -> Iterator[tuple[str, Cells]]:
    """The whole, and what was taken away from it."""
    yield WHOLE, cells
    yield from cells["ablations"].items()


def _ranked(asked: Mapping[str, Cells]) -> Iterator[tuple[object, ...]]:
    for name, whole in asked.items():
        for source, cells in _sources(whole):
            figures = (interval(cells, x) for x in RANKED)
            yield (*_heads(name, source), cells["n"], cells["with"], *figures)


def _drawn(asked: Mapping[str, Cells], report: EvaluateReport) -> Iterator[tuple[object, ...]]:
    for name, whole in asked.items():
        gains = whole["ablations"]
        for source, cells in _sources(report.operating_point[name]):
            gain = interval(gains[source], "gain") if source in gains else ""
            yield (*_heads(name, source), gain, *(interval(cells, x) for x in DRAWN))


def _heads(name: str, source: str) -> tuple[str, str]:
    return (name if source == WHOLE else "", FROM.get(source, source))


def _parts(report: EvaluateReport) -> Iterator[tuple[object, ...]]:
    for fact, values in report.subgroups.items():
        for value, asked in values.items():
            for name, cells in asked.items():
                head = (f"{fact} {value}", name, cells["groups"])
                if cells["too_few"]:
                    yield (*head, "too few", "", "")
                else:
                    yield (*head, *(interval(cells, x) for x in ("auroc", *DRAWN)))


def _abstained(cells: Cells) -> None:
    if not cells.get("n"):
        return
    low, high = cells["rate_interval"]
    say(f"abstained on {cells['n']} cases, {cells['rate']:.1%} ({low:.1%}–{high:.1%})")
    for title, counts in (("because", cells["reasons"]), ("they hold", cells["labels"])):
        say(f"  {title}: " + ", ".join(f"{x} {n}" for x, n in counts.items()))
