"""Waiting times first come first served, by the machine, and with limits: the published pattern.

python tests/benchmarks/triage.py [--runs 40] [--days 60] [--seed 0]

PMC8128725 (simulated, pneumothorax): mean 80.1 to 35.6 min, longest 890 to 1293 min without a limit
and 979 with one. The department here is made up to be of that kind; compare the pattern.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from published_queue import CRITICAL, QUEUE, config, site
from secondlook.codec import to_plain
from secondlook_workflows.simulate import simulated


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("runs", 40), ("days", 60), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    start = time.perf_counter()
    asked = replace(config(runs=options.runs, seed=options.seed), days=options.days)
    report = simulated(asked, site(), QUEUE)
    figures = {
        "load": round(report.load, 3),
        "limits_min": dict(report.limits),
        "promotions_a_run": round(report.promotions, 1),
        "seconds": round(time.perf_counter() - start, 1),
        "orders": {
            order: {name: to_plain(parts[name]) for name in (CRITICAL, "no finding", "all")}
            for order, parts in report.orders.items()
        },
    }
    json.dump(figures, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
