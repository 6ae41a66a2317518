"""kill -9 in the middle of `assess`, again and again: is anything lost that was acknowledged?

Prints JSON. After each kill every assessment that was stored before must still be there; at the
end a rerun must finish and the audit trail must verify.

    python tests/benchmarks/kill_assess.py [--kills 10] [--cases 120]
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SECONDLOOK = [sys.executable, "-m", "secondlook_workflows"]


def main() -> None:
    """Make cases, kill, count, finish, verify."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cases", type=int, default=120)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SECONDLOOK_HOME"] = str(Path(folder) / "home")
        print(json.dumps(measure(Path(folder), arguments.kills, arguments.cases), indent=2))


def measure(folder: Path, kills: int, cases: int) -> dict[str, object]:
    """Kill a running assess `kills` times and see what is left."""
    _pictures(folder / "goods", 10, seed=1)
    _pictures(folder / "parts", cases, seed=2)
    _run("learn", "defect-inspector", "--goods", str(folder / "goods"))
    _run("ingest", "defect-inspector", str(folder / "parts"))
    database = folder / "home" / "secondlook.db"
    acknowledged: set[str] = set()
    lost, mid = 0, 0
    chance = random.Random(0)
    for _ in range(kills):
        before = len(_stored(database))
        process = subprocess.Popen([*SECONDLOOK, "assess"], stderr=subprocess.DEVNULL)
        acknowledged |= _wait_for_progress(database, before, chance.randint(1, 6), process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        stored = _stored(database)
        lost += len(acknowledged - stored)
        mid += before < len(stored) < cases
        acknowledged |= stored
    _run("assess")
    verified = json.loads(_run("db", "verify-audit", "--json"))
    return {
        "kills": kills,
        "kills_in_the_middle": mid,
        "acknowledged_lost": lost,
        "cases": cases,
        "assessed_at_the_end": len(_stored(database)),
        "audit_events": verified["events"],
        "audit_problems": len(verified["problems"]),
        "integrity_check": _query(database, "PRAGMA integrity_check")[0][0],
    }


def _wait_for_progress(
    database: Path, before: int, steps: int, process: subprocess.Popen[bytes]
) -> set[str]:
    """Wait until some more assessments are stored; what is seen now counts as acknowledged."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        stored = _stored(database)
        if len(stored) >= before + steps:
            return stored
        time.sleep(0.02)
    return _stored(database)


def _stored(database: Path) -> set[str]:
    return {row[0] for row in _query(database, "SELECT id FROM assessments")}


def _query(database: Path, statement: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def _run(*words: str) -> str:
    done = subprocess.run([*SECONDLOOK, *words], check=True, capture_output=True, text=True)
    return done.stdout


def _pictures(folder: Path, count: int, seed: int) -> None:
    folder.mkdir()
    for number in range(count):
        noise = np.random.default_rng([seed, number]).integers(90, 160, (64, 64), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number:04}.png")


if __name__ == "__main__":
    main()
