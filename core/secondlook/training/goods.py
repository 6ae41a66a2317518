"""Learning from good pictures only: a patch bank and a threshold, in one pass over the files.

Memory stays bounded however many goods there are: a uniform draw of patches stands for all of
them in the coreset, and the patches of a uniform draw of goods wait in a temporary file until
they are scored by banks that have not seen them.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.adapters import AdapterCard, GoodsAdapter
from secondlook.models.backbones import VisionBackbone
from secondlook.models.bank import PatchBank, normalise
from secondlook.models.calibration import LEAST_GOODS, Threshold, calibrate
from secondlook.models.coreset import coreset
from secondlook.training.memory import peak_rss_mb
from secondlook.training.pools import HeldBack, PatchPool
from secondlook.version import code_version

BATCH = 8
Progress = Callable[[int, int], None]
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
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedGoods:
    """The parts of an adapter, and what learning it took."""

    bank: PatchBank
    threshold: Threshold
    goods: int
    """Different pictures learned from."""
    duplicates: int
    """Pictures left out because the same bytes came before."""
    data_sha256: str
    seed: int
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)

    def adapter(
        self,
        *,
        domain: str,
        product: str | None,
        version: int,
        vision: str,
        backbone: VisionBackbone,
    ) -> GoodsAdapter:
        """The adapter made of these parts; `vision` is how the backbone is loaded again."""
        card = AdapterCard(
            id="/".join([domain, *([product] if product else []), str(version)]),
            domain=domain,
            product=product,
            version=version,
            vision=vision,
            backbone=backbone.ref,
            threshold=self.threshold.value,
            false_alarm_rate=self.threshold.false_alarm_rate,
            false_alarm_bound=self.threshold.false_alarm_bound,
            goods=self.goods,
            calibration_goods=self.threshold.goods,
            data_sha256=self.data_sha256,
            seed=self.seed,
            metrics=self.metrics,
            created_at=datetime.now(UTC),
            code_version=code_version(),
        )
        return GoodsAdapter(card=card, bank=self.bank)


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
    steps = _Steps(progress, total, config.held_back)
    stream = _Unique(images)
    pool = PatchPool(config.pool, config.seed)
    with HeldBack(config.held_back, config.seed) as held:
        for index, patches in _embedded(stream, vision):
            pool.add(index, patches)
            held.add(index, patches)
            steps.one()
        _check_count(stream)
        steps.settle(len(stream.names), len(held))
        scores = _held_back_scores(pool, held, stream.names, config, steps)
    threshold = calibrate(scores, config.false_alarm_rate)
    _check_spread(threshold)
    return LearnedGoods(
        bank=_bank(pool, np.ones(len(pool.origin), dtype=bool), stream.names, config),
        threshold=threshold,
        goods=len(stream.names),
        duplicates=stream.duplicates,
        data_sha256=hashlib.sha256("\n".join(sorted(stream.names)).encode()).hexdigest(),
        seed=config.seed,
        seconds=time.monotonic() - started,
        metrics=_metrics(scores, config),
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


def _embedded(stream: _Unique, vision: VisionBackbone) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(index, patches (h, w, D)) for each picture, embedded a few at a time."""
    batch: list[NDArray[np.uint8]] = []
    done = 0
    for pixels in stream:
        batch.append(pixels)
        if len(batch) == BATCH:
            yield from enumerate(vision.patches(batch), start=done)
            done, batch = done + len(batch), []
    if batch:
        yield from enumerate(vision.patches(batch), start=done)


def _held_back_scores(
    pool: PatchPool, held: HeldBack, names: list[str], config: GoodsConfig, steps: "_Steps"
) -> list[float]:
    """Score each held-back good by a bank of the goods outside its fold."""
    folds = min(config.folds, len(names))
    order = np.random.default_rng(config.seed).permutation(len(names))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % folds
    scores: list[float] = []
    for k in range(folds):
        bank = _bank(pool, fold[pool.origin] != k, names, config)
        for index, patches in held:
            if fold[index] == k:
                scores.append(bank.score(patches).score)
                steps.one()
    return scores


def _bank(
    pool: PatchPool, use: NDArray[np.bool_], names: list[str], config: GoodsConfig
) -> PatchBank:
    rows, origin = normalise(pool.rows[use]), pool.origin[use]
    limit = min(config.rows, max(config.least_rows, round(config.share * len(rows))))
    chosen = coreset(rows, limit, config.seed)
    return PatchBank(
        rows=np.ascontiguousarray(rows[chosen]), origin=origin[chosen], references=tuple(names)
    )


def _check_count(stream: _Unique) -> None:
    count = len(stream.names)
    if count < LEAST_GOODS:
        raise ModelError(
            f"learning needs at least {LEAST_GOODS} different good pictures, got {count} "
            f"(and {stream.duplicates} copies): add pictures of good parts"
        )


def _check_spread(threshold: Threshold) -> None:
    if threshold.value < 1e-3:
        raise ModelError(
            f"the goods all look the same to the backbone (threshold {threshold.value:.2g}), so "
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


class _Steps:
    """Counts one step per picture embedded and one per picture scored."""

    def __init__(self, progress: Progress | None, total: int | None, held_back: int) -> None:
        self._progress = progress
        self._all = 0 if total is None else total + min(total, held_back)
        self._done = 0

    def one(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._all)

    def settle(self, embedded: int, scored: int) -> None:
        """Now the number of different pictures is known."""
        self._all = embedded + scored
