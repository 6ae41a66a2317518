"""What an order statistic of n exchangeable scores promises about the next one.

With the k-th smallest of n scores as the cut, the share of future scores at or below it follows
Beta(k, n + 1 - k) over the draw of the n (Vovk 2012, arXiv 1209.2673).
"""

import math

from scipy.stats import beta

CONFIDENCE = 0.95


def rank_for(share: float, count: int) -> int:
    """The smallest k for which a share of `share` lies below on average; may exceed `count`."""
    # A share such as 0.9 of 10 must not become rank 10 by the last bit of a float.
    return max(1, math.ceil(share * (count + 1) - 1e-9))


def share_lower(rank: int, count: int, confidence: float = CONFIDENCE) -> float:
    """With this confidence at least such a share lies at or below the cut of rank 1 .. count."""
    return float(beta.ppf(1 - confidence, rank, count + 1 - rank))
