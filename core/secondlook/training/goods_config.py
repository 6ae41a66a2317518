"""How goods are learned."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from secondlook.models.adapters import preprocessing_of
from secondlook.models.backbones import VisionBackbone
from secondlook.training.bank_plan import BankConfig
from secondlook.training.dense_plan import DenseConfig
from secondlook.version import code_version


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
    reject_rate: float = 0.01
    """The share of goods that may be rejected without a person; at most `false_alarm_rate`."""
    seconds: float = 720.0
    """All that learning may take; 0 learns a bank alone and takes the time it needs."""
    painted: int = 1_000
    """Pictures kept in memory to paint defects on, at most."""
    set_aside: int = 150
    """Goods that calibrate the dense model and are not learned from, at most; at most a quarter."""
    least_painted: int = 80
    """From fewer goods no dense model is learned: at least 20 must calibrate it."""
    least_gain: float = 0.0
    """AUROC on painted defects that the dense model must add to the bank's to be kept."""
    dense: DenseConfig = field(default_factory=lambda: DenseConfig(least_steps=300))
    """Its time and seed are replaced. Steps that are given count, whatever the time."""
    tile: int | None = None
    """Pixels of a tile on a good of the usual size; 0 looks at pictures whole, None decides by the
    size of the goods."""
    drop_suspects: bool = False
    """Whether goods that look like no other are left out of what is learned."""
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

    def dense_in(self, seconds: float) -> DenseConfig:
        """What concerns the dense model, in the time that is left for it."""
        return replace(self.dense, seconds=seconds, seed=self.seed)

    def work(self, names: Sequence[str], vision: VisionBackbone) -> dict[str, object]:
        """All that learning from these pictures depends on: what makes it the same run."""
        return {
            "code": code_version(),
            "config": asdict(self),
            "goods": list(names),
            "backbone": [vision.ref.fingerprint, preprocessing_of(vision)],
        }
