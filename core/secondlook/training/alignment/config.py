"""How an alignment is learned."""

from dataclasses import dataclass

from secondlook.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class AlignmentConfig:
    """The defaults suit some dozens to a few thousand pairs on one CPU core."""

    minutes: float = 10.0
    """A hard limit on the time that learning takes, reading the pictures included."""
    rank: int = 16
    """Of the correction that each side learns."""
    epochs: int = 200
    patience: int = 20
    """Epochs without better held-out retrieval before learning stops."""
    batch: int = 256
    """Pairs that are told from each other in one step."""
    rate: float = 5e-4
    decay: float = 0.01
    folds: int = 5
    levels: bool = False
    """Whether mean and spread of the middle hidden states correct the pooled vector too. Vectors
    that were stored before then do not suffice: pictures must be read again."""
    seed: int = 0


def check_config(config: AlignmentConfig) -> None:
    """Raises ModelError for settings with which nothing can be learned."""
    least = {"rank": 1, "epochs": 1, "patience": 1, "batch": 2, "folds": 2}
    for name, value in least.items():
        if getattr(config, name) < value:
            raise ModelError(
                f"{name} of an alignment is {getattr(config, name)}: give at least {value}"
            )
    if not (config.minutes > 0 and config.rate > 0 and config.decay >= 0):
        raise ModelError(
            f"minutes {config.minutes}, rate {config.rate}, decay {config.decay} of an alignment: "
            "the first two must be above 0 and the last not below"
        )
