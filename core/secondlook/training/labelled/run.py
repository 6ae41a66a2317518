"""One run of learning: how much time is left, and what makes it the same run after a kill."""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace

from secondlook.models.backbones import TextBackbone
from secondlook.models.region import RegionFinder
from secondlook.models.vision import PatchNetwork
from secondlook.training.labelled.cases import LabelledCase
from secondlook.training.labelled.config import LabelledConfig

STATE = 2
"""What a kept state holds: one of an earlier kind is not gone on from."""


class Clock:
    """Counts down from the time that learning may take.

    Attributes:
        until: when it must end, by `time.monotonic`.
        laps: seconds of each part that was done, and of all in `total`.
    """

    def __init__(self, config: LabelledConfig) -> None:
        self._started = self._lap = time.monotonic()
        self.until = self._started + config.seconds
        self.laps: dict[str, float] = {}

    @property
    def left(self) -> float:
        """Seconds; 0 where the time is used up."""
        return max(0.0, self.until - time.monotonic())

    def lap(self, name: str) -> None:
        """This part is done."""
        now = time.monotonic()
        self.laps |= {name: now - self._lap, "total": now - self._started}
        self._lap = now


def identity(
    cases: Sequence[LabelledCase],
    vision: PatchNetwork | None,
    text: TextBackbone | None,
    classes: Sequence[str],
    config: LabelledConfig,
    finder: RegionFinder | None = None,
) -> dict[str, object]:
    """All that the outcome depends on, but for the time there is."""
    settings = asdict(replace(config, folder=None, seconds=0, memory_bytes=0))
    return {
        "format": STATE,
        "config": settings,
        "classes": list(classes),
        "cases": [[x.key, sorted(x.labels), x.group] for x in cases],
        "backbones": [None if x is None else x.ref.fingerprint for x in (vision, text)],
        "prepare": "" if vision is None else vision.preprocessing,
        "goods": None if finder is None else finder.fingerprint,
    }
