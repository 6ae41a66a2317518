"""Is it one score? In memory after learning, reloaded, exported and imported, and by a worker.

Prints JSON: the largest difference of any score, in units of the threshold, and how many verdicts
differ.

    python tests/benchmarks/one_score.py DATASET [--images 50] [--minutes 1.5]

DATASET is a folder in MVTec layout; nothing is chosen by what is measured.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from goods_bank import list_files, pictures
from numpy.typing import NDArray

from secondlook.models.adapters import Adapter
from secondlook.models.backbones import VisionBackbone
from secondlook.store.worklist_values import WorklistFilter
from secondlook.training.goods import GoodsConfig, learn_goods
from secondlook.training.goods_adapter import goods_adapter
from secondlook.workspace import init_workspace
from secondlook_workflows import adapter_import, adapters, ingest, stored_adapters
from secondlook_workflows.context import Context, open_context

DOMAIN, PRODUCT = "defect-inspector", "measured"
WORK = [sys.executable, "-m", "secondlook_workflows", "work", "--until-idle"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=1.5)
    parser.add_argument("--goods", type=int, default=200)
    options = parser.parse_args()
    chosen = spread(list_files(options.dataset / "test", None), options.images)
    goods = list_files(options.dataset / "train" / "good", options.goods)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), goods, chosen, options.minutes), indent=2))


def spread(files: Sequence[Path], count: int) -> list[Path]:
    return [files[i] for i in np.linspace(0, len(files) - 1, count).astype(int)]


def measure(
    folder: Path, goods: Sequence[Path], chosen: Sequence[Path], minutes: float
) -> dict[str, object]:
    here, there = workspace(folder / "here"), workspace(folder / "there")
    vision = here.runtime.vision("starter")
    # A dense model is kept whatever it is worth, so that its way through the files is measured too.
    config = GoodsConfig(seconds=60 * minutes, least_gain=-1.0)
    learned = learn_goods(pictures(goods), vision=vision, config=config, total=len(goods))
    adapter = goods_adapter(
        learned, domain=DOMAIN, product=PRODUCT, version=1, vision="starter", backbone=vision
    )
    stored_adapters.register(adapter, here)
    first = ratios(adapter, vision, chosen)
    again = stored(here, adapter.id)
    file = Path(adapters.export(adapter.id, folder / "adapter.zip", here).out)
    imported = adapter_import.import_(adapter_import.ImportConfig(file=file), there)
    ways: dict[str, Callable[[], NDArray[np.float64]]] = {
        "reloaded": lambda: ratios(again, fresh(here), chosen),
        "exported": lambda: ratios(stored(there, imported.adapter), fresh(there), chosen),
        "worker": lambda: by_worker(here, folder / "here", chosen),
    }
    found = {name: way() for name, way in ways.items()}
    return {
        "images": len(chosen),
        "precision": adapter.card.preprocessing.rpartition(", ")[2],
        "dense": adapter.goods is not None and adapter.goods.dense is not None,
        "flagged": int((first > 1).sum()),
        "largest_difference": {k: float(np.abs(v - first).max()) for k, v in found.items()},
        "verdicts_that_differ": {k: int(((v > 1) != (first > 1)).sum()) for k, v in found.items()},
    }


def workspace(home: Path) -> Context:
    init_workspace(home)
    return open_context(home)


def fresh(context: Context) -> VisionBackbone:
    """The backbone, loaded again."""
    return open_context(context.workspace.home).runtime.vision("starter")


def stored(context: Context, adapter: str) -> Adapter:
    with context.workspace.database.read() as unit:
        info = unit.adapters.get(adapter)
    return stored_adapters.load_adapter(info, open_context(context.workspace.home))


def ratios(adapter: Adapter, vision: VisionBackbone, files: Sequence[Path]) -> NDArray[np.float64]:
    assert adapter.goods is not None
    scores = [adapter.goods.look(vision, pixels).score for _, pixels in pictures(files)]
    return np.array(scores) / adapter.threshold


def by_worker(context: Context, home: Path, files: Sequence[Path]) -> NDArray[np.float64]:
    """Scores that another process stored, in the order of the files."""
    config = ingest.IngestConfig(domain=DOMAIN, sources=tuple(files), product=PRODUCT)
    ingest.run(config, context)
    environment = os.environ | {"SECONDLOOK_HOME": str(home)}
    queue = [*WORK[:-2], "assess", "--queue"]
    for command in (queue, WORK):
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    by_name: dict[str, float] = {}
    with context.workspace.database.read() as unit:
        for item in unit.worklist.page(WorklistFilter(), limit=2 * len(files)).rows:
            assessment = unit.assessments.latest(item.id)
            assert assessment is not None
            by_name[unit.cases.get(item.id).images()[0].sha256] = assessment.score
    return np.array([by_name[name] for name, _ in pictures(files)])


if __name__ == "__main__":
    main()
