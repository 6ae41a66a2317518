"""The command that searches stored cases."""

from pathlib import Path
from typing import Annotated

import typer

from secondlook.evidence import CitedPassage
from secondlook_workflows import search as verb
from secondlook_workflows.cli.common import DomainOption, Json, Product, session
from secondlook_workflows.cli.console import PARTLY, print_json, print_table, say
from secondlook_workflows.cli.text import SHORT
from secondlook_workflows.hits import Hit

WIDTH = 60
"""Characters of a passage that are shown."""


def search(
    text: Annotated[str | None, typer.Argument(help="Words to search for.")] = None,
    image: Annotated[
        Path | None, typer.Option("--image", help="A picture to search for instead.")
    ] = None,
    domain: DomainOption = None,
    product: Product = None,
    decided: Annotated[bool, typer.Option("--decided", help="Only decided cases.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=verb.LARGEST, help="Hits of each kind.")
    ] = 10,
    json: Json = False,
) -> None:
    """Find stored cases by words in their records and pictures, or by a similar picture."""
    with session() as context:
        config = verb.SearchConfig(
            text=text,
            image=image,
            domain=domain,
            product=product,
            decided_only=decided,
            limit=limit,
        )
        report = verb.run(config, context)
    if json:
        print_json(report)
    else:
        _show(report)
    if report.unreadable:
        raise typer.Exit(PARTLY)


def add_to(cli: typer.Typer) -> None:
    """Add this command."""
    cli.command()(search)


def _show(report: verb.SearchReport) -> None:
    if report.hits:
        columns = ("case", "similarity", "title", "what matched", "decided")
        print_table(columns, [_row(x) for x in report.hits])
    for note in report.notes:
        say(note)
    counts = " and ".join(f"{n} {kind}" for kind, n in report.searched.items())
    say(f"{len(report.hits)} hits in {counts}")
    for sha256, reason in report.unreadable.items():
        say(f"  picture {sha256[:SHORT]} was not searched: {reason}")


def _row(hit: Hit) -> tuple[object, ...]:
    matched = hit.matched
    what = _passage(matched) if isinstance(matched, CitedPassage) else f"picture {matched.name}"
    shared = f" (and {hit.cases - 1} more cases)" if hit.cases > 1 else ""
    return hit.case[:SHORT], f"{hit.similarity:.3f}", hit.title + shared, what, hit.decided


def _passage(passage: CitedPassage) -> str:
    words = " ".join(passage.text.split())
    shown = words if len(words) <= WIDTH else words[: WIDTH - 1] + "…"
    return f"{passage.record_name}:{passage.line} {shown}"
