"""What was made lately, up to so many bytes; shared by threads."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Shelf(Generic[T]):
    """The oldest goes first. The latest stays, however large it is: its tiles are asked for next."""

    def __init__(self, most: int, size: Callable[[T], int]) -> None:
        self._most = most
        self._size = size
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """What lies there; None where nothing does, or no longer."""
        with self._lock:
            thing = self._things.get(key)
            if thing is not None:
                self._things.move_to_end(key)
            return thing

    def put(self, key: Hashable, thing: T) -> None:
        """Lay it there, and take away what no longer fits beside it."""
        with self._lock:
            before = self._things.pop(key, None)
            self._bytes += self._size(thing) - (0 if before is None else self._size(before))
            self._things[key] = thing
            while self._bytes > self._most and len(self._things) > 1:
                _, old = self._things.popitem(last=False)
                self._bytes -= self._size(old)

    def clear(self) -> None:
        """Take away everything."""
        with self._lock:
            self._things.clear()
            self._bytes = 0

    @property
    def bytes(self) -> int:
        """How much lies there."""
        return self._bytes
