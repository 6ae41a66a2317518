"""products: describe a product, give it a manual, and have its open cases follow.

A description is one transaction: with it, the product's open cases have the new manual. What is
said of them follows case by case, without any model; the same command after a kill goes on there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from secondlook.amending import amend
from secondlook.cases import Record, Zone
from secondlook.domain import IntakeFile
from secondlook.errors import IntakeError, UsageError
from secondlook.intake.reader import Reader
from secondlook.products import ProductVersion, check_pitch, check_zones, named_revision
from secondlook.rejudging import as_if
from secondlook_workflows import rejudge
from secondlook_workflows.context import Context
from secondlook_workflows.products import check_product
from secondlook_workflows.rejudged import RejudgeReport
from secondlook_workflows.rejudger import Rejudger

FORM = "write NAME=LEFT,TOP,WIDTH,HEIGHT, in percent of the picture (rim=0,0,100,10)"


@dataclass(frozen=True, kw_only=True)
class Described:
    """A product as it is described now, and what that came to for its open cases."""

    product: ProductVersion
    changed: bool
    """False where it was described so already."""
    cases: RejudgeReport


def add(
    domain: str,
    name: str,
    context: Context,
    *,
    pitch_mm: float | None = None,
    zones: Sequence[Zone] = (),
    manual: Path | None = None,
    corrections: Path | None = None,
    revision: str | None = None,
) -> Described:
    """Describe a product that was not. Raises UsageError, and IntakeError for the manual."""
    check_product(name)
    check_pitch(pitch_mm)
    check_zones(zones)
    kind = context.plugins.domain(domain).record_kind
    with context.workspace.database.read() as unit:
        if unit.products.find(domain, name) is not None:
            raise UsageError(
                f"{name!r} is described already: give it another manual with `secondlook products "
                "revise`, or change the rest with `secondlook products set`"
            )
    if revision is not None and manual is None:
        raise UsageError("--revision names a manual: give it with --manual")
    if corrections is not None and manual is None:
        raise UsageError("--corrections correct a manual: give it with --manual")
    record = read_manual(manual, kind, context, corrections) if manual is not None else None
    with context.workspace.database.write() as unit:
        product = unit.products.describe(
            domain,
            name,
            pitch_mm=pitch_mm,
            zones=zones,
            manual=record,
            revision=revision,
            actor=context.actor,
        )
        unit.commit()
    return _followed(product, True, context)


def revise(
    domain: str,
    name: str,
    manual: Path,
    context: Context,
    *,
    corrections: Path | None = None,
    revision: str | None = None,
) -> Described:
    """Give a product a revision of its manual. The one that stands already changes nothing.

    Raises NotFound for the product, UsageError for the name of the revision, IntakeError for the
    manual.
    """
    kind = context.plugins.domain(domain).record_kind
    with context.workspace.database.read() as unit:
        before = unit.products.get(domain, name)
    record = read_manual(manual, kind, context, corrections)
    with context.workspace.database.write() as unit:
        product = unit.products.revise(domain, name, record, revision=revision, actor=context.actor)
        unit.commit()
    return _followed(product, product.ordinal != before.ordinal, context)


def foresee(
    domain: str,
    name: str,
    manual: Path,
    context: Context,
    *,
    corrections: Path | None = None,
    revision: str | None = None,
) -> Described:
    """What `revise` would come to. Nothing is written. Raises as `revise` does."""
    kind = context.plugins.domain(domain).record_kind
    with context.workspace.database.read() as unit:
        history = unit.products.history(domain, name)
    record = read_manual(manual, kind, context, corrections, keep=False)
    word = named_revision(record, revision, history)
    before = history[-1]
    if before.spec.manual == record.sha256:
        product = before
    else:
        spec = replace(before.spec, revision=word, manual=record.sha256)
        product = replace(before, spec=spec, file=record.name, ordinal=before.ordinal + 1)
    rejudger = Rejudger(context, as_if=lambda case: as_if(case, product.spec, record))
    report = rejudger.all(rejudge.open_pages(domain, name, context))
    return Described(product=product, changed=product is not before, cases=report)


def change(
    domain: str,
    name: str,
    context: Context,
    *,
    pitch_mm: float | None = None,
    no_pitch: bool = False,
    zones: Sequence[Zone] | None = None,
) -> Described:
    """Describe a product's pitch or zones anew; None keeps what there is. Raises as `add` does.

    `no_pitch` forgets the pitch that was given.
    """
    context.plugins.domain(domain)
    if pitch_mm is None and not no_pitch and zones is None:
        raise UsageError(
            "nothing to change was given: use --pitch, --no-pitch, --zone or --no-zones"
        )
    with context.workspace.database.write() as unit:
        before = unit.products.get(domain, name)
        product = unit.products.change(
            domain, name, pitch_mm=pitch_mm, no_pitch=no_pitch, zones=zones, actor=context.actor
        )
        unit.commit()
    return _followed(product, product.ordinal != before.ordinal, context)


def read_manual(
    path: Path,
    kind: str,
    context: Context,
    corrections: Path | None = None,
    *,
    keep: bool = True,
) -> Record:
    """A manual as a record, with what a person corrected of it; `keep` stores the files.

    Raises IntakeError where one cannot be read, UsageError where nothing is corrected.
    """
    record = _read(path, kind, context, keep)
    if corrections is None:
        return record
    return amend(record, _read(corrections, kind, context, keep))


def _read(path: Path, kind: str, context: Context, keep: bool) -> Record:
    with Reader(context.workspace.settings.limits) as reader:
        outcome = reader.read(path, path.name, kind=kind)
    if not isinstance(outcome, IntakeFile):
        raise IntakeError(f"the {kind} {outcome.source} cannot be used: {outcome.detail}")
    if outcome.record is None:
        raise IntakeError(
            f"{outcome.source} is {outcome.attachment.media_type} and cannot be a {kind}: give a "
            "PDF, Word, HTML, Markdown or text file"
        )
    if keep and context.workspace.blobs.put_file(path) != outcome.record.sha256:
        raise IntakeError(f"{outcome.source} changed while it was read; run the same command again")
    return outcome.record


def parse_zone(text: str) -> Zone:
    """`rim=0,0,100,10`, in percent of the picture, as a zone. UsageError that shows the form."""
    name, _, place = text.rpartition("=")
    try:
        left, top, width, height = (float(x) / 100 for x in place.split(","))
    except ValueError:
        raise UsageError(f"cannot read the zone {text!r}: {FORM}") from None
    zone = Zone(name=name.strip(), left=left, top=top, width=width, height=height)
    check_zones((zone,))
    return zone


def _followed(product: ProductVersion, changed: bool, context: Context) -> Described:
    config = rejudge.RejudgeConfig(domain=product.domain, product=product.name)
    return Described(product=product, changed=changed, cases=rejudge.run(config, context))
