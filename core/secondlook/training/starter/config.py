"""How the starter is trained."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class StarterConfig:
    """How the starter is trained. The defaults take about 3 hours on 2 CPU cores."""

    steps: int = 18_000
    episodes: int = 4
    """Of 5 pictures each."""
    scenes: int = 16
    rate: float = 1.5e-3
    warm_up: int = 300
    decay: float = 0.02
    average: float = 0.999
    """Decay of the running average of the weights, which is what is kept."""
    distillation: float = 1.0
    bank: float = 0.5
    captions: float = 0.3
    surfaces_made: int = 8_000
    scenes_made: int = 20_000
    save_every: int = 250
    seed: int = 0

    def shortened(self, steps: int) -> "StarterConfig":
        """The same recipe with fewer steps, and as many fewer pictures."""
        share = min(1.0, steps / self.steps)
        return replace(
            self,
            steps=steps,
            warm_up=max(1, min(self.warm_up, steps // 10)),
            surfaces_made=max(64, round(self.surfaces_made * share)),
            scenes_made=max(128, round(self.scenes_made * share)),
        )
