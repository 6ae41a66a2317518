"""Options and steps that several commands share."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from secondlook.workspace import default_home, init_workspace
from secondlook_workflows.cli.console import PARTLY, err, failing_clearly, progress, stopped
from secondlook_workflows.context import Context, open_context

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
DomainArgument = Annotated[str, typer.Argument(help="A domain, as `plugins list` names it.")]
DomainOption = Annotated[str | None, typer.Option("--domain", help="Only this domain.")]
Product = Annotated[str | None, typer.Option("--product", help="The product or modality.")]
Sources = Annotated[
    list[Path], typer.Argument(help="Files, folders, or a manifest (CSV).", show_default=False)
]
Records = Annotated[
    list[Path] | None,
    typer.Option("--record", help="A manual, specification or note for every case. Repeatable."),
]


@contextmanager
def session(*, create: bool = False) -> Iterator[Context]:
    """A context with progress bars; errors end the command clearly.

    `create` makes the workspace when there is none, so that a first `run` needs no `init`.
    """
    with failing_clearly():
        if create and not (default_home() / "keys").exists():
            init_workspace(default_home())
            err.print(f"made a workspace in {default_home()}", highlight=False)
        with progress() as bars:
            context = open_context(progress=bars)
            try:
                yield context
            finally:
                context.workspace.database.dispose()


def this_user() -> str | None:
    """Who runs the command; None in a container whose user has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def finish(*, interrupted: bool, troubled: bool) -> None:
    """End a command that was stopped, or that could not do everything."""
    if interrupted:
        stopped()
    if troubled:
        raise typer.Exit(PARTLY)
