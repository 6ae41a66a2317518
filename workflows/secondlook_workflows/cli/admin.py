"""Commands about the installation: init, doctor, plugins, db, demo, work, ui."""

from pathlib import Path
from typing import Annotated

import typer

from secondlook.codec import to_plain
from secondlook.discovery import load_plugins
from secondlook.settings import load_settings
from secondlook.workspace import default_home, init_workspace
from secondlook_workflows.cli.common import Json, session
from secondlook_workflows.cli.console import (
    BROKE,
    DONE,
    PARTLY,
    failing_clearly,
    print_json,
    print_table,
    progress,
    say,
)
from secondlook_workflows.plain_states import forget_plain

plugins = typer.Typer(help="Plugins: what loaded, what failed and why.", no_args_is_help=True)
db = typer.Typer(help="The case database.", no_args_is_help=True)


def init(
    database: Annotated[
        str | None, typer.Option("--database", help="A database URL; else SQLite in the workspace.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a workspace and bring its database up to date."""
    with failing_clearly():
        workspace = init_workspace(default_home(), database)
        workspace.database.dispose()
        forget_plain(workspace.home)
    with session() as context:  # which knows the bands: cases that were there wait by their limits
        context.workspace.database.refit()
    print_json({"home": str(workspace.home)}) if json else say(f"workspace in {workspace.home}")


def doctor(json: Json = False) -> None:
    """Look at the machine, versions, models and database; say what is missing."""
    from secondlook_workflows import doctor as verb

    with failing_clearly():
        checks = verb.run()
    if json:
        print_json([to_plain(x) for x in checks])
    else:
        rows = [("ok" if x.ok else "LOOK", x.name, x.found, x.remedy) for x in checks]
        print_table(("", "what", "found", "do"), rows)
    raise typer.Exit(DONE if all(x.ok for x in checks) else PARTLY)


@plugins.command("list")
def list_plugins(json: Json = False) -> None:
    """Plugins with what they bring; those that failed, with their error."""
    with failing_clearly():
        found = load_plugins(load_settings(default_home()))
    if json:
        domains = [{"name": x.name, "title": x.title} for x in found.domains.values()]
        loaded, failed = ([to_plain(x) for x in y] for y in (found.loaded, found.failures))
        print_json({"plugins": loaded, "failures": failed, "domains": domains})
    else:
        rows = [(x.name, "loaded", f"{x.distribution} {x.version}") for x in found.loaded]
        rows += [(x.name, "FAILED", f"{x.distribution}: {x.error}") for x in found.failures]
        print_table(("plugin", "state", "from"), rows)
        print_table(("domain", "title"), [(x.name, x.title) for x in found.domains.values()])


@db.command("upgrade")
def upgrade(json: Json = False) -> None:
    """Bring the schema up to date. What is there is kept."""
    with session() as context:
        context.workspace.database.upgrade()
        forget_plain(context.workspace.home)
    print_json({"upgraded": True}) if json else say("the schema is up to date")


@db.command("check")
def check(json: Json = False) -> None:
    """Compare the database with the schema this version expects."""
    with session() as context:
        problems = context.workspace.database.check()
    if json:
        print_json({"problems": list(problems)})
    else:
        say("\n".join(problems) or "the schema is what it should be")
    raise typer.Exit(BROKE if problems else DONE)


@db.command("verify-audit")
def verify_audit(
    against: Annotated[
        Path | None, typer.Option("--against", help="Heads exported earlier: nothing may be gone.")
    ] = None,
    export_heads: Annotated[
        Path | None, typer.Option("--export-heads", help="Write the heads, to keep elsewhere.")
    ] = None,
    json: Json = False,
) -> None:
    """Verify every audit chain and its signed head."""
    from secondlook_workflows import verify_audit as verb

    with session() as context:
        report = verb.run(verb.VerifyConfig(against=against, export=export_heads), context)
    if json:
        print_json(report)
    else:
        for problem in report.problems:
            say(f"  {problem.chain} event {problem.seq}: {problem.what}")
        state = f"{len(report.problems)} problems" if report.problems else "all is well"
        say(f"{report.events} events in {report.chains} chains: {state}")
    raise typer.Exit(BROKE if report.problems else DONE)


@db.command("copy")
def copy(
    url: Annotated[str, typer.Argument(help="An empty database, for example PostgreSQL.")],
    json: Json = False,
) -> None:
    """Copy everything into another, empty database; this one stays as it is."""
    with session() as context:
        database = context.workspace.database
        context.progress.start("copying rows", database.rows())
        rows = database.copy_to(url, context.progress.advance)
    if json:
        print_json({"rows": rows})
    else:
        say(f"{rows} rows copied; use it from now on with: secondlook init --database URL")


def demo(
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="Open the review UI at the end.")] = True,
    port: Annotated[int, typer.Option("--port")] = 8501,
    json: Json = False,
) -> None:
    """The main job on made-up cases of both domains, then the review UI."""
    from secondlook_workflows import demo as verb
    from secondlook_workflows.cli import text

    with failing_clearly(), progress() as bars:
        init_workspace(default_home()).database.dispose()
        report = verb.run(bars)
    if json:
        print_json(report)
    else:
        text.worklist(report.lines, report.counts)
        say(f"the cases are in {default_home()}")
        for text_of in report.acknowledged:
            say(f"acknowledged for the reviewer `{verb.REVIEWER}`: the intended use of {text_of}")
            say(f"read it with: secondlook intended-use show {text_of.partition(',')[0]}")
        say("\n".join(["try next:", *(f"  {x}" for x in report.next_steps)]), whole=True)
    if ui:
        _serve(port, welcome=verb.REVIEWER)
    elif not json:
        say("look at them with: secondlook ui")


def work(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when nothing is queued any more.")
    ] = False,
    json: Json = False,
) -> None:
    """A worker: runs queued jobs with one resident set of models, until stopped."""
    from secondlook_workflows import work as verb

    with session() as context:
        report = verb.run(verb.WorkConfig(until_idle=until_idle), context)
    if json:
        print_json(report)
    else:
        say(f"{report.finished} jobs finished, {report.failed} failed")
    raise typer.Exit(PARTLY if report.failed else DONE)


def jobs(
    cancel: Annotated[
        str | None, typer.Option("--cancel", help="Stop this job before its next batch.")
    ] = None,
    json: Json = False,
) -> None:
    """Queued, running and finished jobs."""
    from secondlook_workflows import durable

    with session() as context:
        if cancel is not None:
            durable.cancel(context.workspace, cancel)
        found = durable.jobs(context.workspace)
    if json:
        print_json([to_plain(x) for x in found])
    else:
        print_table(("job", "verb", "status"), [(x.id, x.verb, x.status) for x in found])


def ui(
    port: Annotated[int, typer.Option("--port")] = 8501,
    host: Annotated[
        str, typer.Option("--host", help="Another address than this machine; see docs/accounts.md.")
    ] = "127.0.0.1",
) -> None:
    """Open the review UI, with a worker beside it. The first time it shows a link to set it up."""
    with session(create=True):
        pass
    _serve(port, host)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    for command in (init, doctor, demo, work, jobs, ui):
        cli.command()(command)
    cli.add_typer(plugins, name="plugins")
    cli.add_typer(db, name="db")


def _serve(port: int, host: str = "127.0.0.1", welcome: str | None = None) -> None:
    from secondlook_workflows.serve import serve

    with failing_clearly():
        serve(port, host, welcome)
