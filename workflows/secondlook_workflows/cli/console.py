"""What people and programs read: JSON alone on standard output, everything else beside it."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from secondlook.codec import to_plain
from secondlook.errors import SecondlookError

DONE, BROKE, PARTLY, STOPPED = 0, 1, 3, 130
SHORT = 10
out = Console()
err = Console(stderr=True)


class Rate(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "", style="progress.data.speed")


class RichProgress:
    """Bars on standard error, with rate and remaining time; one per stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: Any = None

    def start(self, title: str, total: int | None) -> None:
        """A new stage with a bar of its own."""
        self._task = self._bars.add_task(title, total=total)

    def advance(self, steps: int = 1) -> None:
        """Move the present stage's bar."""
        self._bars.advance(self._task, steps)


@contextmanager
def progress() -> Iterator[RichProgress]:
    """Bars while the block runs; nothing is drawn where standard error is not a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as bars:
        yield RichProgress(bars)


@contextmanager
def failing_clearly() -> Iterator[None]:
    """Errors of ours as one sentence and status 1; Ctrl-C as status 130."""
    try:
        yield
    except SecondlookError as error:
        err.print(f"[bold red]secondlook:[/] {_plain(str(error))}", highlight=False)
        raise typer.Exit(BROKE) from None
    except KeyboardInterrupt:
        stopped()


def stopped() -> None:
    """Say that what was finished is stored, and exit."""
    err.print("stopped; what was finished is stored, and the same command goes on from there")
    raise typer.Exit(STOPPED)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    plain = value if isinstance(value, dict | list) else to_plain(value)
    json.dump(plain, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people, one line a row; what stands in it is never read as markup."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    cells = [["" if x is None else str(x) for x in row] for row in rows]
    for number, name in enumerate(columns):
        width = max([len(name), *(len(row[number]) for row in cells)])
        least = width if width <= SHORT else None  # ids and numbers are never cut off
        table.add_column(name, no_wrap=True, overflow="ellipsis", min_width=least)
    for row in cells:
        table.add_row(*map(Text, row))
    out.print(table)


def say(message: str) -> None:
    """A line for people on standard error."""
    err.print(_plain(message), highlight=False)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
