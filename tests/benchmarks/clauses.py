"""How well clauses are read from made manuals, against gold files: prints one JSON object.

    python tests/benchmarks/clauses.py [--manuals FOLDER]

FOLDER holds NAME.json beside the manual it is about (see README.md there). A gold clause is read
exactly if a parsed one has its measure, range, unit and disposition and shares a term; the pairs
are those of the best assignment. "either" also allows the second reading that some gold clauses
have. "false" is what was parsed and is in no gold clause, "repeated" says once more what one says.
Each miss is misread (a parsed clause stands in its place), unread (listed as such) or silent.
"""

import argparse
import dataclasses
import importlib
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from secondlook import Record, read_document

Clause = Mapping[str, Any]
Parse = Callable[[Record], Any]
Pair = tuple[int, int]
RANGE = ("more_than", "at_least", "less_than", "at_most")
ZONE_WORDS = re.compile(r"\b(zone|class|surfaces?|bereich|seite)\b|区")
MANUALS = Path(__file__).parent / "manuals"


def measure(gold: Mapping[str, Any], record: Record, parse: Parse) -> dict[str, Any]:
    """The counts for one manual, and each clause that went wrong.

    gold: `clauses`, `distractors` and `odd` as in a gold file; parse: the clauses of a record and
    what it lists as unread, as dataclasses or mappings.
    """
    read = parse(record)
    clauses, unread = ([_plain(x) for x in found] for found in (read.clauses, read.unread))
    wanted: list[Clause] = gold["clauses"]
    pairs = assign(wanted, clauses)
    exact = [(i, j) for i, j in pairs if same(wanted[i], clauses[j])]
    used = {j for _, j in pairs}
    rest = [x for j, x in enumerate(clauses) if j not in used]
    false = [x for x in rest if not any(_overlap(x, y) and either(y, x) for y in wanted)]
    missed = [x for i, x in enumerate(wanted) if i not in {i for i, _ in exact}]
    accepted = [wanted[i] for i, j in pairs if (i, j) not in exact]
    return {
        "gold": len(wanted),
        "parsed": len(clauses),
        "listed_unread": len(unread),
        "exact": len(exact),
        "either": len(pairs),
        "exact_with_zone_severity_number": sum(_placed(wanted[i], clauses[j]) for i, j in exact),
        "repeated": len(rest) - len(false),
        "false": [_brief(x) for x in false],
        "distractors": len(gold["distractors"]),
        "distractors_with_clause": _hit(gold["distractors"], false),
        "odd": len(gold["odd"]),
        "odd_with_clause": _hit(gold["odd"], false),
        "odd_unread": len(_hit(gold["odd"], unread)),
        "misses": _misses(missed, accepted, false, unread),
    }


def same(one: Clause, other: Clause) -> bool:
    """Whether two clauses share a term and have one measure, range, unit and disposition."""
    words = [{str(x).strip().lower() for x in clause.get("terms") or ()} for clause in (one, other)]
    return bool(words[0] & words[1]) and _key(one) == _key(other)


def either(gold: Clause, clause: Clause) -> bool:
    """Whether a parsed clause is the gold one in its first or in another reading."""
    return any(same({**gold, **reading}, clause) for reading in ({}, *gold.get("also", ())))


def assign(wanted: Sequence[Clause], clauses: Sequence[Clause]) -> list[Pair]:
    """Most pairs that agree; among equal ones those that agree in place, zone and severity."""
    if not wanted or not clauses:
        return []
    gains = np.array([[_gain(x, y) for y in clauses] for x in wanted])
    rows, columns = linear_sum_assignment(gains, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(i, j) for i, j in pairs if gains[i, j] > 0]


def _gain(gold: Clause, clause: Clause) -> float:
    if not either(gold, clause):
        return 0.0
    first = 10.0 if same(gold, clause) else 0.0
    return 1000.0 + first + 2.0 * _overlap(gold, clause) + _placed(gold, clause)


def _key(clause: Clause) -> tuple[object, ...]:
    limits = (clause.get(x) for x in RANGE)
    rounded = tuple(None if x is None else round(float(x), 9) for x in limits)
    words = (str(clause.get(x) or "") for x in ("measure", "unit", "disposition"))
    return (*rounded, *words)


def _placed(gold: Clause, clause: Clause) -> bool:
    """Whether zone, severity and number are the same too."""
    if _zone(gold.get("zone")) != _zone(clause.get("zone")):
        return False
    pairs = ((str(x.get("severity") or ""), str(x.get("number") or "")) for x in (gold, clause))
    first, second = ((severity, number.rstrip(".")) for severity, number in pairs)
    return first == second


def _zone(zone: object) -> str:
    return _flat(ZONE_WORDS.sub(" ", str(zone or "").lower()))


def _flat(text: object) -> str:
    """The text without what intake or a parser may change: spaces, width of characters, case."""
    return "".join(unicodedata.normalize("NFKC", str(text)).lower().split())


def _overlap(one: Clause, other: Clause) -> bool:
    """Whether one quote lies in the other."""
    first, second = _flat(one.get("quote") or ""), _flat(other.get("quote") or "")
    return bool(first and second) and (first in second or second in first)


def _hit(quotes: Iterable[str], found: Sequence[Clause]) -> list[str]:
    return [quote for quote in quotes if any(_overlap({"quote": quote}, x) for x in found)]


def _misses(
    missed: Sequence[Clause],
    accepted: Sequence[Clause],
    false: Sequence[Clause],
    unread: Sequence[Clause],
) -> dict[str, list[dict[str, Any]]]:
    """The missed clauses by what became of them; each wrong clause stands for one of them."""
    kinds: dict[str, list[dict[str, Any]]] = {
        x: [] for x in ("second_reading", "misread", "unread", "silent")
    }
    left = list(false)
    for gold in missed:
        instead = next((x for x in left if _overlap(gold, x)), None)
        shown = _brief(gold)
        if gold in accepted:
            kinds["second_reading"].append(shown)
        elif instead is not None:
            left.remove(instead)
            kinds["misread"].append({**shown, "read_as": _brief(instead)})
        elif any(_overlap(gold, x) for x in unread):
            kinds["unread"].append(shown)
        else:
            kinds["silent"].append(shown)
    return kinds


def _brief(clause: Clause) -> dict[str, Any]:
    """What was said, without the fields that are empty."""
    return {k: v for k, v in clause.items() if k != "also" and v not in (None, [], ())}


def _plain(found: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return dataclasses.asdict(found)
    return dict(found)


def total(figures: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of all manuals together: counts, lists as their lengths, and the shares."""
    sums: dict[str, int] = {}
    for figure in figures:
        flat = {**figure, **{f"misses_{k}": v for k, v in figure["misses"].items()}}
        del flat["misses"]
        for name, value in flat.items():
            sums[name] = sums.get(name, 0) + (value if isinstance(value, int) else len(value))
    gold = sums.get("gold", 0)
    names = ("exact", "either", "exact_with_zone_severity_number")
    return {**sums, **{f"{x}_share": round(sums[x] / gold, 4) for x in names if gold}}


def _reader() -> Parse:
    """The parser of the defect inspector. Ends with status 2 where there is none."""
    try:
        parse: Parse = importlib.import_module("defect_inspector.clauses").read_clauses
    except (ModuleNotFoundError, AttributeError) as error:
        print(f"No clause parser to measure: {error}.", file=sys.stderr)
        raise SystemExit(2) from None
    return parse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manuals", type=Path, default=MANUALS, help="folder of gold files")
    folder = parser.parse_args().manuals
    files = sorted(folder.glob("*.json"))
    if not files:
        parser.error(f"no gold file (*.json) in {folder}")
    parse = _reader()
    figures: dict[str, dict[str, Any]] = {}
    for file in files:
        gold = json.loads(file.read_text(encoding="utf-8"))
        record = read_document(folder / gold["source"], "manual")
        figures[file.stem] = measure(gold, record, parse)
    outcome = {"all": total(figures.values()), "manuals": figures}
    json.dump(outcome, sys.stdout, indent=2, ensure_ascii=False, default=str)


if __name__ == "__main__":
    main()
