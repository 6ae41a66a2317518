"""Reading the goods once: what is kept of them, and when there is no time for more of them."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from secondlook.models.backbones import VisionBackbone
from secondlook.models.goods_condition import Measures, measured
from secondlook.models.goods_tiles import Tiled, prepare_of
from secondlook.models.prefetch import prefetched
from secondlook.training.clock import Clock
from secondlook.training.held_back import HeldBack
from secondlook.training.pools import PatchPool, Shelf

BATCH = 8
READING = 0.5
"""No more goods are read when more than this share of the time is gone."""
LEAST_READ = 20
"""So many are read however late it is: with 19 a threshold reaches a false-alarm rate of 5 %."""
Picture = tuple[str, NDArray[np.uint8]]


@dataclass(kw_only=True, eq=False)
class Read:
    """What is kept of the goods."""

    pool: PatchPool
    held: HeldBack
    shelf: Shelf | None
    """Pictures to paint on; None where nothing will be painted."""
    names: list[str] = field(default_factory=list)
    """sha256 of the different pictures that were read, in their order."""
    measures: list[Measures] = field(default_factory=list)
    """How each of them was taken."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the goods were read."""

    goods: int
    """Different pictures."""
    duplicates: int
    """Pictures left out because the same bytes came before."""
    stopped: bool
    """Whether the time for reading was up before the last of them."""
    pace: float
    """Seconds that a picture took."""

    @property
    def taken(self) -> int:
        """How many pictures were taken, copies included."""
        return self.goods + self.duplicates

    def unread(self, total: int | None) -> int | None:
        """How many pictures of `total` were not taken; None where it is not known."""
        if not self.stopped:
            return 0
        return None if total is None else max(0, total - self.taken)


class Stream:
    """The pictures whose bytes did not come before, until there is no time for more.

    Attributes:
        names: sha256 of those that were taken.
        measures: how each of them was taken, filled in by whoever makes them ready.
    """

    def __init__(self, images: Iterable[Picture], clock: Clock, most: int | None = None) -> None:
        """With `most`, so many pictures are taken and no clock is looked at."""
        self.names: list[str] = []
        self.measures: list[Measures] = []
        self.duplicates = 0
        self.stopped = False
        self._images = images
        self._clock = clock
        self._most = most

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        seen: set[str] = set()
        for name, pixels in self._images:
            if name in seen:
                self.duplicates += 1
                continue
            seen.add(name)
            self.names.append(name)
            yield pixels
            if self._enough(len(seen)):
                self.stopped = True
                return

    def _enough(self, count: int) -> bool:
        if self._most is not None:
            return count >= self._most
        return count >= LEAST_READ and self._clock.past(READING)


def read_goods(
    stream: Stream, read: Read, vision: VisionBackbone, step: Callable[[], None]
) -> Reading:
    """Embed all pictures of the stream and keep of them what `read` has room for."""
    started = time.monotonic()
    for index, picture, patches in _embedded(stream, vision):
        read.pool.add(index, patches)
        if read.shelf is None:
            read.held.add(index, patches)
        else:
            read.held.add(index, patches, picture)
            read.shelf.add(index, picture)
        step()
    read.names.extend(stream.names)
    read.measures.extend(stream.measures)
    return Reading(
        goods=len(stream.names),
        duplicates=stream.duplicates,
        stopped=stream.stopped,
        pace=(time.monotonic() - started) / max(1, len(stream.names)),
    )


def _embedded(
    stream: Stream, vision: VisionBackbone
) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.float32]]]:
    """(index, pixels, patches (h, w, D)) for each picture, embedded a few at a time."""
    size = 1 if isinstance(vision, Tiled) else BATCH  # tiles make batches of their own
    batch: list[NDArray[np.uint8]] = []
    done = 0
    for pixels in prefetched(resized(stream, vision), ahead=size):
        batch.append(pixels)
        if len(batch) == size:
            yield from zip(range(done, done + size), batch, vision.patches(batch), strict=True)
            done, batch = done + size, []
    if batch:
        numbers = range(done, done + len(batch))
        yield from zip(numbers, batch, vision.patches(batch), strict=True)


def resized(stream: Stream, vision: VisionBackbone) -> Iterator[NDArray[np.uint8]]:
    """The pictures as they are kept: at the size that the backbone takes, where it says so.

    A photograph of 12 MP takes 36 MB: a batch of them must not wait at full size. How each was
    taken is measured on the way."""
    prepare = prepare_of(vision)
    for pixels in stream:
        kept = pixels if prepare is None else prepare.resized(pixels)
        stream.measures.append(measured(pixels, kept))
        yield kept
