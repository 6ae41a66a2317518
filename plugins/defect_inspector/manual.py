"""`secondlook manual`: look at a manual the way the inspector does, by passage or by clause."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secondlook import IntakeError, Passage, Record, SecondlookError, amend, read_document

if TYPE_CHECKING:
    from defect_inspector.clauses import ReadManual

WIDTH = 140
"""Columns of a table that goes into a file or a pipe."""
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


@manual.command()
def check(
    file: Annotated[Path, typer.Argument(help="PDF, Word, HTML, Markdown or text file.")],
    corrections: Annotated[
        Path | None,
        typer.Option("--corrections", help="What `manual draft` wrote, as you edited it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Print the clauses of a manual for a person to confirm, then what could not be read.

    Exit status 3 where something that looks like a rule was not read.
    """
    from defect_inspector.clauses import read_clauses

    record = _corrected(_read(file), corrections)
    found = read_clauses(record)
    if as_json:
        typer.echo(json.dumps({"name": record.name, **asdict(found)}, ensure_ascii=False))
    else:
        _print(found)
    if found.unread:
        raise typer.Exit(3)


@manual.command()
def draft(
    file: Annotated[Path, typer.Argument(help="PDF, Word, HTML, Markdown or text file.")],
    out: Annotated[Path, typer.Argument(help="Text file to write; it must not exist.")],
) -> None:
    """Write all that was read of a manual to a text file in which a person can correct it."""
    from defect_inspector.clauses import read_clauses
    from defect_inspector.clauses.listing import draft_of

    record = _read(file)
    text = draft_of(record.name, read_clauses(record))
    try:
        with out.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        typer.echo(f"cannot write {out.name}: {error.strerror}; name another file", err=True)
        raise typer.Exit(2) from None
    typer.echo(
        f"edit {out.name}, then: secondlook manual check {file} --corrections {out}", err=True
    )


def _corrected(record: Record, corrections: Path | None) -> Record:
    if corrections is None:
        return record
    try:
        return amend(record, _read(corrections))
    except SecondlookError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _print(found: "ReadManual") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from defect_inspector.clauses.listing import remarks, table_of

    table = Table("no.", "what", "when", "then", "where", box=box.SIMPLE_HEAD)
    for row in table_of(found):
        table.add_row(*(Text(_printable(x)) for x in row))  # Text: no markup out of a manual
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    if found.clauses:
        console.print(table)
    for remark in remarks(found):
        typer.echo(_printable(remark))
    typer.echo(_summary(found))


def _summary(found: "ReadManual") -> str:
    """`1 clause read`, `12 clauses read, 3 passages not read: see above`."""
    read, unread = len(found.clauses), len(found.unread)
    told = f"{read} {'clause' if read == 1 else 'clauses'} read"
    places = "sentence or row" if unread == 1 else "sentences or rows"
    return f"{told}, {unread} {places} not read: see above" if unread else told


def _printable(text: str) -> str:
    """Without control characters, which could write over what a terminal shows."""
    return "".join(x if x.isprintable() else " " for x in text)


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
