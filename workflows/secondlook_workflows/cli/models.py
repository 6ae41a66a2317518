"""Commands about models: learn, evaluate, adapters."""

from pathlib import Path
from typing import Annotated

import typer

from secondlook.codec import to_plain
from secondlook_workflows import evaluate as evaluate_verb
from secondlook_workflows import learn as learn_verb
from secondlook_workflows.cli.common import DomainArgument, Json, Product, session
from secondlook_workflows.cli.console import PARTLY, print_json, print_table, say

adapters = typer.Typer(help="What was learned: list, show, promote.", no_args_is_help=True)


def learn(
    domain: DomainArgument,
    goods: Annotated[Path, typer.Option("--goods", help="A folder of good images.")],
    product: Product = None,
    backbone: Annotated[
        str | None, typer.Option("--backbone", help="A registered name, or a checkpoint folder.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed learns the same.")] = 0,
    json: Json = False,
) -> None:
    """Learn what good looks like from a folder of good images."""
    with session(create=True) as context:
        config = learn_verb.LearnConfig(
            domain=domain, goods=goods, product=product, backbone=backbone, seed=seed
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


@adapters.command("list")
def list_adapters(json: Json = False) -> None:
    """All adapters; the champion of a product is the one in use."""
    with session() as context, context.workspace.database.read() as unit:
        found = unit.adapters.all()
    if json:
        print_json([to_plain(x) for x in found])
    else:
        print_table(
            ("adapter", "state", "backbone", "learned"),
            [(x.id, x.state, x.backbone.name, f"{x.created_at:%Y-%m-%d %H:%M}") for x in found],
        )


@adapters.command("show")
def show_adapter(adapter: str, json: Json = False) -> None:
    """The card of one adapter."""
    with session() as context, context.workspace.database.read() as unit:
        info = unit.adapters.get(adapter)
    if json:
        print_json(info)
    else:
        print_table(("field", "value"), list(info.card.items()))


@adapters.command("promote")
def promote_adapter(adapter: str, json: Json = False) -> None:
    """Make an adapter the champion of its product; the present one retires."""
    with session() as context, context.workspace.database.write() as unit:
        unit.adapters.promote(adapter, actor=context.actor)
        unit.commit()
    print_json({"champion": adapter}) if json else say(f"{adapter} is the champion now")


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.command()(learn)
    cli.command()(evaluate)
    cli.add_typer(adapters, name="adapters")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
