"""What every way of learning is given, and what it gives."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from secondlook.domain import Domain
from secondlook_workflows.context import Progress
from secondlook_workflows.ingest import FileOutcome

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter
    from secondlook.models.backbones import VisionBackbone

Figures = Mapping[str, float | None]
"""By name; None where a figure cannot be computed."""


@dataclass(frozen=True, kw_only=True)
class LearnConfig:
    """Learn `domain` (and `product`) from exactly one of `goods`, `manifest` and `decided`, or from
    nothing but `words`."""

    domain: str
    goods: Path | None = None
    """A folder of good images."""
    manifest: Path | None = None
    """A CSV with labels, or with notes; rows of the split `test` are left for `evaluate`."""
    decided: bool = False
    """The cases that were decided in this workspace."""
    align: bool = False
    """Learn which texts go with which pictures, and not which labels hold."""
    prompt: str | None = None
    """With `align`, the text of a case that has labels: a form with {label} in it, where their
    titles go. None takes what the records of the case say."""
    words: bool = False
    """Compare pictures with the words of the domain's labels, by a pair that brings a shared space;
    nothing is learned. `prompt` is then the form of those words."""
    product: str | None = None
    backbone: str | None = None
    """Name or path; None is the workspace's `vision_backbone`."""
    minutes: float = 12.0
    """All that learning may take. From goods, 0 learns a bank alone; from labels, a head alone; an
    alignment then takes the time it needs."""
    seed: int = 0
    tile: int | None = None
    """From goods: pixels of a tile that pictures are looked at in; 0 looks at them whole, None
    decides by their size."""
    drop_suspects: bool = False
    """From goods: leave out of what is learned those that look like no other."""
    eligible: Mapping[str, str] = field(default_factory=dict)
    """From labels or words: what the adapter is for, by fact, as `{"view": "PA,AP", "age_years":
    "18-80"}`; it narrows what was learned from."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A picture given as good that looks like no other: it may show a defect."""

    file: str
    score: float
    far: float
    """How far above the middle of all goods its score lies, in their spreads."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What there is to learn with, whichever way."""

    config: LearnConfig
    domain: Domain
    vision: "VisionBackbone"
    name: str
    """By which the backbone is loaded again."""
    started: float
    """By `time.monotonic`; the time allowed counts from here."""
    champion: "Adapter | None" = None
    """Who looks at such cases now; what it knows and the new adapter does not is taken over. An
    alignment, which judges nothing by itself, joins it."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """An adapter that is not stored yet."""

    adapter: "Adapter"
    metrics: Figures
    quarantined: tuple[FileOutcome, ...] = ()
    notes: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    """Goods that may show a defect, the farthest first."""
    run: Path | None = None
    """Where its state is kept until the adapter is stored; None where nothing is."""


def percents(progress: Progress) -> Callable[[int, int], None]:
    """What shows how far learning is, called with (percent done, 100)."""
    done = [0]

    def advance(percent: int, _: int) -> None:
        progress.advance(percent - done[0])
        done[0] = percent

    return advance


def unread(quarantined: Iterable[FileOutcome], most: int = 3) -> str:
    """Which files could not be read and why, to be added to an error; empty where all could."""
    files = list(quarantined)
    shown = "; ".join(f"{x.source}: {x.detail or x.reason}" for x in files[:most])
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return f" ({len(files)} files could not be read: {shown}{more})" if files else ""


def unread_lines(quarantined: Iterable[FileOutcome], most: int = 20) -> list[str]:
    """The same as lines, where something was done all the same."""
    files = list(quarantined)
    lines = [f"{x.source} could not be read: {x.detail or x.reason}" for x in files[:most]]
    more = len(files) - most
    return [*lines, f"{more} more files could not be read"] if more > 0 else lines
