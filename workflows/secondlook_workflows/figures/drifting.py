"""Whether what came in, and what the machine scored, changed from the earlier to the later half.

Scores by the two-sample Kolmogorov-Smirnov test, kinds of inputs by the chi-squared test of their
counts. Both ask whether chance alone would explain the difference; neither says what it means.
"""

from collections import Counter
from collections.abc import Sequence

from secondlook_workflows.figures.rates import quantile
from secondlook_workflows.figures.reviewed import Reviewed, Row

LEAST = 30
"""Cases in each half."""
LEAST_EXPECTED = 5
"""Of each kind in each half; rarer ones are counted together."""
SURE = 0.01
OTHERS = "others"
SCORE = "score of the first look"
ABSTAINED = "machine abstained"


def drift(cases: Sequence[Reviewed]) -> list[Row]:
    """One row for the score and for each fact of the inputs."""
    earlier, later = _halves(cases)
    names = list(dict.fromkeys(y for x in cases for y in x.inputs))
    rows = [_scores(earlier, later)]
    rows.append(_kinds(ABSTAINED, *([_abstained(x) for x in y] for y in (earlier, later))))
    for name in names:
        said = ([x.inputs.get(name, "") for x in y] for y in (earlier, later))
        rows.append(_kinds(name, *said))
    return rows


def too_few(cases: Sequence[Reviewed]) -> str | None:
    """In words, why nothing is compared."""
    if len(cases) >= 2 * LEAST:
        return None
    return f"{len(cases)} decided: too few to compare halves. It takes {2 * LEAST}."


def _halves(cases: Sequence[Reviewed]) -> tuple[Sequence[Reviewed], Sequence[Reviewed]]:
    ordered = sorted(cases, key=lambda x: x.at)
    middle = len(ordered) // 2
    return ordered[:middle], ordered[middle:]


def _scores(earlier: Sequence[Reviewed], later: Sequence[Reviewed]) -> Row:
    from scipy.stats import ks_2samp

    one, other = ([x.score for x in y if x.score is not None] for y in (earlier, later))
    if min(len(one), len(other)) < LEAST:
        return _row(SCORE, "too few were scored", len(one), len(other))
    found = ks_2samp(one, other)
    said = f"median {quantile(one, 0.5):.3g} → {quantile(other, 0.5):.3g}"
    p, size = float(found.pvalue), float(found.statistic)
    return _row(SCORE, said, len(one), len(other), difference=size, p=p)


def _kinds(name: str, one: Sequence[str], other: Sequence[str]) -> Row:
    from scipy.stats import chi2_contingency

    before, after = _gathered(Counter(one), Counter(other))
    kinds = sorted({*before, *after})
    if min(len(one), len(other)) < LEAST:
        return _row(name, "too few", len(one), len(other))
    if len(kinds) < 2:
        return _row(name, f"always {kinds[0]}", len(one), len(other), difference=0.0)
    shares = {x: (before[x] / len(one), after[x] / len(other)) for x in kinds}
    moved = max(shares, key=lambda x: abs(shares[x][1] - shares[x][0]))
    low, high = shares[moved]
    p = float(chi2_contingency([[before[x] for x in kinds], [after[x] for x in kinds]]).pvalue)
    size = sum(abs(x - y) for x, y in shares.values()) / 2
    said = f"{moved}: {low:.0%} → {high:.0%}"
    return _row(name, said, len(one), len(other), difference=size, p=p)


def _gathered(one: Counter[str], other: Counter[str]) -> tuple[Counter[str], Counter[str]]:
    """Rare kinds counted as one: with few expected the test says nothing."""
    rare = [x for x in {*one, *other} if one[x] + other[x] < 2 * LEAST_EXPECTED]
    if len(rare) < 2:
        return one, other
    kept = ({x: n for x, n in y.items() if x not in rare} for y in (one, other))
    before, after = (Counter(x) for x in kept)
    before[OTHERS] += sum(one[x] for x in rare)
    after[OTHERS] += sum(other[x] for x in rare)
    return before, after


def _abstained(case: Reviewed) -> str:
    return {None: "no first look", True: "yes", False: "no"}[case.abstained]


def _row(
    name: str,
    said: str,
    earlier: int,
    later: int,
    *,
    difference: float | None = None,
    p: float | None = None,
) -> Row:
    changed = "" if p is None else "changed" if p < SURE else "no sure change"
    return {
        "what": name,
        "change": said,
        "difference": difference,
        "p": p,
        "verdict": changed,
        "earlier": earlier,
        "later": later,
    }
