"""Commands about backbones: list, check, fetch, quantize, starter."""

from pathlib import Path
from typing import Annotated

import typer

from secondlook_workflows import backbones as verb
from secondlook_workflows import quantize as quantize_verb
from secondlook_workflows import starter as starter_verb
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
        for line in (*report.notes, *report.problems):
            say(f"  {line}")
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


@backbones.command("quantize")
def quantize_backbone(
    name: Annotated[str, typer.Argument(help="A backbone by name, a folder, or a hub id.")],
    goods: Annotated[
        Path, typer.Option("--goods", help="Good pictures to calibrate and judge on.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the int8 backbone.")],
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="AUROC on painted defects that int8 may cost.")
    ] = 0.01,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    json: Json = False,
) -> None:
    """Make an int8 backbone, several times as fast.

    Not written where it tells painted defects worse by more than --tolerance (0.01 AUROC), or
    where its features are others.
    Needs the extra: pip install 'secondlook\\[openvino]'.
    """
    config = quantize_verb.QuantizeConfig(
        backbone=name, goods=goods, out=out, tolerance=tolerance, seed=seed
    )
    with session(create=True) as context:
        report = quantize_verb.run(config, context)
    if json:
        print_json(report)
    else:
        say(f"{report.folder}: {report.megabytes} MB, calibrated on {report.calibration} pictures")
        print_table(("figure", "value"), [(k, f"{v:.4g}") for k, v in report.gate.items()])
        say(f"use it with: --backbone {report.folder}")


@backbones.command("starter")
def make_starter(
    out: Annotated[Path, typer.Option("--out", help="Folder for the finished backbone.")],
    teacher: Annotated[
        Path | None, typer.Option("--teacher", help="SqueezeNet v1.0 as safetensors.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option("--work", help="Folder for pictures and checkpoint.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Stop in time; a second call goes on.")
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="For a shorter run.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="cpu or cuda.")] = None,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    json: Json = False,
) -> None:
    """Repeat the recipe of the embedded backbone: about 3 hours on 2 CPU cores."""
    config = starter_verb.MakeStarterConfig(
        out=out,
        teacher=teacher,
        work=work,
        minutes=minutes,
        steps=steps,
        device=device,
        seed=seed,
    )
    with session(create=True) as context:
        report = starter_verb.run(config, context)
    if json:
        print_json(report)
    else:
        state = "finished" if report.finished else f"step {report.step} of {report.steps}"
        say(f"{report.folder}: {state}, {report.megabytes} MB")
        figures = {**report.retrieval, **report.losses}
        print_table(("figure", "value"), [(k, f"{v:.4g}") for k, v in figures.items()])
    if not report.finished:
        raise typer.Exit(PARTLY)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(backbones, name="backbones")


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    return "–" if value is None else str(value)
