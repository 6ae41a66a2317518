"""How far learning is, in steps."""

from collections.abc import Callable

Progress = Callable[[int, int], None]


class Steps:
    """Counts one step per picture embedded, one per picture scored, and shares of longer work."""

    def __init__(self, progress: Progress | None, total: int | None, held_back: int) -> None:
        self._progress = progress
        self._all = 0 if total is None else total + min(total, held_back)
        self._done = 0
        self._shared = 0
        self._span = 0

    def one(self) -> None:
        """One more step is done."""
        self._done += 1
        self._tell()

    def settle(self, count: int) -> None:
        """Now the number of steps is known."""
        self._all = count

    def more(self, count: int) -> None:
        """Longer work comes that counts for `count` steps."""
        self._all += count
        self._span = count

    def share(self, share: float) -> None:
        """This share of the longer work is done."""
        new = round(share * self._span) - self._shared
        if new > 0:
            self._shared += new
            self._done += new
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._all)
