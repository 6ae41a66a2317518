"""How long exports take and how much memory they need, by the number of cases.

python tests/benchmarks/exports.py [--cases 20000]

Each format runs in a process of its own, on a tenth of the cases and on all of them: what grows
from the one to the other is what an export keeps.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from export_parts import INSPECTOR, Parts
from secondlook.workspace import default_home, init_workspace
from secondlook_workflows.context import open_context
from secondlook_workflows.export import ExportConfig, run

FORMATS = ("csv", "csv-findings", "json", "coco")
REPORTS = ("ncr-html", "ncr-pdf")
FEW = 20
"""Reports that are made of each kind."""


def main() -> None:
    """Make cases, export them, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.cases)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for cases in (options.cases // 10, options.cases):
            home = Path(folder) / str(cases)
            start = time.perf_counter()
            make(home, cases)
            made = {"cases": cases, "made_in_s": round(time.perf_counter() - start)}
            print(json.dumps(made), flush=True)
            for format in FORMATS:
                print(_apart(home, format, 0), flush=True)
        for format in REPORTS:
            print(_apart(home, format, FEW), flush=True)


def make(home: Path, cases: int) -> None:
    """Decided parts, all with one picture."""
    os.environ["SECONDLOOK_HOME"] = str(home)
    init_workspace(default_home()).database.dispose()
    parts = Parts(open_context())
    parts.many(cases)
    parts.workspace.database.dispose()


def measure(format: str, cases: int) -> dict[str, Any]:
    """One export of all cases, or of the first so many."""
    context = open_context()
    with context.workspace.database.read() as unit:
        some = unit.worklist.export(INSPECTOR)
        ids = tuple(next(some).case.id for _ in range(cases))
    before, start = _peak(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.file"
        report = run(ExportConfig(domain=INSPECTOR, format=format, out=out, cases=ids), context)
        size = out.stat().st_size
    return {
        "format": format,
        "cases": report.cases,
        "seconds": round(time.perf_counter() - start, 2),
        "megabytes": round(size / 1e6, 1),
        "peak_rss_mb": _peak(),
        "of_that_before_mb": before,
    }


def _apart(home: Path, format: str, cases: int) -> str:
    command = [sys.executable, __file__, "--one", format, "--cases", str(cases)]
    environment = {**os.environ, "SECONDLOOK_HOME": str(home)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _peak() -> int:
    """Of this process alone: `ru_maxrss` begins with what the one had that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    main()
