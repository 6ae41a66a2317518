"""The same parts through the machine again and again: are the verdicts identical? One JSON.

    python tests/benchmarks/agreement.py DATASET --workspace DIR --adapter ID [--parts 30] [--runs 6]

An attribute agreement study of an automatic inspector (MSA, "7A") sends the same parts through it
six times. Every run here is a new process over a new workspace with the adapter imported into it,
and the parts come in another order each time. Identical means disposition, findings and the last
bit of every score. `exposures` is a harder question that nobody can answer by repetition: the same
tile photographed in six lights (magnetic_tile names its files exp1_ to exp6_), where the picture
does differ; it is measured, and nothing is promised of it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from goods_bank import list_files

from secondlook.store.worklist_values import WorklistFilter
from secondlook.workspace import init_workspace
from secondlook_workflows import adapter_import, adapters, assess, ingest
from secondlook_workflows.context import open_context

DOMAIN = "defect-inspector"
FRAME = re.compile(r"exp\d+_num_(\d+)")
GAP = 400
"""Frames further apart than this are of two tiles."""

Verdicts = dict[str, Any]


def run_once(archive: Path, files: Sequence[Path], product: str | None) -> Verdicts:
    """What a new workspace says of these files, by their names."""
    with tempfile.TemporaryDirectory() as home:
        init_workspace(Path(home))
        context = open_context(Path(home))
        done = adapter_import.import_(adapter_import.ImportConfig(file=archive), context)
        adapters.promote(done.adapter, context)
        ingest.run(
            ingest.IngestConfig(domain=DOMAIN, sources=tuple(files), product=product), context
        )
        assess.run(assess.AssessConfig(domain=DOMAIN), context)
        with context.workspace.database.read() as unit:
            rows = unit.worklist.page(WorklistFilter(), limit=4 * len(files)).rows
            found = [(x.title, unit.assessments.latest(x.id)) for x in rows]
    return {
        title: [x.disposition, [(y.label, y.score, y.probability) for y in x.findings], x.score]
        for title, x in found
        if x is not None
    }


def again(archive: Path, files: Sequence[Path], product: str | None) -> Verdicts:
    """The same in a process of its own."""
    words = [str(x) for x in files]
    call = [sys.executable, __file__, "--once", str(archive), product or "", *words]
    out = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    verdicts: Verdicts = json.loads(out.stdout)
    return verdicts


def tiles(files: Sequence[Path]) -> list[list[Path]]:
    """Files of one tile each, by the numbers of their frames."""
    numbered = sorted((int(m[1]), x) for x in files if (m := FRAME.match(x.stem)))
    found: dict[int, list[Path]] = defaultdict(list)
    last, tile = -GAP, 0
    for number, file in numbered:
        tile += number - last > GAP
        found[tile].append(file)
        last = number
    return [x for x in found.values() if len(x) == 6]


def main() -> None:
    if "--once" in sys.argv:
        archive, product, *files = sys.argv[2:]
        print(json.dumps(run_once(Path(archive), [Path(x) for x in files], product or None)))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--parts", type=int, default=30)
    parser.add_argument("--runs", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "adapter.zip"
        context = open_context(options.workspace)
        adapters.export(options.adapter, archive, context)
        with context.workspace.database.read() as unit:
            product = unit.adapters.get(options.adapter).product
        print(json.dumps(measure(archive, product, options), indent=2))


def measure(archive: Path, product: str | None, options: argparse.Namespace) -> dict[str, Any]:
    files = list_files(options.dataset / "test", None)
    chosen = [files[i] for i in np.linspace(0, len(files) - 1, options.parts).astype(int)]
    random = np.random.default_rng(0)
    runs = [
        again(archive, [chosen[i] for i in random.permutation(len(chosen))], product)
        for _ in range(options.runs)
    ]
    same = sum(all(x[name] == runs[0][name] for x in runs) for name in runs[0])
    lights = tiles(files)[: options.parts]
    seen = again(archive, [x for tile in lights for x in tile], product)
    flags = [[bool(seen[x.name][1]) for x in tile] for tile in lights]
    return {
        "parts": len(runs[0]),
        "runs": len(runs),
        "identical": same,
        "exposures": {
            "tiles": len(lights),
            "same_verdict_in_all_six": sum(len(set(x)) == 1 for x in flags),
            "agreeing_pairs": round(
                float(np.mean([a == b for x in flags for i, a in enumerate(x) for b in x[:i]])), 3
            ),
        },
    }


if __name__ == "__main__":
    main()
