"""Whether findings hold as often as their calibrated probabilities say."""

from collections.abc import Sequence

from secondlook_workflows.figures.rates import wilson
from secondlook_workflows.figures.reviewed import Reviewed, Row

BINS = 10
LEAST = 30


def calibration(cases: Sequence[Reviewed]) -> list[Row]:
    """By tenth of probability: how many findings were ruled on, and which share of them held."""
    chances = [y for x in cases for y in x.chances]
    bins: dict[int, list[tuple[float, bool]]] = {}
    for chance, held in chances:
        bins.setdefault(min(int(chance * BINS), BINS - 1), []).append((chance, held))
    return [_bin(place, bins[place]) for place in sorted(bins)]


def error(rows: Sequence[Row]) -> float | None:
    """The expected calibration error over these bins."""
    total = sum(int(x["findings"] or 0) for x in rows)
    gaps = sum(int(x["findings"] or 0) * abs(_number(x, "held") - _number(x, "said")) for x in rows)
    return gaps / total if total else None


def too_few(cases: Sequence[Reviewed]) -> str | None:
    """In words, why there is no curve."""
    ruled = sum(len(x.chances) for x in cases)
    if ruled >= LEAST:
        return None
    return (
        f"{ruled} findings with a calibrated probability were ruled on: too few for a curve. "
        f"It takes {LEAST}."
    )


def _bin(place: int, chances: Sequence[tuple[float, bool]]) -> Row:
    held = sum(x for _, x in chances)
    low, high = wilson(held, len(chances)) or (0.0, 1.0)
    return {
        "from": place / BINS,
        "to": (place + 1) / BINS,
        "findings": len(chances),
        "said": sum(x for x, _ in chances) / len(chances),
        "held": held / len(chances),
        "low": low,
        "high": high,
    }


def _number(row: Row, name: str) -> float:
    return float(row[name] or 0.0)
