"""Commands about adapters: list, show, promote, rollback, export, import, clear."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from secondlook.codec import to_plain
from secondlook_workflows import adapter_import, leftovers
from secondlook_workflows import adapters as verb
from secondlook_workflows.cli.common import DomainArgument, Json, Product, session
from secondlook_workflows.cli.console import print_json, say

adapters = typer.Typer(help="What was learned, and which of it is in use.", no_args_is_help=True)
MEASURED = ("auroc", "average_precision", "f1_macro", "accuracy", "ece")
"""Figures on cases held out from learning, where a card has them."""
LONG = 40
"""Longer lists are cut off; `--json` has all of them."""


@adapters.command("list")
def list_adapters(json: Json = False) -> None:
    """All adapters with their held-out figures; the champion of a product is the one in use."""
    with session() as context, context.workspace.database.read() as unit:
        found = unit.adapters.all()
    if json:
        print_json([to_plain(x) for x in found])
    elif found:
        columns = ("adapter", "state", "learned", "held-out figures", "backbone")
        _lines(
            columns,
            [
                (x.id, x.state, f"{x.created_at:%Y-%m-%d}", _figures(x.card), x.backbone.name)
                for x in found
            ],
        )
    else:
        say("no adapters yet: secondlook learn DOMAIN --goods DIR")


@adapters.command("show")
def show_adapter(adapter: str, json: Json = False) -> None:
    """The card of one adapter, and whether it is in use."""
    with session() as context, context.workspace.database.read() as unit:
        info = unit.adapters.get(adapter)
    if json:
        print_json(info)
    else:
        stored = {"state": info.state, "path": info.path, "card sha256": info.sha256}
        _lines(("field", "value"), list(_flat({**stored, **info.card})))


@adapters.command("promote")
def promote_adapter(adapter: str, json: Json = False) -> None:
    """Make an adapter the champion of its product; the present one retires."""
    with session() as context:
        verb.promote(adapter, context)
    print_json({"champion": adapter}) if json else say(f"{adapter} is the champion now")


@adapters.command("rollback")
def rollback_adapter(domain: DomainArgument, product: Product = None, json: Json = False) -> None:
    """Put the adapter back that was in use before the champion, which retires."""
    with session() as context:
        done = verb.rollback(domain, product, context)
    if json:
        print_json({"champion": done.champion.id, "retired": done.retired.id})
    else:
        say(f"{done.champion.id} is the champion again; {done.retired.id} is retired")


@adapters.command("export")
def export_adapter(
    adapter: str,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new file, or a folder; here unless told.")
    ] = None,
    json: Json = False,
) -> None:
    """Write an adapter to one file that another workspace can import.

    It holds no picture and no text, but vectors made of the cases that it was learned from.
    """
    with session() as context:
        report = verb.export(adapter, out, context)
    if json:
        print_json(report)
    else:
        say(f"{report.adapter}: {report.out}, {report.bytes / 1e6:.1f} MB")
        say(f"sha256 {report.sha256}")


@adapters.command("import")
def import_adapter(
    file: Annotated[
        Path, typer.Argument(help="What `adapters export` wrote, or an adapter's folder.")
    ],
    domain: Annotated[
        str | None, typer.Option("--domain", help="Another domain than its card names.")
    ] = None,
    product: Annotated[
        str | None, typer.Option("--product", help="Another product than its card names.")
    ] = None,
    backbone: Annotated[
        str | None, typer.Option("--backbone", help="What the backbone is called here.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in an exported adapter; it waits as challenger until it is promoted."""
    with session(create=True) as context:
        config = adapter_import.ImportConfig(
            file=file, domain=domain, product=product, backbone=backbone
        )
        report = adapter_import.import_(config, context)
    if json:
        print_json(report)
    elif report.added:
        say(f"{report.adapter} ({report.state}), from {report.origin}")
        say(f"use it with: secondlook adapters promote {report.adapter}")
    else:
        say(f"it is here already: {report.adapter} ({report.state}); nothing was changed")


@adapters.command("clear")
def clear_adapters(
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove half-written ones; else nothing is removed.")
    ] = False,
    unnamed: Annotated[
        bool,
        typer.Option(
            "--unnamed",
            help="With --remove: whole adapters too that this database does not name, though "
            "another database may.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Folders that no adapter of this database names, untouched for a day.

    Half-written ones were left by a killed run. Whole ones may be another database's.
    """
    with session() as context:
        report = leftovers.clear(context, remove=remove, unnamed=unnamed)
        folder = context.workspace.adapters
    if json:
        print_json(report)
        return
    _told(report.removed, "removed")
    _told(report.half_written, "half-written, left by a kill: remove them with --remove")
    _told(
        report.unnamed,
        "whole, but no adapter of this database names them; another database may. Remove them "
        "with --remove --unnamed, or take them in:",
    )
    for name in report.unnamed:
        say(f"  secondlook adapters import {quote(str(folder / name))}")
    if not (report.removed or report.half_written or report.unnamed):
        say("there is nothing to clear")


def _told(names: Sequence[str], what: str) -> None:
    for name in names:
        say(f"  {name}")
    if names:
        say(f"{len(names)} {what}")


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(adapters, name="adapters")


def _figures(card: Mapping[str, Any]) -> str:
    """What was measured on cases held out from learning, in a few words."""
    goods, answers = card.get("goods") or {}, card.get("answers") or {}
    parts = [f"{x} {y:.3f}" for x in MEASURED if (y := _metric(goods, answers, x)) is not None]
    if goods:
        held_out = goods["calibration_goods"]
        parts.append(
            f"flags at most {goods['false_alarm_bound']:.0%} of goods ({held_out} held out)"
        )
    if answers:
        parts.append(f"{len(answers['labels'])} labels from {answers['cases']} cases")
    if alignment := card.get("alignment"):
        parts.append(f"texts of {alignment['pairs']} pairs")
    return ", ".join(parts) or "–"


def _metric(goods: Mapping[str, Any], answers: Mapping[str, Any], name: str) -> float | None:
    found = [x["metrics"].get(name) for x in (goods, answers) if x]
    return next((x for x in found if x is not None), None)


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as lines of their own, under the names of all they lie in."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name} {key}".strip())
    elif isinstance(value, list) and any(isinstance(x, Mapping | list) for x in value):
        for number, inner in enumerate(value, start=1):
            yield from _flat(inner, f"{name} {number}")
    else:
        yield name, _words(value)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > LONG:
        return f"{', '.join(map(_words, value[:3]))} and {len(value) - 3} more"
    if isinstance(value, list | Mapping):
        return ", ".join(map(_words, value)) or "–"
    return "–" if value is None or value == "" else str(value)


def _lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose cells are never cut off: ids and digests are there to be copied."""
    lines = [columns, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = (x.ljust(width) for x, width in zip(line, widths, strict=True))
        typer.echo("".join(x if x.isprintable() else "\ufffd" for x in "  ".join(cells)).rstrip())
