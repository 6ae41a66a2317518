"""A parsing process that goes on for the next test: starting one takes most of a second.

Tests of what the verbs do take it; those of the reader itself start processes of their own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from secondlook.intake import reader
from secondlook.intake.outcome import Reason
from secondlook.intake.process import ParsingProcess
from secondlook.settings import Limits

T = TypeVar("T")


class KeptProcess(ParsingProcess):
    """Closed by nobody but `end`."""

    def run(self, function: Callable[..., T], path: Path, *rest: Any) -> T | tuple[Reason, str]:
        """It stays in the folder in which it was started; a test may be in another."""
        return super().run(function, path.absolute(), *rest)

    def close(self) -> None:
        """The next reader uses it."""

    def end(self) -> None:
        """Stop it."""
        super().close()


@contextmanager
def kept_processes() -> Iterator[None]:
    """While the block runs, readers with the same limits share a process."""
    kept: dict[str, KeptProcess] = {}

    def process(limits: Limits) -> KeptProcess:
        return kept.setdefault(repr(limits), KeptProcess(limits))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "ParsingProcess", process)
        yield
    for started in kept.values():
        started.end()
