"""What every step of learning from goods is given."""

from dataclasses import dataclass

from secondlook.models.backbones import VisionBackbone
from secondlook.models.goods_tiles import Tiled, TilePlan
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.clock import Clock
from secondlook.training.goods_config import GoodsConfig
from secondlook.training.progress import Steps


@dataclass(frozen=True, kw_only=True, eq=False)
class GoodsRun:
    """One run: with which backbone and settings, how long, and where it is kept."""

    vision: VisionBackbone
    """As it looks at these goods: in tiles, where they are large."""
    config: GoodsConfig
    clock: Clock
    steps: Steps
    checkpoint: Checkpoint
    """Of these goods, backbone and settings alone."""

    @property
    def tiles(self) -> TilePlan | None:
        """How pictures are cut; None where they are looked at whole."""
        return self.vision.plan if isinstance(self.vision, Tiled) else None
