"""Learning from good pictures only: a patch bank, a dense model on painted defects, a threshold.

The files are read once. Memory stays bounded however many goods there are: a uniform draw of
patches stands for all of them in the coreset, the patches of a uniform draw of goods wait in a
temporary file until they are scored by banks that have not seen them, and a uniform draw of
pictures is kept to be painted on.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import AdapterError, ModelError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.bank import Scored
from secondlook.models.calibration import LEAST_GOODS, Threshold, calibrate
from secondlook.models.dense import DenseModel
from secondlook.models.goods import GoodsPart, Unit, combined, network_of
from secondlook.models.vision import PatchNetwork
from secondlook.training.dense import DenseConfig, learn_dense
from secondlook.training.goods_bank import BankConfig, held_back_looks, whole_bank
from secondlook.training.memory import peak_rss_mb
from secondlook.training.pools import HeldBack, PatchPool, Shelf
from secondlook.training.progress import Progress, Steps

BATCH = 8
LEAST_PAINTED = 32
"""Fewer goods teach a dense model nothing that its calibration could hold."""
DENSE_STEPS = 100
"""What the dense model counts for in the progress."""
AFTER = 0.04
"""Share of the time kept for what comes after the dense model."""
Picture = tuple[str, NDArray[np.uint8]]


@dataclass(frozen=True, kw_only=True)
class GoodsConfig:
    """How goods are learned. The defaults suit two CPU cores and a few thousand pictures."""

    rows: int = 10_000
    """Rows of the bank at most."""
    share: float = 0.1
    """Rows of the bank as a share of the patches they are chosen from; PatchCore's 10 %."""
    least_rows: int = 2_000
    """Rows of the bank however few patches there are, as far as there are so many."""
    pool: int = 100_000
    """Patches the rows are chosen from at most."""
    held_back: int = 500
    """Goods the threshold is calibrated on at most."""
    folds: int = 5
    false_alarm_rate: float = 0.05
    seconds: float = 720.0
    """All that learning may take; the dense model gets what the bank leaves, 0 leaves it out."""
    painted: int = 1_000
    """Pictures kept in memory to paint defects on, at most."""
    set_aside: int = 150
    """Goods that the dense model does not see, to calibrate it on, at most; at most a quarter."""
    dense: DenseConfig = field(default_factory=DenseConfig)
    """Its time and seed are replaced."""
    seed: int = 0

    @property
    def bank(self) -> BankConfig:
        """What concerns the bank."""
        return BankConfig(
            rows=self.rows,
            share=self.share,
            least_rows=self.least_rows,
            folds=self.folds,
            seed=self.seed,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedGoods:
    """The parts of an adapter, and what learning it took."""

    part: GoodsPart
    threshold: Threshold
    goods: int
    """Different pictures learned from."""
    duplicates: int
    """Pictures left out because the same bytes came before."""
    data_sha256: str
    seed: int
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)


def learn_goods(
    images: Iterable[Picture],
    *,
    vision: VisionBackbone,
    config: GoodsConfig | None = None,
    total: int | None = None,
    progress: Progress | None = None,
) -> LearnedGoods:
    """Learn what good parts look like from (sha256, pixels (H, W, 3)) pairs, read once.

    Args:
        total: how many pictures there are, for `progress`; None where it is not known.
        progress: called with (steps done, steps in all); in all is 0 while it is not known.

    Raises ModelError for fewer than 8 different pictures, or pictures that all look the same.
    """
    config, started = config or GoodsConfig(), time.monotonic()
    steps = Steps(progress, total, config.held_back)
    stream, network = _Unique(images), _network(vision, config)
    pool, shelf = PatchPool(config.pool, config.seed), Shelf(config.painted, config.seed)
    with HeldBack(config.held_back, config.seed) as held:
        for index, pixels, patches in _embedded(stream, vision):
            pool.add(index, patches)
            held.add(index, patches)
            if network is not None:
                shelf.add(index, network.prepare.resized(pixels))
            steps.one()
        _check_count(stream)
        steps.settle(len(stream.names) + len(held))
        looks = held_back_looks(pool, held, stream.names, config.bank, steps.one)
    _check_spread(looks)
    bank = whole_bank(pool, stream.names, config.bank)
    part, scores, metrics = GoodsPart(bank=bank), [x.score for x in looks.values()], {}
    left = (config.seconds - (time.monotonic() - started)) * (1 - AFTER)
    if network is not None and len(stream.names) >= LEAST_PAINTED and left > 1:
        steps.more(DENSE_STEPS)
        config = replace(config, dense=replace(config.dense, seconds=left, seed=config.seed))
        dense = _learn_dense(shelf, looks, network, config, steps)
        part, scores, metrics = (
            replace(part, dense=dense.model, units=dense.units),
            dense.scores,
            dense.metrics,
        )
    return LearnedGoods(
        part=part,
        threshold=calibrate(scores, config.false_alarm_rate),
        goods=len(stream.names),
        duplicates=stream.duplicates,
        data_sha256=hashlib.sha256("\n".join(sorted(stream.names)).encode()).hexdigest(),
        seed=config.seed,
        seconds=time.monotonic() - started,
        metrics={**_metrics(scores, config), **metrics},
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Dense:
    """A dense model, its units, and the scores of the goods that neither look had seen."""

    model: DenseModel
    units: tuple[Unit, Unit]
    scores: list[float]
    metrics: dict[str, float]


def _learn_dense(
    shelf: Shelf, looks: dict[int, Scored], network: PatchNetwork, config: GoodsConfig, steps: Steps
) -> _Dense:
    goods, aside = shelf.split(0.25, config.set_aside)
    learned = learn_dense(
        list(goods.values()),
        vision=network,
        config=config.dense,
        progress=steps.share,
    )
    unseen = {i: learned.model.map(network, x) for i, x in aside.items() if i in looks}
    units = (
        Unit.of([looks[i].score for i in unseen], least=1e-3),
        Unit.of([float(x.max()) for x in unseen.values()], least=0.5),
    )
    return _Dense(
        model=learned.model,
        units=units,
        scores=[combined(looks[i], x, units).score for i, x in unseen.items()],
        metrics={"dense_steps": float(learned.steps), "dense_loss": learned.loss},
    )


class _Unique:
    """The pictures of a stream whose bytes did not come before, and their names."""

    def __init__(self, images: Iterable[Picture]) -> None:
        self.names: list[str] = []
        self.duplicates = 0
        self._images = images

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        seen: set[str] = set()
        for name, pixels in self._images:
            if name in seen:
                self.duplicates += 1
                continue
            seen.add(name)
            self.names.append(name)
            yield pixels


def _network(vision: VisionBackbone, config: GoodsConfig) -> PatchNetwork | None:
    """The network to adapt; None where there is none, or no time for it."""
    if config.seconds <= 0:
        return None
    try:
        return network_of(vision)
    except AdapterError:  # another kind of backbone: the bank alone
        return None


def _embedded(
    stream: _Unique, vision: VisionBackbone
) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.float32]]]:
    """(index, pixels, patches (h, w, D)) for each picture, embedded a few at a time."""
    batch: list[NDArray[np.uint8]] = []
    done = 0
    for pixels in stream:
        batch.append(pixels)
        if len(batch) == BATCH:
            yield from zip(range(done, done + BATCH), batch, vision.patches(batch), strict=True)
            done, batch = done + BATCH, []
    if batch:
        numbers = range(done, done + len(batch))
        yield from zip(numbers, batch, vision.patches(batch), strict=True)


def _check_count(stream: _Unique) -> None:
    count = len(stream.names)
    if count < LEAST_GOODS:
        raise ModelError(
            f"learning needs at least {LEAST_GOODS} different good pictures, got {count} "
            f"(and {stream.duplicates} copies): add pictures of good parts"
        )


def _check_spread(looks: dict[int, Scored]) -> None:
    usual = calibrate([x.score for x in looks.values()]).value
    if usual < 1e-3:
        raise ModelError(
            f"the goods all look the same to the backbone (threshold {usual:.2g}), so "
            "nothing can be told apart: give pictures of different good parts"
        )


def _metrics(scores: list[float], config: GoodsConfig) -> dict[str, float]:
    values = np.asarray(scores)
    return {
        "held_back_median": float(np.median(values)),
        "held_back_max": float(values.max()),
        "folds": float(min(config.folds, len(scores))),
        "peak_rss_mb": peak_rss_mb(),
    }
