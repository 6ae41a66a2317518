"""Whether a backbone in int8 tells good from bad as well as the one it was made from.

Both make a plain patch bank of the same goods and look at the same other goods, with and without
painted defects. The pictures are the same for both, so that the difference is less a matter of
chance than each figure is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from secondlook.errors import BackboneError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.bank import PatchBank, normalise
from secondlook.models.int8.card import GateFigures
from secondlook.training.goods_bank import whole_bank
from secondlook.training.goods_config import GoodsConfig
from secondlook.training.judging import painted_on
from secondlook.training.pools import PatchPool

TOLERANCE = 0.01
"""AUROC that int8 may cost."""
ALIKE = 0.9
"""Mean cosine of features below which int8 is refused whatever the AUROC: where a backbone tells
painted defects hardly better than chance, int8 has nothing to lose there."""
LEAST, MOST = 32, 320
"""Different goods that it takes, and that are read at most."""
ROWS, POOL = 2_000, 20_000
"""Of both banks, and the patches they are chosen from: a fifth of what learning takes, for here
only the difference counts."""
REFUSED = (
    "nothing was written; calibrate it on other or more pictures, or use the backbone as it is"
)
LOW = 0.01
"""The quantile of cosines that is told."""
Pixels: TypeAlias = NDArray[np.uint8]
Named: TypeAlias = tuple[str, Pixels]


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Goods for one purpose each: no picture serves two."""

    calibration: tuple[Named, ...]
    """A quarter: the ranges of int8 come from these."""
    bank: tuple[Named, ...]
    """Half: both banks are made of these."""
    judges: tuple[Named, ...]
    """A quarter: these are looked at, and painted on."""

    @property
    def names(self) -> tuple[str, ...]:
        """sha256 of all goods."""
        return tuple(name for name, _ in (*self.calibration, *self.bank, *self.judges))

    @classmethod
    def of(cls, goods: Sequence[Named], seed: int) -> "Split":
        """A random split. Raises BackboneError for fewer than `LEAST` different pictures."""
        different = list({name: (name, pixels) for name, pixels in goods}.values())
        if len(different) < LEAST:
            raise BackboneError(
                f"int8 needs at least {LEAST} different pictures of good parts, to calibrate it "
                f"and to judge it by, got {len(different)}: add pictures"
            )
        order = np.random.default_rng([seed, 9]).permutation(len(different))[:MOST]
        taken, quarter = [different[i] for i in order], len(order) // 4
        return cls(
            calibration=tuple(taken[:quarter]),
            judges=tuple(taken[quarter : 2 * quarter]),
            bank=tuple(taken[2 * quarter :]),
        )


class Judge:
    """Compares backbones on the same goods; what the first one says is kept."""

    def __init__(
        self, before: VisionBackbone, split: Split, seed: int, step: Callable[[], None]
    ) -> None:
        """`before` is what others are compared with; `step` is called after each picture."""
        self._split, self._seed, self._step = split, seed, step
        judges = dict(enumerate(x for _, x in split.judges))
        self._painted = [x for several in painted_on(judges, seed).values() for x in several]
        if not self._painted:
            raise BackboneError("no defect shows on these goods, so that int8 cannot be judged")
        self._features: list[NDArray[np.float16]] = []
        self._before = self._auroc(before, self._keep)

    @property
    def looks(self) -> int:
        """Pictures that each backbone reads."""
        return len(self._split.bank) + len(self._split.judges) + len(self._painted)

    def figures(self, after: VisionBackbone, tolerance: float = TOLERANCE) -> GateFigures:
        """How another backbone compares."""
        cosines: list[NDArray[np.float32]] = []
        auroc = self._auroc(
            after, lambda x: cosines.append(_cosines(self._features[len(cosines)], x))
        )
        apart = np.concatenate(cosines)
        return GateFigures(
            auroc_before=self._before,
            auroc_int8=auroc,
            tolerance=tolerance,
            cosine_mean=float(apart.mean()),
            cosine_low=float(np.quantile(apart, LOW)),
            bank_goods=len(self._split.bank),
            judges=len(self._split.judges),
            painted=len(self._painted),
        )

    def _keep(self, patches: NDArray[np.float32]) -> None:
        """At unit length: some towers' features are larger than float16 holds."""
        rows = normalise(patches.reshape(-1, patches.shape[-1]))
        self._features.append(rows.reshape(patches.shape).astype(np.float16))

    def _auroc(self, vision: VisionBackbone, seen: Callable[[NDArray[np.float32]], None]) -> float:
        """`seen` is given the patches (h, w, D) of every judge."""
        bank = self._bank(vision)
        scores = [self._score(vision, bank, x, seen) for _, x in self._split.judges]
        bad = [self._score(vision, bank, x) for x in self._painted]
        return float(roc_auc_score([0] * len(scores) + [1] * len(bad), [*scores, *bad]))

    def _bank(self, vision: VisionBackbone) -> PatchBank:
        config = GoodsConfig(seed=self._seed, rows=ROWS, pool=POOL)
        pool = PatchPool(config.pool, self._seed)
        for index, (_, pixels) in enumerate(self._split.bank):
            pool.add(index, vision.patches([pixels])[0])
            self._step()
        return whole_bank(pool, [name for name, _ in self._split.bank], config.bank)

    def _score(
        self,
        vision: VisionBackbone,
        bank: PatchBank,
        pixels: Pixels,
        seen: Callable[[NDArray[np.float32]], None] = lambda _: None,
    ) -> float:
        patches = vision.patches([pixels])[0]
        seen(patches)
        self._step()
        return bank.score(patches).score


def check(figures: GateFigures, name: str) -> None:
    """Raises BackboneError where int8 costs too much, or changes the features beyond that."""
    lost = figures.auroc_before - figures.auroc_int8
    if not lost <= figures.tolerance:
        raise BackboneError(
            f"{name} in int8 told painted defects from good parts with an AUROC of "
            f"{figures.auroc_int8:.3f}, and without int8 with {figures.auroc_before:.3f}: that is "
            f"more than {figures.tolerance:g} less (mean cosine of features "
            f"{figures.cosine_mean:.3f}), so {REFUSED}"
        )
    if not figures.cosine_mean >= ALIKE:
        raise BackboneError(
            f"{name} in int8 has other features (mean cosine {figures.cosine_mean:.3f}, at least "
            f"{ALIKE:g} is needed), so {REFUSED}"
        )


def _cosines(one: NDArray[np.float16], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h w,) of patches (h, w, D)."""
    first = one.astype(np.float32)
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(other, axis=-1)
    cosines: NDArray[np.float32] = ((first * other).sum(-1) / np.maximum(lengths, 1e-9)).ravel()
    return cosines
