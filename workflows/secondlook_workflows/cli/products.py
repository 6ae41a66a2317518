"""Commands about products: add, list, show, revise, set."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from secondlook.cases import Zone
from secondlook.codec import to_plain
from secondlook.products import ProductVersion
from secondlook_workflows import describe as verb
from secondlook_workflows.cli import text
from secondlook_workflows.cli.common import DomainOption, Json, finish, session, this_user
from secondlook_workflows.cli.console import failing_clearly, print_json, print_table, say
from secondlook_workflows.context import Context

products = typer.Typer(help="Products: their pixel pitch, zones and manual.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="What the product is called.")]
OfDomain = Annotated[str, typer.Option("--domain", help="Whose product it is.")]
Pitch = Annotated[
    float | None, typer.Option("--pitch", help="Millimetres that one pixel of its pictures shows.")
]
Zones = Annotated[
    list[str] | None,
    typer.Option(
        "--zone",
        help="NAME=LEFT,TOP,WIDTH,HEIGHT in percent of the picture. Repeatable.",
    ),
]
Manual = Annotated[Path, typer.Option("--manual", help="PDF, Word, HTML, Markdown or text.")]
Corrections = Annotated[
    Path | None,
    typer.Option(
        "--corrections", help="What a person corrected of how the manual is read: `manual draft`."
    ),
]
Revision = Annotated[
    str | None, typer.Option("--revision", help="What this revision is called; else counted on.")
]
INSPECTOR = "defect-inspector"


@products.command("add")
def add(
    name: Name,
    domain: OfDomain = INSPECTOR,
    pitch: Pitch = None,
    zone: Zones = None,
    manual: Annotated[
        Path | None, typer.Option("--manual", help="PDF, Word, HTML, Markdown or text.")
    ] = None,
    corrections: Corrections = None,
    revision: Revision = None,
    json: Json = False,
) -> None:
    """Describe a product. Its open cases get the manual and are judged by it."""
    with _session(create=True) as context:
        done = verb.add(
            domain,
            name,
            context,
            pitch_mm=pitch,
            zones=_zones(zone) or (),
            manual=manual,
            corrections=corrections,
            revision=revision,
        )
    _told(done, json)


@products.command("revise")
def revise(
    name: Name,
    manual: Manual,
    corrections: Corrections = None,
    revision: Revision = None,
    domain: OfDomain = INSPECTOR,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change; write nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Give a product another revision of its manual, and judge its open cases by it.

    No picture is looked at again, and no decided case is touched.
    """
    do = verb.foresee if dry_run else verb.revise
    with _session() as context:
        done = do(domain, name, manual, context, corrections=corrections, revision=revision)
    _told(done, json)


@products.command("set")
def set_(
    name: Name,
    domain: OfDomain = INSPECTOR,
    pitch: Pitch = None,
    no_pitch: Annotated[bool, typer.Option("--no-pitch", help="Forget its pixel pitch.")] = False,
    zone: Zones = None,
    no_zones: Annotated[bool, typer.Option("--no-zones", help="Forget its zones.")] = False,
    json: Json = False,
) -> None:
    """Change the pixel pitch of a product, or all its zones, and judge its open cases again."""
    if zone and no_zones:
        raise typer.BadParameter("give either --zone or --no-zones")
    if pitch is not None and no_pitch:
        raise typer.BadParameter("give either --pitch or --no-pitch")
    zones = () if no_zones else _zones(zone)
    with _session() as context:
        done = verb.change(domain, name, context, pitch_mm=pitch, no_pitch=no_pitch, zones=zones)
    _told(done, json)


@products.command("list")
def list_(domain: DomainOption = None, json: Json = False) -> None:
    """The products that were described."""
    with session() as context:
        if domain is not None:
            context.plugins.domain(domain)
        with context.workspace.database.read() as unit:
            found = unit.products.all(domain)
            counts = {x.id: unit.products.count_cases(x.domain, x.name) for x in found}
    if json:
        print_json([_document(x, counts[x.id]) for x in found])
    elif found:
        columns = ("product", "domain", "manual", "mm per pixel", "zones", "open", "decided")
        print_table(columns, [_row(x, counts[x.id]) for x in found])
    else:
        say("no product is described yet: secondlook products add NAME --manual FILE")


@products.command("show")
def show(name: Name, domain: OfDomain = INSPECTOR, json: Json = False) -> None:
    """A product with its zones and everything that was described of it before."""
    with session() as context:
        context.plugins.domain(domain)
        with context.workspace.database.read() as unit:
            history = unit.products.history(domain, name)
            counts = unit.products.count_cases(domain, name)
    if json:
        past = [_document(x) for x in history]
        print_json({**_document(history[-1], counts), "history": past})
        return
    columns = ("product", "domain", "manual", "mm per pixel", "zones", "open", "decided")
    print_table(columns, [_row(history[-1], counts)])
    for zone in history[-1].spec.zones:
        say(f"  zone {_zone(zone)}")
    changes = [
        (f"{x.at:%Y-%m-%d %H:%M}", x.by, _manual(x), x.spec.pitch_mm, _named(x)) for x in history
    ]
    print_table(("since", "by", "manual", "mm per pixel", "zones"), changes)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(products, name="products")


@contextmanager
def _session(*, create: bool = False) -> Iterator[Context]:
    """A session in which the audit trail names who runs the command."""
    with session(create=create) as context:
        context.actor = this_user() or context.actor
        yield context


def _zones(given: list[str] | None) -> tuple[Zone, ...] | None:
    with failing_clearly():
        return None if given is None else tuple(verb.parse_zone(x) for x in given)


def _told(done: verb.Described, json: bool) -> None:
    if json:
        product = _document(done.product)
        print_json({"product": product, "changed": done.changed, "cases": to_plain(done.cases)})
    else:
        _say(done)
    cases = done.cases
    finish(interrupted=cases.interrupted, troubled=bool(cases.failed or cases.skipped))


def _say(done: verb.Described) -> None:
    product, dry = done.product, done.cases.dry_run
    if done.changed:
        say(f"{product.name} {'would be' if dry else 'is now'}: {_in_words(product)}")
    else:
        say(f"nothing new: {product.name} is {_in_words(product)} already")
    text.rejudged(done.cases)


def _in_words(product: ProductVersion) -> str:
    spec = product.spec
    manual = f"manual {_manual(product)}" if spec.manual else "no manual"
    pitch = f"{spec.pitch_mm:g} mm per pixel" if spec.pitch_mm else "no pixel pitch"
    zones = f"zones {_named(product)}" if spec.zones else "no zones"
    return f"{manual}, {pitch}, {zones}"


def _document(product: ProductVersion, counts: tuple[int, int] | None = None) -> dict[str, Any]:
    document: dict[str, Any] = to_plain(product)
    if counts is not None:
        document |= {"open": counts[0], "decided": counts[1]}
    return document


def _row(product: ProductVersion, counts: tuple[int, int]) -> tuple[object, ...]:
    pitch = product.spec.pitch_mm
    return (product.name, product.domain, _manual(product), pitch, _named(product), *counts)


def _manual(product: ProductVersion) -> str:
    return f"{product.spec.revision} ({product.file})" if product.spec.manual else ""


def _named(product: ProductVersion) -> str:
    return ", ".join(x.name for x in product.spec.zones)


def _zone(zone: Zone) -> str:
    place = (zone.left, zone.top, zone.width, zone.height)
    return f"{zone.name}={','.join(f'{100 * x:g}' for x in place)}"
