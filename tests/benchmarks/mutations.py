"""Medical files with changed bytes: what becomes of them, how long each takes, what crashes.

    python tests/benchmarks/mutations.py [files] [seed]

Each file is read as intake reads it, and what is accepted is shown and read as slices. The
targets are: an outcome for each, nothing raised, no hang, 2 seconds each. The parsing process is
made anew from time to time and after a crash: what a file waits for that counts.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil

from secondlook import IntakeError, IntakeFile, stacks_of
from secondlook.intake.outcome import QuarantinedFile
from secondlook.intake.pixels import read_picture
from secondlook.intake.reader import Reader
from secondlook.intake.series_pixels import slices
from secondlook.settings import Limits

sys.path.insert(0, str(Path(__file__).parents[1]))
from mutants import mutate, seeds

MOST_SECONDS = 2.0
CRASH = "quarantined: parser_crashed"


def outcome_of(outcome: IntakeFile | QuarantinedFile) -> str:
    """One word for an outcome, after using what was accepted."""
    if isinstance(outcome, QuarantinedFile):
        return f"quarantined: {outcome.reason.value}"
    file = outcome.attachment
    if reason := file.facts.get("not_assessed"):
        return f"kept: {reason}"
    try:
        read_picture(file, outcome.path)
        for stack in stacks_of([file]):
            for _ in slices(stack, lambda _: outcome.path):
                pass
    except IntakeError:
        return "accepted, not shown"
    return f"accepted: {file.role.value}"


def workers() -> set[int]:
    """The processes that parse, or are about to."""
    spawned = (x for x in psutil.Process().children() if "spawn_main" in " ".join(x.cmdline()))
    return {x.pid for x in spawned}


class Tally:
    """What is found on the way."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.times: list[tuple[float, str]] = []
        self.shown: list[tuple[float, str]] = []
        self.processes: set[int] = set()
        self.raised: list[str] = []
        self.crashed: list[str] = []

    def read(self, reader: Reader, path: Path, name: str, number: int) -> None:
        """One file."""
        what, start = f"{number} {name}", time.perf_counter()
        try:
            read = reader.read(path, name)
            self.times.append((time.perf_counter() - start, what))
            self.processes |= workers()
            start = time.perf_counter()
            outcome = outcome_of(read)
            self.shown.append((time.perf_counter() - start, what))
            self.outcomes[outcome] += 1
            if outcome == CRASH:
                self.crashed.append(what)
        except Exception as error:  # noqa: BLE001 - what this benchmark looks for
            self.raised.append(f"{what}: {type(error).__name__}: {error}")

    def report(self) -> dict[str, object]:
        """All of it for JSON."""
        self.times.sort(reverse=True)
        self.shown.sort(reverse=True)
        return {
            "files": len(self.times),
            "processes": len(self.processes),
            "outcomes": dict(self.outcomes.most_common()),
            "raised": self.raised,
            "crashed": self.crashed,
            "hangs": self.outcomes["quarantined: timed_out"],
            "slower_than_2_s": sum(x > MOST_SECONDS for x, _ in self.times),
            "slowest": [[round(x, 3), name] for x, name in self.times[:5]],
            "slowest_to_show": [[round(x, 3), name] for x, name in self.shown[:3]],
            "mean_ms": round(1000 * sum(x for x, _ in self.times) / len(self.times), 2),
        }


def main() -> None:
    """Print one JSON object."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    random = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    files, tally = list(seeds().items()), Tally()
    with tempfile.TemporaryDirectory() as place, Reader(Limits()) as reader:
        path = Path(place) / "file"
        path.write_bytes(files[0][1])
        reader.read(path, "first")  # starts the process
        for number in range(count):
            name, seed = files[number % len(files)]
            path.write_bytes(mutate(seed, random) if number >= len(files) else seed)
            tally.read(reader, path, name, number)
    print(json.dumps(tally.report(), indent=2))


if __name__ == "__main__":
    main()
