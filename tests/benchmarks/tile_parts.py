"""The parts of magnetic_tile, read once with a goods part, for benchmarks that learn many times."""

import argparse
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tiles_of import tiles_of


@dataclass(frozen=True, eq=False)
class Parts:
    """The test parts, what was read of them, and what they were read with."""

    files: list[Path]
    kinds: list[str]
    """The folder of each: `good`, or the kind of defect."""
    tiles: NDArray[np.int64]
    readings: Any
    adapter: Any
    vision: Any

    def groups(self, by: str) -> NDArray[np.int64]:
        """What is never parted: a tile in all its lights, or one file."""
        return self.tiles if by == "tile" else np.arange(len(self.files))

    def only(self, rows: NDArray[np.int64]) -> "Parts":
        """Some of them."""
        files, kinds = [self.files[i] for i in rows], [self.kinds[i] for i in rows]
        return replace(
            self,
            files=files,
            kinds=kinds,
            tiles=self.tiles[rows],
            readings=self.readings.only(rows),
        )


def options_of(doc: str | None) -> argparse.ArgumentParser:
    """The options that these benchmarks share."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--adapter", default="defect-inspector/tile/1")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--by", choices=("tile", "file", "both"), default="both")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    return parser


def ways_of(by: str) -> tuple[str, ...]:
    return ("tile", "file") if by == "both" else (by,)


def read_parts(options: argparse.Namespace) -> Parts:
    """All test parts, as the options say."""
    import torch

    from secondlook.models.backbones import starter
    from secondlook.models.goods import network_of

    torch.set_num_threads(options.threads)
    adapter = goods_adapter_of(options)
    files, kinds, tiles = the_parts(options.data)
    readings = read_once(labelled(files, [(x,) for x in kinds], tiles), adapter, options.cache)
    return Parts(files, kinds, np.array(tiles), readings, adapter, network_of(starter()))


def picture(file: Path) -> Callable[[], Any]:
    """What loads a picture."""

    def load() -> Any:
        from PIL import Image

        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"))

    return load


def the_parts(data: Path) -> tuple[list[Path], list[str], list[int]]:
    """Files of the test parts, the folder (`good` or the kind) and the tile of each."""
    files = sorted(x for x in (data / "test").glob("*/*") if x.is_file())
    return files, [x.parent.name for x in files], tiles_of(files)


def labelled(
    files: Sequence[Path], labels: Sequence[tuple[str, ...]], groups: Sequence[object]
) -> list[Any]:
    """The parts in the words of `training.labelled`."""
    from secondlook.training.labelled import LabelledCase

    return [
        LabelledCase(
            images=(picture(file),),
            labels=label,
            group=str(group),
            key=hashlib.sha256(file.read_bytes()).hexdigest(),
        )
        for file, label, group in zip(files, labels, groups, strict=True)
    ]


def goods_adapter_of(options: Any) -> Any:
    """A goods adapter for the tiles: one of a workspace, else learned from train/good."""
    from secondlook.models.adapters import Adapter
    from secondlook.models.backbones import starter
    from secondlook.training.goods import GoodsConfig, learn_goods
    from secondlook.training.goods_adapter import goods_adapter

    if options.workspace is not None:
        return Adapter.load(options.workspace / "adapters" / options.adapter)
    files = sorted((options.data / "train" / "good").iterdir())
    np.random.default_rng(0).shuffle(files)  # type: ignore[arg-type]
    named = ((hashlib.sha256(x.read_bytes()).hexdigest(), picture(x)()) for x in files)
    learned = learn_goods(
        named,
        vision=starter(),
        config=GoodsConfig(seed=0, seconds=60 * options.minutes),
        total=len(files),
    )
    return goods_adapter(
        learned, domain="defect-inspector", product="tile", version=1,
        vision="starter", backbone=starter(),
    )  # fmt: skip


def read_once(cases: Sequence[Any], adapter: Any, cache: Path | None) -> Any:
    """What backbone and goods part say of all parts; kept in the file `cache`, where it is given."""
    from secondlook.models.backbones import starter
    from secondlook.models.goods import network_of
    from secondlook.training.labelled.reading import read_cases
    from secondlook.training.labelled.readings import Readings

    stamp = np.array([adapter.finder.fingerprint])
    if cache is not None and cache.exists():
        with np.load(cache) as kept:
            arrays = {x: kept[x] for x in kept.files}
        if (arrays.pop("stamp") == stamp).all() and len(arrays["has_text"]) == len(cases):
            return Readings.from_plain(arrays)
    readings = read_cases(
        cases, network_of(starter()), None,
        seconds=1e6, progress=lambda _: None, finder=adapter.finder,
    )  # fmt: skip
    if cache is not None:
        np.savez(cache, stamp=stamp, **readings.plain())
    return readings


def without_goods(readings: Any) -> Any:
    """The same as if there were no goods part."""
    return replace(readings, regions=np.zeros((0, 0), np.float32), ratios=np.zeros(0))


def answered(part: Any, readings: Any) -> tuple[Any, list[str]]:
    """(N, C) probabilities of parts that were read already, and what each of them had."""
    import torch

    from secondlook.models.case_vectors import IMAGE
    from secondlook.models.fusion.inputs import pooled
    from secondlook.models.region import parts_of
    from secondlook.training.labelled.recipe import columns

    vectors = readings.means()
    pooled_size = vectors.shape[1] - 2 * sum(STARTER_LEVELS)
    batch = {IMAGE: pooled(vectors[:, columns(part.recipe, pooled_size, vectors.shape[1])])}
    if part.region is not None:
        batch |= {x: pooled(y) for x, y in parts_of(readings.worst()[0]).items()}
    names = part.head.patterns(batch)
    with torch.no_grad():
        logits = part.head(batch).logits.numpy()
    return part.calibration.probabilities(logits, names), names


STARTER_LEVELS = (48, 96, 192)
"""Channels of the hidden states that go into the vector of a whole picture."""
