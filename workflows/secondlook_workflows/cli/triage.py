"""Commands about the order of the worklist: prioritise, simulate."""

from typing import Annotated

import typer

from secondlook_workflows import prioritise as prioritise_verb
from secondlook_workflows.cli.common import DomainArgument, Json, session, this_user
from secondlook_workflows.cli.console import print_json, say

Case = Annotated[str, typer.Argument(help="A case id, or the beginning of one.")]
Findings = Annotated[
    list[str] | None,
    typer.Option(
        "--finding",
        help="LABEL=PREVALENCE,SENSITIVITY,SPECIFICITY in place of the history. Repeatable.",
    ),
]
Waits = Annotated[
    list[str] | None,
    typer.Option("--wait", help="BAND=MINUTES in place of the settings. Repeatable."),
]


def prioritise(
    case: Case,
    band: Annotated[str, typer.Argument(help="One of the domain's bands.")],
    reviewer: Annotated[str, typer.Option("--reviewer", help="Who does.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; needed to put it lower.")] = "",
    json: Json = False,
) -> None:
    """Put an open case into another band. It is kept who did and why."""
    with session() as context:
        who = reviewer or this_user()
        if not who:
            raise typer.BadParameter("say who does: --reviewer NAME")
        config = prioritise_verb.PrioritiseConfig(case=case, band=band, reviewer=who, reason=reason)
        act = prioritise_verb.run(config, context)
    if json:
        print_json(act)
    else:
        say(f"case {act.case_id[:8]}: {act.band}, by {act.reviewer}")


def simulate(
    domain: DomainArgument,
    finding: Findings = None,
    per_hour: Annotated[
        float | None, typer.Option("--per-hour", help="Cases that come in an hour on average.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Minutes to read one, on average.")
    ] = None,
    readers: Annotated[int, typer.Option("--readers", min=1, max=1000)] = 1,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Days in one run.")] = 30,
    runs: Annotated[int, typer.Option("--runs", min=2, max=1000, help="Runs, by seed.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    wait: Waits = None,
    json: Json = False,
) -> None:
    """How long cases would wait: first come first served, by the machine, and with limits."""
    from secondlook_workflows import simulate as verb  # numpy and scipy, for this command alone
    from secondlook_workflows.cli import simulated
    from secondlook_workflows.simulating.options import parse_rates, parse_waits

    with session() as context:
        config = verb.SimulateConfig(
            domain=domain,
            rates=parse_rates(finding or ()),
            per_hour=per_hour,
            minutes=minutes,
            readers=readers,
            days=days,
            runs=runs,
            seed=seed,
            waits=parse_waits(wait or ()),
        )
        report = verb.run(config, context)
    if json:
        print_json(report)
    else:
        simulated.show(report)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    for command in (prioritise, simulate):
        cli.command()(command)
