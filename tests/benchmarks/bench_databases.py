"""What the database benchmarks share: databases to run on, rows to run with, figures to print."""

import argparse
import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, text

sys.path.insert(0, str(Path(__file__).parents[1]))

from private_postgres import cluster, programs
from secondlook.cases import CaseStatus
from secondlook.store.case_tables import CaseRow
from secondlook.store.database import Database

AUDIT_KEY = b"the audit key of the benchmarks!"
TUNED = ("-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB")
"""Commits reach the disk, as they would in use."""
BATCH = 10_000
DUE = 1000
"""Every so many-th case has a limit of waiting that is long past, where it is an open scan."""


def arguments(what: str, **numbers: int) -> argparse.Namespace:
    """`--url` and one option for each number."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--url", help="an empty database; default: a new one of each kind")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


@contextmanager
def databases(url: str | None) -> Iterator[list[tuple[str, str]]]:
    """Name and URL of each database to measure, migrated; new ones go away afterwards."""
    with ExitStack() as stack:
        if url is not None:
            urls = [("given", url)]
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            urls = [("sqlite", f"sqlite:///{folder}/bench.db")]
            if programs() is not None:
                server = stack.enter_context(cluster(*TUNED))
                urls.append(("postgresql", server.render_as_string(hide_password=False)))
        for _, each in urls:
            opened = Database.connect(each, audit_key=AUDIT_KEY)
            opened.upgrade()
            opened.dispose()
        yield urls


def load_cases(engine: Engine, rows: int, *, seed: int = 0) -> None:
    """Fill `cases` with made-up lines of two domains, twenty products each, all statuses."""
    numbers = random.Random(seed)
    with engine.begin() as connection:
        for first in range(0, rows, BATCH):
            batch = [_line(numbers, i) for i in range(first, min(rows, first + BATCH))]
            connection.execute(insert(CaseRow), batch)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _line(numbers: random.Random, number: int) -> dict[str, Any]:
    status = numbers.choices(list(CaseStatus), weights=(30, 40, 1, 29))[0]
    domain = numbers.choice(("parts", "scans"))
    opened = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    priority = numbers.choices((0, 1, 2), weights=(90, 8, 2))[0]
    score = round(numbers.random(), 3)
    waits = status is not CaseStatus.DECIDED and domain == "scans" and number % DUE == 0
    return {
        "id": hashlib.sha256(str(number).encode()).hexdigest(),
        "domain": domain,
        "product": f"product-{numbers.randrange(20)}",
        "title": f"Case {number} of batch {number // 500}",
        "status": status,
        "is_open": status is not CaseStatus.DECIDED,
        "priority": priority,
        "score": score,
        "turn": 2.0**32 - opened.timestamp() if domain == "scans" else score,
        "promote_at": opened + timedelta(days=1) if waits else None,
        "opened_at": opened,
        "recommended": "hold",
        "headline": "Differs from good parts",
        "picture": hashlib.sha256(f"p{number}".encode()).hexdigest(),
        "facts": {"line": number % 7, "comment": "x" * 200},
    }


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and the longest, in milliseconds."""
    ordered = sorted(seconds)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return {
        name: round(value * 1000, 3)
        for name, value in (("p50_ms", p50), ("p95_ms", p95), ("max_ms", ordered[-1]))
    }


def report(figures: dict[str, Any]) -> None:
    """Print the figures as JSON."""
    json.dump(figures, sys.stdout, indent=2)
    sys.stdout.write("\n")
