"""Bad input may not cost much: the benchmark's memory figures are a bound, its times are not."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "bad_input.py"
MOST_MB = 300


def test_no_bad_file_takes_much_memory_or_its_neighbour() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK)], check=True, capture_output=True, text=True
    )
    costs = {k: v for k, v in json.loads(done.stdout).items() if "peak_mb" in v}
    assert len(costs) >= 14
    assert {k: v["peak_mb"] for k, v in costs.items() if v["peak_mb"] > MOST_MB} == {}
    assert [k for k, v in costs.items() if not v["neighbour_read"]] == []
