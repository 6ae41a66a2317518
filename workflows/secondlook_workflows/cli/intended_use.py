"""Commands about the intended use of a domain: show, acknowledge."""

from typing import Annotated

import typer

from secondlook.codec import to_plain
from secondlook_workflows import intended_use as verb
from secondlook_workflows.cli.common import DomainArgument, Json, session
from secondlook_workflows.cli.console import print_json, print_table, say
from secondlook_workflows.intended_use import IntendedUseReport

intended_use = typer.Typer(
    help="What a domain is meant for; every reviewer acknowledges it before its first use.",
    no_args_is_help=True,
)


@intended_use.command("show")
def show(domain: DomainArgument, json: Json = False) -> None:
    """The text, its version, and who acknowledged it."""
    with session(create=True) as context:
        report = verb.show(domain, context)
    if json:
        print_json(report)
        return
    _say(report)
    rows = [
        (x.reviewer, x.version, f"{x.at:%Y-%m-%d %H:%M}", "" if x.stands else "earlier text")
        for x in report.acknowledged
    ]
    if rows:
        print_table(("reviewer", "version", "acknowledged (UTC)", ""), rows)


@intended_use.command("acknowledge")
def acknowledge(
    domain: DomainArgument,
    reviewer: Annotated[str, typer.Option("--reviewer", help="Who has read it.")],
    json: Json = False,
) -> None:
    """Say that you have read the text and work by it; it is printed once more."""
    with session(create=True) as context:
        report = verb.show(domain, context)
        done = verb.acknowledge(domain, reviewer, context)
    if json:
        print_json({"domain": domain, "version": report.version, "acknowledgement": to_plain(done)})
        return
    _say(report)
    if done is not None:
        say(f"acknowledged by {done.reviewer}, {done.at:%Y-%m-%d %H:%M} UTC")


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(intended_use, name="intended-use")


def _say(report: IntendedUseReport) -> None:
    if report.text is None:
        say(f"{report.domain} has no intended-use text; there is nothing to acknowledge")
        return
    say(f"Intended use of {report.domain}, version {report.version}")
    for part in report.text.split("\n\n"):
        say(f"\n{' '.join(part.split())}")
