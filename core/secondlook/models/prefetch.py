"""What comes next is read while the network is busy: one thread, in order, a few items ahead.

Reading and resizing pictures lets other threads run, so that it costs no time beside a network
that takes longer.
"""

import threading
from collections.abc import Generator, Iterable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

from secondlook.errors import UsageError

T = TypeVar("T")
AHEAD = 2


def prefetched(items: Iterable[T], ahead: int = AHEAD) -> Generator[T]:
    """The same items in the same order, made in another thread up to `ahead` before their turn.

    What `items` raises is raised here, at its turn. Whoever stops in between, by an error or by
    `close`, waits for the one item at hand; no later one is made, and `items` is closed. Nothing
    is made before the first item is asked for.

    Raises UsageError for an `ahead` below 1.
    """
    if ahead < 1:
        raise UsageError(f"ahead must be at least 1; got {ahead}")
    return _prefetched(_Reader(items, ahead))


def _prefetched(reader: "_Reader[T]") -> Generator[T]:
    reader.thread.start()
    try:
        yield from reader
    finally:
        reader.stop()


class _Reader(Generic[T]):
    """Makes the items; `room` counts how many more may be ready."""

    def __init__(self, items: Iterable[T], ahead: int) -> None:
        self.thread = threading.Thread(target=self._work, name="prefetch", daemon=True)
        self._items = items
        self._room = threading.Semaphore(ahead)
        self._ready: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
        self._stopped = False

    def __iter__(self) -> Iterator[T]:
        while (item := self._ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            self._room.release()
            yield item[0]

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._room.release()
        self.thread.join()

    def _work(self) -> None:
        source: Iterator[T] | None = None
        try:
            source = iter(self._items)
            while self._room.acquire() and not self._stopped:
                self._ready.put((next(source),))
        except StopIteration:
            pass
        except BaseException as error:  # noqa: BLE001 - whoever asks for the item is told
            self._ready.put(error)
        finally:
            if isinstance(source, Generator):
                source.close()
            self._ready.put(None)
