"""How much memory this process has taken."""

import resource
import sys


def peak_rss_mb() -> float:
    """The largest resident set of this process so far, in MB (10^6 bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
