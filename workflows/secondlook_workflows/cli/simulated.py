"""What a simulation gave, as a table for people."""

from secondlook_workflows.cli.console import print_table, say
from secondlook_workflows.simulate import SimulateReport
from secondlook_workflows.simulating.figures import Figure


def show(report: SimulateReport) -> None:
    """A line for each finding and order, in minutes, then what it was drawn from."""
    rows = [
        (finding, order, f"{x.cases:.0f}", *map(_figure, (x.mean, x.p95, x.longest)))
        for finding in next(iter(report.orders.values()))
        for order, x in ((name, parts[finding]) for name, parts in report.orders.items())
        if x.mean is not None
    ]
    print_table(("finding", "order", "cases", "mean min", "p95 min", "longest min"), rows)
    limits = ", ".join(f"{band} {x:.0f} min" for band, x in report.limits.items() if x)
    say(
        f"{report.runs} runs of {report.days} days, seed {report.seed}; {report.readers} readers, "
        f"{report.site.per_hour:.1f} cases an hour, {report.site.minutes:.1f} min each, "
        f"load {report.load:.2f}"
    )
    say(f"limits: {limits or 'none'}; {report.promotions:.0f} promotions in a run")
    for note in report.notes:
        say(note)


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{figure.value:.0f} ({figure.low:.0f} to {figure.high:.0f})"
