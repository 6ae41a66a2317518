"""What people and programs read: JSON alone on standard output, everything else beside it."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click
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
from secondlook.errors import NotFound, SecondlookError, UsageError

DONE, BROKE, WORDS, PARTLY, STOPPED = 0, 1, 2, 3, 130
SHORT = 16
WIDE = 160
"""Columns of a table that goes into a file or a pipe."""
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
    """Errors as one sentence; status 2 where a word names nothing, else 1; Ctrl-C as 130.

    SECONDLOOK_DEBUG=1 shows the stack trace of an error that nobody foresaw. It is off by
    default because a trace may quote what a case holds.
    """
    try:
        yield
    except (UsageError, NotFound) as error:
        _fail(str(error), WORDS)
    except SecondlookError as error:
        _fail(str(error), BROKE)
    except OSError as error:
        _fail(f"{error.strerror or type(error).__name__}: {error.filename or 'a file'}", BROKE)
    except KeyboardInterrupt:
        stopped()
    except (typer.Exit, click.ClickException):
        raise
    except Exception as error:
        if os.environ.get("SECONDLOOK_DEBUG"):
            raise
        kind = type(error).__name__
        _fail(f"an error nobody foresaw ({kind}); SECONDLOOK_DEBUG=1 shows where", BROKE)


def _fail(message: str, status: int) -> NoReturn:
    err.print(f"[bold red]secondlook:[/] {_plain(message)}", highlight=False)
    raise typer.Exit(status) from None


def stopped() -> NoReturn:
    """Say that what was finished is stored, and exit."""
    err.print("stopped; what was finished is stored, and the same command goes on from there")
    raise typer.Exit(STOPPED)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    plain = value if isinstance(value, dict | list) else to_plain(value)
    json.dump(plain, sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
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
    (out if out.is_terminal else Console(width=WIDE)).print(table)


def say(message: str, *, whole: bool = False) -> None:
    """A line for people on standard error; `whole`, or outside of a terminal, is never broken.

    A command that is broken into lines cannot be copied.
    """
    err.print(_plain(message), highlight=False, soft_wrap=whole or not err.is_terminal)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
