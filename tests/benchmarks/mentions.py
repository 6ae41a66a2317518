"""How often what the radiology assistant shows is named by the text: prints one JSON object.

    python tests/benchmarks/mentions.py REPORTS [--limit N]

REPORTS is a CSV (or .csv.gz) with the columns `indication` and `findings`, as of Open-i. "shown"
counts pairs of a text and a finding, "named" those whose passages hold a word for the finding,
"there" all pairs in which the text holds such a word.
"""

import argparse
import csv
import gzip
import io
import json
import sys
from collections import Counter
from pathlib import Path

from radiology_assistant.domain import QUERIES
from radiology_assistant.evidence import find_mentions
from radiology_assistant.notes import read_note
from radiology_assistant.notes.vocabulary import labels as codes
from radiology_assistant.settings import RadiologySettings
from secondlook.intake.passages import note
from secondlook.models.backbones import TextBackbone, minilm
from secondlook.models.retrieval import RememberingText, rank_passages

CLOSE = "Note comes close to"
LEAST = (0.45, 0.5, 0.55)


def measure(texts: list[str], encoder: TextBackbone) -> dict[str, object]:
    """Counts for each least similarity, and by label for the default."""
    counts = {x: Counter[str]() for x in LEAST}
    labels: dict[str, Counter[str]] = {x.label: Counter() for x in QUERIES}
    for text in texts:
        record = note(text, kind="note", name="note")
        matches = rank_passages(encoder, (record,), QUERIES) if record.passages else ()
        there = {codes()[x.label] for x in read_note(record).mentions} - {None}
        for least, count in counts.items():
            found = find_mentions(
                matches, RadiologySettings(min_similarity=least), (record,), reports=True
            )
            named = {x.label for x in found if not x.title.startswith(CLOSE)}
            count.update(shown=len(found), named=len(named), there=len(there))
            if least == RadiologySettings().min_similarity:
                for label, tally in labels.items():
                    shown = label in {x.label for x in found}
                    tally.update(shown=shown, named=label in named, there=label in there)
    return {
        "texts": len(texts),
        "by_least_similarity": {str(x): _shares(c) for x, c in counts.items()},
        "by_label": {x: _shares(c) for x, c in labels.items()},
    }


def _shares(count: Counter[str]) -> dict[str, object]:
    return {
        **count,
        "share_named": round(count["named"] / count["shown"], 3) if count["shown"] else None,
        "share_found": round(count["named"] / count["there"], 3) if count["there"] else None,
    }


def _rows(path: Path, limit: int) -> list[dict[str, str]]:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return list(csv.DictReader(io.StringIO(text.decode())))[:limit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", type=Path)
    parser.add_argument("--limit", type=int, default=2500, help="first rows of the file")
    options = parser.parse_args()
    rows = _rows(options.reports, options.limit)
    encoder = RememberingText(minilm(), limit=200_000)
    outcome = {
        column: measure([t for x in rows if (t := x[column].strip())], encoder)
        for column in ("indication", "findings")
    }
    json.dump(outcome, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
