"""The command `agreement`: readers against each other, and against the machine."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from secondlook_workflows import agreement as agreement_verb
from secondlook_workflows.cli.common import DomainOption, Json, session
from secondlook_workflows.cli.console import print_json, print_table, say
from secondlook_workflows.cli.figures import number, print_parts


def agreement(
    domain: DomainOption = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="In UTC."),
    ] = None,
    json: Json = False,
) -> None:
    """How far readers agree with each other and with the machine, without naming anybody."""
    begin = None if since is None else since.replace(tzinfo=UTC)
    config = agreement_verb.AgreementConfig(domain=domain, since=begin)
    with session() as context:
        report = agreement_verb.run(config, context)
    if json:
        print_json(report)
        return
    for name, found in report.domains.items():
        say(name)
        _print(found)


def _print(found: agreement_verb.Agreement) -> None:
    readers, overrides = found.readers, found.overrides
    spans = readers.intervals
    rows = [
        ("pairs of reads", str(readers.pairs), ""),
        ("same outcome", number(readers.percent), _span(spans["percent"])),
        ("Cohen's kappa", number(readers.cohen_kappa), _span(spans["cohen_kappa"])),
        ("Fleiss' kappa", number(readers.fleiss_kappa), _span(spans["fleiss_kappa"])),
        ("override rate", number(overrides.override_rate), _span(overrides.interval)),
    ]
    print_table(("figure", "value", "95 %"), rows)
    print_parts("label, between readers", readers.labels)
    print_parts("label, overridden", overrides.by_label)
    print_parts("group", overrides.by_group)
    print_parts("finding", overrides.findings)
    for note in found.notes:
        say(note)


def _span(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def add_to(cli: typer.Typer) -> None:
    """Add this command."""
    cli.command()(agreement)
