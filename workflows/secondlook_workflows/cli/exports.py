"""The command that writes cases out."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from secondlook_workflows import export as export_verb
from secondlook_workflows.cli.common import DomainArgument, finish, session
from secondlook_workflows.cli.console import print_json, say


def export(
    domain: DomainArgument,
    format: Annotated[
        str, typer.Option("--format", help="csv, csv-findings, json, or a plugin's.")
    ] = "csv",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A file, or a folder for some formats; else standard output."),
    ] = None,
    case: Annotated[list[str] | None, typer.Option("--case", help="Only this. Repeatable.")] = None,
    decided: Annotated[
        bool | None, typer.Option("--decided/--open", help="Only what is decided, or is not.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="DATE", help="Decided, or while open come in, then or later."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Report as JSON; needs --out.")] = False,
) -> None:
    """Write cases with their first looks and decisions."""
    if json and out is None:
        raise typer.BadParameter("--json reports on a file: give --out as well")
    config = export_verb.ExportConfig(
        domain=domain,
        format=format,
        out=out,
        cases=tuple(case or ()),
        decided=decided,
        since=_moment(since) if since else None,
        force=force,
    )
    with session() as context:
        report = export_verb.run(config, context)
    if json:
        print_json(report)
    else:
        _exported(report)
    finish(interrupted=False, troubled=bool(report.warnings))


def add_to(cli: typer.Typer) -> None:
    """Add this command."""
    cli.command()(export)


def _exported(report: export_verb.ExportReport) -> None:
    say(f"{report.cases} cases written" + (f" to {report.out}" if report.out else ""))
    for warning in report.warnings:
        say(f"  {warning}")


def _moment(date: str) -> datetime:
    """A day, from its beginning, or a moment; of this machine's clock where it names no zone."""
    try:
        return datetime.fromisoformat(date).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{date!r} is no date: write it as 2026-03-31") from None
