"""demo: the main job on made-up cases of both domains, through the same verbs as real ones.

The files are written to `demo/` in the workspace, so that a newcomer can look at them and run the
commands again by hand. Nothing in them shows a real part or a real person.
"""

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from secondlook.store.worklist import Counts, WorklistFilter, WorklistPage
from secondlook_workflows import assess, ingest, learn
from secondlook_workflows.context import Context, Progress, open_context
from secondlook_workflows.demo.plates import write_plates
from secondlook_workflows.demo.scans import write_scans
from secondlook_workflows.learning import LearnConfig

MINUTES = 1.0
"""Long enough for made-up plates; a real product deserves the default."""
PRODUCT = "demo-plate"
INSPECTOR, ASSISTANT = "defect-inspector", "radiology-assistant"


@dataclass(frozen=True, kw_only=True)
class DemoReport:
    """The worklist after the demo."""

    page: WorklistPage
    counts: Counts
    folder: str


def run(progress: Progress) -> DemoReport:
    """Make files, learn from good plates, and take a first look at every case."""
    context = open_context(progress=progress)
    folder = context.workspace.home / "demo"
    progress.start("making pictures", 2)
    write_plates(folder)
    progress.advance()
    scans = write_scans(folder)
    progress.advance()
    _learn_once(folder, context)
    _ingest(INSPECTOR, folder / "parts", context, product=PRODUCT, record=True)
    _ingest(ASSISTANT, scans, context)
    assess.run(assess.AssessConfig(), context)
    with context.workspace.database.read() as unit:
        page = unit.worklist.page(WorklistFilter(), limit=50)
        counts = unit.worklist.counts()
    context.workspace.database.dispose()
    return DemoReport(page=page, counts=counts, folder=str(folder))


def _learn_once(folder: Path, context: Context) -> None:
    with context.workspace.database.read() as unit:
        champion = unit.adapters.champion(INSPECTOR, PRODUCT)
    if champion is None or champion.product != PRODUCT:
        config = LearnConfig(
            domain=INSPECTOR, goods=folder / "goods", product=PRODUCT, minutes=MINUTES
        )
        learn.run(config, context)


def _ingest(
    domain: str,
    source: Path,
    context: Context,
    *,
    product: str | None = None,
    record: bool = False,
) -> None:
    with as_file(files(__package__) / "manual.md") as manual:
        ingest.run(
            ingest.IngestConfig(
                domain=domain,
                sources=(source,),
                records=(manual,) if record else (),
                product=product,
            ),
            context,
        )
