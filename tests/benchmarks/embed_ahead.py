"""What reading pictures ahead gains `embed`, over JPEG photos of 1 to 2 megapixels, in turns.

python tests/benchmarks/embed_ahead.py [--pictures 64] [--rounds 5] [--backbone starter]
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image, ImageFilter
from sqlalchemy import delete

from secondlook.models import prefetch
from secondlook.store.embedding_tables import ImageEmbeddingRow
from secondlook.workspace import init_workspace
from secondlook_workflows import embed, ingest
from secondlook_workflows.context import Context, open_context

SIZES = ((1000, 1000), (1280, 960), (1600, 1200))
AHEAD = prefetch.prefetched


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--backbone", default="starter")
    chosen = parser.parse_args()
    os.environ["SECONDLOOK_VISION_BACKBONE"] = chosen.backbone
    with tempfile.TemporaryDirectory() as folder:
        context = filled(Path(folder), chosen.pictures)
        seconds: dict[str, list[float]] = {"after": [], "ahead": []}
        embedded(context)  # the backbone is loaded, the files are in memory
        for _ in range(chosen.rounds):
            for name, way in (("after", one_by_one), ("ahead", AHEAD)):
                prefetch.prefetched = way  # type: ignore[assignment]
                seconds[name].append(embedded(context))
        context.workspace.database.dispose()
    figures: dict[str, Any] = {x: round(median(y), 3) for x, y in seconds.items()}
    gain = [1 - b / a for a, b in zip(seconds["after"], seconds["ahead"], strict=True)]
    figures |= {"pictures": chosen.pictures, "gains": [round(x, 3) for x in gain]}
    print(json.dumps(figures | {"gain": round(median(gain), 3)}, indent=2))


def one_by_one(items: Iterable[Any], ahead: int = 1) -> Iterator[Any]:
    """As before: the network waits for its pictures."""
    yield from items


def filled(folder: Path, count: int) -> Context:
    """A workspace with so many photos."""
    source = folder / "photos"
    source.mkdir()
    numbers = np.random.default_rng(0)
    for i in range(count):
        coarse = numbers.integers(0, 256, (60, 60, 3), dtype=np.uint8)
        photo = Image.fromarray(coarse).resize(SIZES[i % len(SIZES)], Image.Resampling.BICUBIC)
        photo.filter(ImageFilter.SHARPEN).save(source / f"{i}.jpg", quality=90)
    init_workspace(folder / "home").database.dispose()
    context = open_context(folder / "home")
    ingest.run(ingest.IngestConfig(domain="defect-inspector", sources=(source,)), context)
    return context


def embedded(context: Context) -> float:
    """Seconds in which every picture gets its vector anew."""
    with context.workspace.database.engine.begin() as connection:
        connection.execute(delete(ImageEmbeddingRow))
    report = embed.EmbedReport()
    start = time.perf_counter()
    embed.embed_images(embed.image_backbone(context), context, report)
    assert not report.unreadable
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
