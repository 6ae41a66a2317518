"""Commands about models: learn, evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from secondlook.errors import UsageError
from secondlook_workflows import evaluate as evaluate_verb
from secondlook_workflows import learn as learn_verb
from secondlook_workflows.cli.common import DomainArgument, Json, Product, session
from secondlook_workflows.cli.console import PARTLY, print_json, say
from secondlook_workflows.cli.evaluation import print_evaluation
from secondlook_workflows.cli.figures import flags, print_figures, print_parts
from secondlook_workflows.evaluating import EvaluateConfig
from secondlook_workflows.learning import LearnConfig, unread_lines

Manifest = Annotated[Path | None, typer.Option("--manifest", help="A CSV with labels.")]


def learn(
    domain: DomainArgument,
    goods: Annotated[Path | None, typer.Option("--goods", help="A folder of good images.")] = None,
    manifest: Manifest = None,
    decided: Annotated[
        bool, typer.Option("--decided", help="The cases that were decided here.")
    ] = False,
    align: Annotated[
        bool,
        typer.Option(
            "--align",
            help="Learn which texts go with which pictures, from the notes of the cases.",
        ),
    ] = False,
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            help='With --align or --words, the text of a label: "a steel surface with {label}".',
        ),
    ] = None,
    words: Annotated[
        bool,
        typer.Option(
            "--words",
            help="Learn nothing: order pictures by their likeness to the words of the findings, "
            "with a backbone for pictures and texts (CLIP, SigLIP). No chances, no findings.",
        ),
    ] = False,
    product: Product = None,
    backbone: Annotated[
        str | None, typer.Option("--backbone", help="A registered name, or a checkpoint folder.")
    ] = None,
    minutes: Annotated[
        float,
        typer.Option("--minutes", min=0, help="Stop in time; 0 leaves the backbone as it is."),
    ] = 12.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed learns the same.")] = 0,
    tile: Annotated[
        int | None,
        typer.Option(
            "--tile",
            help="With --goods, pixels of a tile; 0 looks at pictures whole. Their size decides.",
        ),
    ] = None,
    drop_suspects: Annotated[
        bool,
        typer.Option("--drop-suspects", help="With --goods, leave out those like no other."),
    ] = False,
    eligible: Annotated[
        list[str] | None,
        typer.Option(
            "--eligible",
            metavar="FACT=VALUES",
            help="From labels or words: what the adapter is for, as view=PA,AP or age_years=18-80. It "
            "narrows what is learned from; anything else is not assessed.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Learn what good looks like from good images, which labels hold from labelled cases, or, with
    --align, which texts go with which pictures; with --words, compare with words alone."""
    with session(create=True) as context:
        config = LearnConfig(
            domain=domain,
            goods=goods,
            manifest=manifest,
            decided=decided,
            align=align,
            prompt=prompt,
            words=words,
            product=product,
            backbone=backbone,
            minutes=minutes,
            seed=seed,
            tile=tile,
            drop_suspects=drop_suspects,
            eligible=_stated(eligible or []),
        )
        report = learn_verb.run(config, context)
    if json:
        print_json(report)
    else:
        say(f"{report.adapter} ({report.state}), {report.seconds:.0f} s")
        print_figures(report.metrics)
        for note in (*report.notes, *unread_lines(report.quarantined)):
            say(f"  {note}")
        if report.state == "challenger":
            say(f"use it with: secondlook adapters promote {report.adapter}")
    if report.quarantined:
        raise typer.Exit(PARTLY)


def _stated(words: list[str]) -> dict[str, str]:
    """`FACT=VALUES` as a table."""
    pairs = [x.partition("=") for x in words]
    if bad := [name + mark for name, mark, _ in pairs if not name or not mark]:
        raise UsageError(f"--eligible {bad[0]}: give it as FACT=VALUES, as in view=PA,AP")
    return {name.strip(): values for name, _, values in pairs}


def evaluate(
    domain: DomainArgument,
    dataset: Annotated[
        Path | None, typer.Option("--dataset", help="DIR with test/<class>/ and ground_truth/.")
    ] = None,
    manifest: Manifest = None,
    decided: Annotated[
        bool, typer.Option("--decided", help="The cases that were decided here.")
    ] = False,
    adapter: Annotated[str | None, typer.Option("--adapter", help="An adapter's id.")] = None,
    product: Product = None,
    folds: Annotated[
        int,
        typer.Option(
            "--folds",
            min=0,
            help="Learn anew on all but each part of the cases, and measure on that part.",
        ),
    ] = 0,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0, help="For all learning with --folds.")
    ] = 12.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of --folds.")] = 0,
    json: Json = False,
) -> None:
    """Measure on labelled cases, through the same engine as always."""
    with session(create=True) as context:
        config = EvaluateConfig(
            domain=domain,
            dataset=dataset,
            manifest=manifest,
            decided=decided,
            adapter=adapter,
            product=product,
            folds=folds,
            minutes=minutes,
            seed=seed,
        )
        report = evaluate_verb.run(config, context)
    if json:
        print_json(report)
    else:
        say(f"{report.n} cases, adapter {report.adapter or 'none'}, {report.seconds:.0f} s")
        print_figures(report.metrics)
        print_parts("label", {x: flags(y) for x, y in report.per_label.items()})
        print_parts("from", report.ablations)
        print_evaluation(report)
        for note in report.notes:
            say(f"  {note}")
        for case, reason in report.failed.items():
            say(f"  {case} failed: {reason}")
    if report.quarantined or report.failed:
        raise typer.Exit(PARTLY)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.command()(learn)
    cli.command()(evaluate)
