"""Commands about models: learn, evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from secondlook_workflows import evaluate as evaluate_verb
from secondlook_workflows import learn as learn_verb
from secondlook_workflows.cli.common import DomainArgument, Json, Product, session
from secondlook_workflows.cli.console import PARTLY, print_json, print_table, say


def learn(
    domain: DomainArgument,
    goods: Annotated[Path, typer.Option("--goods", help="A folder of good images.")],
    product: Product = None,
    backbone: Annotated[
        str | None, typer.Option("--backbone", help="A registered name, or a checkpoint folder.")
    ] = None,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0, help="Stop in time; 0 learns a bank alone.")
    ] = 12.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed learns the same.")] = 0,
    json: Json = False,
) -> None:
    """Learn what good looks like from a folder of good images."""
    with session(create=True) as context:
        config = learn_verb.LearnConfig(
            domain=domain,
            goods=goods,
            product=product,
            backbone=backbone,
            minutes=minutes,
            seed=seed,
        )
        report = learn_verb.run(config, context)
    if json:
        print_json(report)
    else:
        say(f"{report.adapter} ({report.state}), {report.seconds:.0f} s")
        print_table(("figure", "value"), [(k, f"{v:.4g}") for k, v in report.metrics.items()])
        if report.state == "challenger":
            say(f"use it with: secondlook adapters promote {report.adapter}")
    if report.quarantined:
        raise typer.Exit(PARTLY)


def evaluate(
    domain: DomainArgument,
    dataset: Annotated[
        Path | None, typer.Option("--dataset", help="DIR with test/<class>/ and ground_truth/.")
    ] = None,
    manifest: Annotated[Path | None, typer.Option("--manifest", help="A CSV with labels.")] = None,
    adapter: Annotated[str | None, typer.Option("--adapter", help="An adapter's id.")] = None,
    product: Product = None,
    json: Json = False,
) -> None:
    """Measure on labelled cases, through the same engine as always."""
    if (dataset is None) == (manifest is None):
        raise typer.BadParameter("give exactly one of --dataset and --manifest")
    with session(create=True) as context:
        config = evaluate_verb.EvaluateConfig(
            domain=domain, dataset=dataset, manifest=manifest, adapter=adapter, product=product
        )
        report = evaluate_verb.run(config, context)
    if json:
        print_json(report)
    else:
        say(f"{report.n} cases, adapter {report.adapter or 'none'}, {report.seconds:.0f} s")
        print_table(("figure", "value"), [(k, _number(v)) for k, v in report.metrics.items()])
        for note in report.notes:
            say(f"  {note}")
    if report.quarantined or report.failed:
        raise typer.Exit(PARTLY)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.command()(learn)
    cli.command()(evaluate)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
