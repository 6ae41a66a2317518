"""Claims by several processes at once: duplicates (there must be none), rate and times.

    python tests/benchmarks/claims.py [--claims 10000] [--processes 4] [--url URL]

Every claim is by another reviewer and none is given back, so that the last ones pass over all
those held at the head of the list.
"""

import multiprocessing
import time
from collections import Counter
from typing import Any

from bench_databases import AUDIT_KEY, arguments, databases, load_cases, report, spread

from secondlook.store.database import Database

Claimed = list[tuple[str, float]]


def main() -> None:
    """Load, measure, print."""
    options = arguments(__doc__ or "", claims=10_000, processes=4, cases=100_000)
    with databases(options.url) as urls:
        report({name: measure(url, options) for name, url in urls})


def measure(url: str, options: Any) -> dict[str, Any]:
    """All figures of one database."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    load_cases(database.engine, options.cases)
    database.dispose()
    share = options.claims // options.processes
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        parts = pool.starmap(claim, [(url, i, share) for i in range(options.processes)])
    wall = time.perf_counter() - start
    claims = [one for part in parts for one in part[0]]
    return {
        "processes": options.processes,
        "claims": len(claims),
        "duplicates": sum(n - 1 for n in Counter(case for case, _ in claims).values()),
        "claims_per_s": round(len(claims) / max(part[1] for part in parts)),
        "wall_s_with_start_of_processes": round(wall, 1),
        **spread([seconds for _, seconds in claims]),
        "last_tenth": spread([s for part in parts for _, s in part[0][-share // 10 :]]),
    }


def claim(url: str, worker: int, times: int) -> tuple[Claimed, float]:
    """Claim cases one after the other, each in a transaction of its own."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    claimed: Claimed = []
    begin = time.perf_counter()
    for number in range(times):
        start = time.perf_counter()
        with database.write() as unit:
            lease = unit.leases.claim_next(f"reviewer-{worker}-{number}", minutes=60)
            unit.commit()
        if lease is not None:
            claimed.append((lease.case_id, time.perf_counter() - start))
    took = time.perf_counter() - begin
    database.dispose()
    return claimed, took


if __name__ == "__main__":
    main()
