"""`secondlook manual`: look at a manual the way the inspector does, passage by passage."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from secondlook import IntakeError, Passage, Record, read_document

manual = typer.Typer(help="Look at a product manual as the defect inspector reads it.")


@manual.callback()
def main() -> None:
    """Look at a product manual as the defect inspector reads it."""


@manual.command()
def show(
    file: Annotated[Path, typer.Argument(help="PDF, Word, Markdown or text file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Print the passages of a manual, each with its page and line."""
    record = _read(file)
    if as_json:
        typer.echo(json.dumps({"name": record.name, "passages": _plain(record)}))
        return
    for passage in record.passages:
        typer.echo(f"[{place(passage)}] {' '.join(passage.text.split())}")


def place(passage: Passage) -> str:
    """`page 3, line 41`; formats without pages have lines only."""
    page = f"page {passage.page}, " if passage.page is not None else ""
    return f"{page}line {passage.line}"


def _plain(record: Record) -> list[dict[str, object]]:
    return [asdict(x) for x in record.passages]


def _read(file: Path) -> Record:
    """The record in a file; exits with 3, naming the reason, where it cannot be read."""
    try:
        return read_document(file, "manual")
    except IntakeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from None
