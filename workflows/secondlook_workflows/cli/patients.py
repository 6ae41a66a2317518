"""Commands about patients: whose a case is, who may know, which file a pseudonym stands for."""

from pathlib import Path
from typing import Annotated

import typer

from secondlook.codec import to_plain
from secondlook.errors import UsageError
from secondlook_workflows import reveal as verb
from secondlook_workflows.cli.common import Json, session, this_user
from secondlook_workflows.cli.console import print_json, print_table, say
from secondlook_workflows.gather import names_given

patients = typer.Typer(help="Whose a case is, for those who may know.", no_args_is_help=True)
User = Annotated[
    str | None, typer.Option("--user", help="Who asks, where this machine has no name for you.")
]


@patients.command()
def reveal(
    case: Annotated[str, typer.Argument(help="A case id, or the beginning of one.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is noted, without names.")],
    user: User = None,
    json: Json = False,
) -> None:
    """Say whose a case is. That it was asked for is noted before anything is shown."""
    with session() as context:
        config = verb.RevealConfig(case=case, reason=reason, user=_user(user))
        found = verb.run(config, context)
    known = to_plain(found.link)
    if json:
        print_json({"case": found.case, **known})
    else:
        print_table(("what", "is"), [(x, "; ".join(y)) for x, y in known.items() if y])


@patients.command()
def allow(
    name: Annotated[str, typer.Argument(help="Who may know from now on.")],
    user: User = None,
    json: Json = False,
) -> None:
    """Let somebody ask whose a case is. The first is named by whoever owns the workspace."""
    with session() as context:
        verb.allow(verb.AllowConfig(user=name, by=_user(user)), context)
    print_json({"allowed": name}) if json else say(f"{name} may ask whose a case is")


@patients.command()
def which(
    name: Annotated[str, typer.Argument(help="A file as ingest calls it.")],
    sources: Annotated[
        list[Path], typer.Argument(help="The files, folders and manifests it came from.")
    ],
    json: Json = False,
) -> None:
    """Say which of your files a pseudonym stands for. Nothing of it is kept."""
    with session() as context:
        given = names_given(sources, (), context.workspace.database.pseudonyms).get(name)
    if given is None:
        raise typer.BadParameter("no file of these is called that; name the source of the ingest")
    print_json({"files": [given]}) if json else say(given, whole=True)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(patients, name="patients")


def _user(named: str | None) -> str:
    """Whoever runs this: a role guards nothing if everybody may say that they are somebody else."""
    user = this_user()
    if user is not None and named not in (None, user):
        raise UsageError(f"on this machine you are {user}: ask as yourself, without --user")
    if not (user or named):
        raise UsageError("say who asks: --user NAME")
    return user or str(named)
