"""demo: the main job on made-up cases of both domains, through the same verbs as real ones.

The files are written to `demo/` in the workspace, so that a newcomer can look at them and run the
commands again by hand. Nothing in them shows a real part or a real person.
"""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from shlex import quote

from secondlook.store.worklist import Counts, WorklistFilter, WorklistPage
from secondlook_workflows import assess, describe, ingest, intended_use, learn, standing
from secondlook_workflows.context import Context, Progress, open_context
from secondlook_workflows.demo.plates import PITCH_MM, write_plates
from secondlook_workflows.demo.scans import write_scans
from secondlook_workflows.learning import LearnConfig
from secondlook_workflows.standing import Line

MINUTES = 1.0
"""Long enough for made-up plates; a real product deserves the default."""
PRODUCT = "demo-plate"
MANUAL, REVISED = "manual.md", "manual-b.md"
REVISION = "A"
"""What the manual itself says it is; the revised one says B."""
REVIEWER = "demo"
"""Who looks at the made-up cases; a person of another name is asked before seeing an exam."""
INSPECTOR, ASSISTANT = "defect-inspector", "radiology-assistant"


@dataclass(frozen=True, kw_only=True)
class DemoReport:
    """The worklist after the demo."""

    page: WorklistPage
    """Without what is withheld from people."""
    lines: tuple[Line, ...]
    """The same with the band of each case and why it stands there."""
    counts: Counts
    folder: str
    next_steps: tuple[str, ...]
    """Commands to try now."""
    acknowledged: tuple[str, ...]
    """The intended uses that were acknowledged for the reviewer of the demo: domain, version."""


def run(progress: Progress) -> DemoReport:
    """Make files, describe the plate, learn from good ones, and take a first look at every case."""
    context = open_context(progress=progress)
    folder = context.workspace.home / "demo"
    progress.start("making pictures", 2)
    write_plates(folder)
    _write_manuals(folder)
    progress.advance()
    scans = write_scans(folder)
    progress.advance()
    _describe_once(folder, context)
    _learn_once(folder, context)
    _ingest(INSPECTOR, folder / "parts", context, product=PRODUCT)
    _ingest(ASSISTANT, scans, context)
    assess.run(assess.AssessConfig(), context)
    acknowledged = _acknowledge(context)
    with context.workspace.database.read() as unit:
        page = unit.worklist.page(WorklistFilter(), limit=50)
        counts = unit.worklist.counts()
    context.workspace.database.dispose()
    lines = tuple(standing.line(x, context) for x in page.rows)
    page = replace(page, rows=tuple(x.row for x in lines))
    return DemoReport(
        page=page,
        lines=lines,
        counts=counts,
        folder=str(folder),
        next_steps=_next_steps(folder, page),
        acknowledged=acknowledged,
    )


def _write_manuals(folder: Path) -> None:
    for name in (MANUAL, REVISED):
        (folder / name).write_text((files(__package__) / name).read_text(encoding="utf-8"))


def _describe_once(folder: Path, context: Context) -> None:
    """A product that is described stays so: its manual may have been revised meanwhile."""
    with context.workspace.database.read() as unit:
        known = unit.products.find(INSPECTOR, PRODUCT) is not None
    if not known:
        describe.add(
            INSPECTOR,
            PRODUCT,
            context,
            pitch_mm=PITCH_MM,
            manual=folder / MANUAL,
            revision=REVISION,
        )


def _learn_once(folder: Path, context: Context) -> None:
    with context.workspace.database.read() as unit:
        champion = unit.adapters.champion(INSPECTOR, PRODUCT)
    if champion is None or champion.product != PRODUCT:
        config = LearnConfig(
            domain=INSPECTOR, goods=folder / "goods", product=PRODUCT, minutes=MINUTES
        )
        learn.run(config, context)


def _ingest(domain: str, source: Path, context: Context, *, product: str | None = None) -> None:
    config = ingest.IngestConfig(domain=domain, sources=(source,), product=product)
    ingest.run(config, context)


def _acknowledge(context: Context) -> tuple[str, ...]:
    """For the demo's own reviewer, of made-up cases only; nobody else's word is given."""
    done = [intended_use.acknowledge(x, REVIEWER, context) for x in (INSPECTOR, ASSISTANT)]
    return tuple(f"{x.domain}, version {x.version}" for x in done if x is not None)


def _next_steps(folder: Path, page: WorklistPage) -> tuple[str, ...]:
    """Commands to try now. The case is one that a clause decides, while one is open."""
    manual, revised = quote(str(folder / MANUAL)), quote(str(folder / REVISED))
    decided = [x.id[:8] for x in page.rows if x.product == PRODUCT and x.recommended == "scrap"]
    return (
        f"secondlook manual check {manual}",
        *(f"secondlook show {x}" for x in decided[:1]),
        f"secondlook products revise {PRODUCT} --manual {revised} --revision B --dry-run",
        f"secondlook export {INSPECTOR} --format csv --out cases.csv",
    )
