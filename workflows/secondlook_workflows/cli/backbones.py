"""Commands about backbones: list, check, fetch."""

from typing import Annotated

import typer

from secondlook_workflows import backbones as verb
from secondlook_workflows.cli.common import Json, session
from secondlook_workflows.cli.console import (
    PARTLY,
    failing_clearly,
    print_json,
    print_table,
    say,
)

backbones = typer.Typer(help="The encoders that adapters stand on.", no_args_is_help=True)


@backbones.command("list")
def list_backbones(json: Json = False) -> None:
    """The registered backbones. A checkpoint folder works without being registered."""
    with session(create=True) as context:
        specs = list(context.plugins.backbones.values())
    fields = ("name", "modality", "licence", "trained", "description")
    rows = [{x: getattr(spec, x) for x in fields} for spec in specs]
    if json:
        print_json(rows)
    else:
        print_table(fields, [tuple(row.values()) for row in rows])


@backbones.command("check")
def check_backbone(
    path: Annotated[str, typer.Argument(help="A checkpoint folder, or a fetched hub id.")],
    json: Json = False,
) -> None:
    """What a checkpoint can be used for, and what stands in the way."""
    with failing_clearly():
        report = verb.check(path)
    if json:
        print_json(report)
    else:
        say(f"{report.path}: {', '.join(report.uses) or 'of no use here'}")
        facts = ("family", "parameters", "input_size", "text_limit", "licence", "fingerprint")
        print_table(("fact", "value"), [(x, _words(getattr(report, x))) for x in facts])
        for problem in report.problems:
            say(f"  {problem}")
    if report.problems:
        raise typer.Exit(PARTLY)


@backbones.command("fetch")
def fetch_backbone(
    name: Annotated[str, typer.Argument(help="A hub id, org/name.")], json: Json = False
) -> None:
    """Download a checkpoint from the Hugging Face hub: safetensors and settings, nothing else."""
    with failing_clearly():
        report = verb.fetch(name)
    if json:
        print_json(report)
    else:
        say(f"{report.name}: {len(report.files)} files, {report.bytes / 1e6:.0f} MB")
        say(f"look at it with: secondlook backbones check {report.name}")


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(backbones, name="backbones")


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    return "–" if value is None else str(value)
