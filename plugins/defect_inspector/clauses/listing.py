"""What was read from a manual as lines for a person to confirm."""

from collections import defaultdict
from collections.abc import Iterator

from defect_inspector.clauses.model import Bounds, Clause, Place, ReadManual, Unread

SIGNS = (("more_than", ">"), ("at_least", "≥"), ("less_than", "<"), ("at_most", "≤"))
QUOTE = 100
DRAFT = (
    "# How {name} is read. To correct a rule, take away the # before its `line` and write the rule",
    "# in plain words: what, its limit, and what becomes of the part. It must say all by itself.",
    "#   line 41: Scratches longer than 4 mm are scrapped.",
    "#   line 57: no rule",
    "#   new: Dents deeper than 0.2 mm are reworked.",
)


def table_of(read: ReadManual) -> list[tuple[str, str, str, str, str]]:
    """One row a clause: number, what, when, then, where it stands."""
    return [(x.number or "-", what(x), when(x), x.disposition, place(x)) for x in read.clauses]


def what(clause: Clause) -> str:
    """Terms, severity and zone: `scratches, zone A (major)`."""
    zone = f", zone {clause.zone}" if clause.zone else ""
    severity = f" ({clause.severity})" if clause.severity else ""
    return f"{', '.join(clause.terms)}{zone}{severity}"


def when(clause: Clause) -> str:
    """`length > 2 mm and ≤ 5 mm`, `count ≤ 3 per part`, `whenever found`."""
    if clause.measure == "any":
        return "whenever found"
    unit = "" if clause.unit == "count" else f" {clause.unit}"
    ends = " and ".join(f"{sign} {x:g}{unit}" for sign, x in _ends(clause.bounds))
    per = f" per {clause.per}" if clause.per else ""
    return f"{clause.measure} {ends}{per}"


def place(found: Place) -> str:
    """`page 3, line 41`; formats without pages have lines only."""
    page = f"page {found.page}, " if found.page is not None else ""
    return f"{page}line {found.line}"


def draft_of(name: str, read: ReadManual) -> str:
    """A file of corrections that corrects nothing yet: every rule as a remark above its words."""
    lines = [x.format(name=_printable(name)) for x in DRAFT]
    every: list[Clause | Unread] = [*read.clauses, *read.unread]
    for found in sorted(every, key=lambda x: x.start):
        lines += ["", f"# [{place(found)}] {_printable(_told(found))}"]
        lines.append(f"# line {found.line}: {_printable(' '.join(found.quote.split()))}")
    return "\n".join([*lines, ""])


def _told(found: Clause | Unread) -> str:
    if isinstance(found, Unread):
        return f"NOT READ: {found.reason}"
    number = f"{found.number}: " if found.number else ""
    return f"{number}{what(found)}, {when(found)}: {found.disposition}"


def _printable(text: str) -> str:
    return "".join(x if x.isprintable() else " " for x in text)


def remarks(read: ReadManual) -> Iterator[str]:
    """Synonyms, what could not be read and why, and contradictions."""
    for synonym in read.synonyms:
        yield f"[{place(synonym)}] {synonym.term}: also {', '.join(synonym.others)}"
    for unread in read.unread:
        yield f"[{place(unread)}] not read: {unread.reason}: {short(unread.quote)}"
    for clauses in _together(read):
        limits = " and ".join(map(when, clauses))
        kept = clauses[0].disposition == "accept"
        rule = "accepted only where both hold" if kept else "each is taken alone, which is stricter"
        yield f"[{place(clauses[0])}] {what(clauses[0])}: {limits}: {rule}"
    for pair in read.contradictions:
        one, other = read.clauses[pair.first], read.clauses[pair.second]
        wins = read.clauses[pair.stricter]
        yield (
            f"contradiction: {_brief(one)} but {_brief(other)}; "
            f"the stricter is taken: {wins.disposition}"
        )


def _together(read: ReadManual) -> Iterator[list[Clause]]:
    """Clauses that the manual states as one rule with several limits."""
    groups: dict[tuple[int, str | None, str], list[Clause]] = defaultdict(list)
    for clause in read.clauses:
        if clause.together is not None:
            groups[clause.together, clause.zone, clause.disposition].append(clause)
    yield from groups.values()


def short(quote: str) -> str:
    """A quote on one line."""
    line = " ".join(quote.split())
    return line if len(line) <= QUOTE else f"{line[:QUOTE]}…"


def _brief(clause: Clause) -> str:
    return f"[{place(clause)}] {what(clause)}, {when(clause)}: {clause.disposition}"


def _ends(bounds: Bounds) -> Iterator[tuple[str, float]]:
    for name, sign in SIGNS:
        value: float | None = getattr(bounds, name)
        if value is not None:
            yield sign, value
