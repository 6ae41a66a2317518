"""How many open cases a second are judged again after a new revision of their manual.

python tests/benchmarks/rejudge.py [--cases 10000] [--url URL]

Cases with a finding, three measured regions and the evidence around them, of a small domain: so
the figure is that of the store and the workflow, not of a domain's own work.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bench_databases import AUDIT_KEY, arguments, databases, report

from lathe import Lathe
from secondlook import Assessment, Case, Measurement, Provenance, Region
from secondlook.engine import inputs_digest
from secondlook.workspace import init_workspace
from secondlook_workflows import describe, rejudge
from secondlook_workflows.context import Context, open_context
from store_values import BACKBONE, NOON, digest, new_case

BATCH = 500


def main() -> None:
    """Load, revise, repeat, print."""
    options = arguments(__doc__ or "", cases=10_000)
    with databases(options.url) as urls:
        report({name: measure(url, options.cases) for name, url in urls})


def measure(url: str, cases: int) -> dict[str, Any]:
    """All figures of one database."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "home" / "keys").mkdir(parents=True)
        (home / "home" / "keys" / "audit.key").write_text(AUDIT_KEY.hex())
        init_workspace(home / "home", url).database.dispose()
        context = open_context(home / "home")
        context.plugins.domains["lathe"] = Lathe()
        for name in ("limit 900", "limit 20", "limit 30"):
            (home / f"{name}.txt").write_text(f"Scratches: {name} in all.")
        describe.add("lathe", "shaft", context, manual=home / "limit 900.txt")
        for first in range(0, cases, BATCH):
            load(context, range(first, min(first + BATCH, cases)))
        figures = {
            "dry_run": timed(lambda: foresee(context, home / "limit 20.txt")),
            "revise": timed(lambda: revise(context, home / "limit 20.txt")),
            "nothing_to_do": timed(lambda: again(context)),
            "second_revision": timed(lambda: revise(context, home / "limit 30.txt")),
        }
        context.workspace.database.dispose()
    return figures | {"peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def load(context: Context, numbers: range) -> None:
    """Open and assess some cases in one transaction."""
    with context.workspace.database.write() as unit:
        added = [
            unit.cases.add(
                new_case(str(x), domain="lathe", product="shaft", title=str(x)), actor="bench"
            ).id
            for x in numbers
        ]
        for number, case in zip(numbers, unit.cases.load(added), strict=True):
            unit.assessments.add(first_look(case, number % 40), actor="bench")
        unit.commit()


def first_look(case: Case, length: int) -> Assessment:
    """Three measured regions; the first scratch counts."""
    picture = case.attachments[0].sha256
    regions = [
        Region(attachment=picture, left=1, top=2, width=3, height=4, score=0.5, name=str(x))
        for x in range(3)
    ]
    measured = [
        Measurement(name="length", value=length, unit="px", region=str(x)) for x in range(3)
    ]
    return Assessment(
        id=digest(case.id)[:32],
        case_id=case.id,
        created_at=NOON,
        provenance=Provenance(
            code_version="1", inputs=inputs_digest(case, {}), backbones=(BACKBONE,)
        ),
        evidence=(*measured, *regions),
        disposition="accept",
    )


def timed(work: Any) -> dict[str, Any]:
    """Seconds, and cases a second."""
    start = time.perf_counter()
    done = work()
    seconds = time.perf_counter() - start
    seen = done.rejudged + done.up_to_date
    return {
        "seconds": round(seconds, 1),
        "cases_per_s": round(seen / seconds),
        "rejudged": done.rejudged,
        "changed": done.changed,
        "up_to_date": done.up_to_date,
    }


def foresee(context: Context, manual: Path) -> Any:
    """What the revision would come to."""
    return describe.foresee("lathe", "shaft", manual, context).cases


def revise(context: Context, manual: Path) -> Any:
    """The revision."""
    return describe.revise("lathe", "shaft", manual, context).cases


def again(context: Context) -> Any:
    """The same again: every case is up to date."""
    return rejudge.run(rejudge.RejudgeConfig(product="shaft"), context)


if __name__ == "__main__":
    main()
