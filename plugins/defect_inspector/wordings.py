"""Words in a clause that say what its limit is of, beyond what the clauses themselves hold."""

from functools import lru_cache

from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.vocabulary import tokens

EDGE = frozenset(("edge", "edges", "rim", "rims", "border", "borders", "boundary", "perimeter"))
EDGE_ENDS = ("kante", "kanten", "rand", "rande", "randes", "rändern", "ränder")
NO_EDGE = ("brand", "brande", "brandes")
EDGE_SIGNS = ("边", "缘")
APART = frozenset(
    ("apart", "each", "other", "another", "between", "spacing", "spaced", "adjacent", "neighbouring",
     "neighboring", "neighbour", "neighbor", "separated", "voneinander", "einander", "zueinander",
     "zwischen", "benachbarte", "benachbarten", "benachbarter")
)  # fmt: skip
APART_SIGNS = ("间距", "之间", "相邻", "彼此", "相互")
TOTAL = frozenset(
    ("total", "totals", "sum", "summed", "combined", "aggregate", "aggregated", "accumulated",
     "cumulative", "cumulated", "overall", "together", "altogether", "insgesamt", "zusammen",
     "zusammengenommen", "aufsummiert", "aufaddiert", "addiert")
)  # fmt: skip
TOTAL_STARTS = ("gesamt", "summe", "kumul")
TOTAL_SIGNS = ("总", "合计", "累计", "累积", "之和", "共计")


@lru_cache(maxsize=4096)
def of_edge(quote: str) -> bool:
    """Whether a clause speaks of an edge: `primer` and `brand` do not, though they hold the word."""
    words = [x.key for x in tokens(fold(quote))]
    german = any(x.endswith(EDGE_ENDS) and not x.endswith(NO_EDGE) for x in words)
    return german or bool(EDGE & set(words)) or any(x in quote for x in EDGE_SIGNS)


@lru_cache(maxsize=4096)
def of_each_other(quote: str) -> bool:
    """Whether a clause speaks of how far places lie from one another."""
    words = {x.key for x in tokens(fold(quote))}
    return bool(APART & words) or any(x in quote for x in APART_SIGNS)


@lru_cache(maxsize=4096)
def of_all_together(quote: str) -> bool:
    """Whether a clause limits what all places come to, not each of them."""
    words = [x.key for x in tokens(fold(quote))]
    starts = any(x.startswith(TOTAL_STARTS) for x in words)
    return starts or bool(TOTAL & set(words)) or any(x in quote for x in TOTAL_SIGNS)
