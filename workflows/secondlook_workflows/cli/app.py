"""The application: all commands, those of plugins included."""

import logging
import os
from typing import Annotated

import typer

from secondlook import __version__
from secondlook.discovery import load_plugins
from secondlook.errors import SecondlookError
from secondlook.settings import Settings, load_settings
from secondlook.workspace import default_home
from secondlook_workflows.cli import (
    adapters,
    admin,
    agreement,
    backbones,
    cases,
    deciding,
    exports,
    intended_use,
    models,
    patients,
    products,
    search,
    triage,
    users,
)
from secondlook_workflows.cli.console import say

MODULES = (
    cases,
    deciding,
    agreement,
    triage,
    patients,
    exports,
    products,
    search,
    models,
    adapters,
    backbones,
    intended_use,
    users,
    admin,
)


def build() -> typer.Typer:
    """All commands. A plugin whose commands cannot be added is reported, not fatal."""
    cli = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,  # locals may hold a patient's note
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    cli.callback()(_options)
    for module in MODULES:
        module.add_to(cli)
    plugins = load_plugins(_settings())
    plugins.register_commands(cli)
    return cli


def run() -> None:
    """Do what the command line says."""
    os.umask(0o077)  # notes and pictures are nobody else's business
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    build()()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"secondlook {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A model takes the first look at a case, a person takes the second and decides."""


def _settings() -> Settings:
    try:
        return load_settings(default_home())
    except SecondlookError as error:
        say(f"warning: {error}")  # the command itself will stop at it, where it matters
        return Settings.model_construct()
