"""How well findings are read from reports, negation and doubt included: prints one JSON object.

    python tests/benchmarks/findings.py REPORTS [--develop]

REPORTS is a CSV (or .csv.gz) of Open-i with the columns `xml_uid, indication, findings, impression`
and 21 label columns, of which `Normal` is that no other holds. The labels were given by people who
read the report, so this is text reading and no triage.

The reports are split in two by a hash of their number. Words and rules were chosen on one half,
`develop`; `held_back` was measured once they stood. --develop leaves that half alone and shows more
errors. `urgency` says how far the indication alone, which is known before an exam is read, ranks
the reports that hold an urgent finding: it is described, nothing is claimed.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from sklearn.metrics import roc_auc_score

from radiology_assistant.evidence import find_mentions, priority
from radiology_assistant.notes import Mention, read_note
from radiology_assistant.notes.reports import may_be_report, reads_like_report
from radiology_assistant.settings import RadiologySettings
from secondlook import Record
from secondlook.intake.passages import note

Row = dict[str, str]
COLUMNS = {
    "Atelectasis": ("atelectasis",),
    "Cardiomegaly": ("cardiomegaly",),
    "Effusion": ("pleural_effusion",),
    "Pneumonia": ("pneumonia",),
    "Pneumothorax": ("pneumothorax",),
    "Edema": ("pulmonary_oedema", "oedema", "vascular_congestion"),
    "Emphysema": ("emphysema",),
    "Fibrosis": ("fibrosis",),
    "Infiltration": ("infiltrate",),
    "Mass": ("mass",),
    "Nodule": ("nodule",),
    "Hernia": ("hernia",),
    "Fracture": ("fracture",),
    "Pleural_Thickening": ("pleural_thickening", "thickening"),
    "Opacity": ("opacity",),
    "Consolidation": ("consolidation",),
    "Granuloma": ("granuloma",),
    "Calcinosis": ("calcification",),
    "Scoliosis": ("scoliosis",),
    "Atherosclerosis": ("atherosclerosis",),
}
"""What the vocabulary calls the findings of the columns."""
NORMAL = "Normal"
HOLDS = ("affirmed", "uncertain", "historical")
"""The coders of Open-i noted what was possible and what was old like what was there."""
GONE = ("resol", "clear", "no longer")
"""In a cue: what is past and not seen any more."""
URGENT = ("Pneumothorax", "Pneumonia", "Consolidation", "Effusion", "Edema", "Fracture")
SHOWN = 6
KINDS = {(True, True): "tp", (True, False): "fn", (False, True): "fp", (False, False): "tn"}


def develops(row: Row) -> bool:
    """Whether a report is of the half that words and rules were chosen on."""
    return hashlib.sha256(row["xml_uid"].encode()).digest()[0] % 2 == 0


def measure(rows: Sequence[Row], shown: int) -> dict[str, object]:
    """F1 by label, their mean, and errors of the worst five labels."""
    counts = {x: Counter[str]() for x in (*COLUMNS, NORMAL)}
    errors: dict[str, list[dict[str, object]]] = {x: [] for x in counts}
    for row in rows:
        mentions = read_note(_report(row)).mentions
        found = _found(mentions)
        for label, tally in counts.items():
            kind = ("true" if row[label] == "1" else "false", label in found)
            tally[
                {("true", True): "tp", ("true", False): "fn", ("false", True): "fp"}.get(kind, "tn")
            ] += 1
            if (row[label] == "1") != (label in found):
                errors[label].append(_error(row, label, mentions))
    figures = {x: _figures(c) for x, c in counts.items()}
    worst = sorted(figures, key=lambda x: figures[x]["f1"])[: len(counts) if shown > SHOWN else 5]
    return {
        "reports": len(rows),
        "f1_macro": round(sum(x["f1"] for x in figures.values()) / len(figures), 4),
        "by_label": figures,
        "errors_of_the_worst": {x: _spread(errors[x], shown) for x in worst},
    }


def found_in(row: Row) -> set[str]:
    """The columns that a report is read to hold."""
    return _found(read_note(_report(row)).mentions)


def _found(mentions: Iterable[Mention]) -> set[str]:
    held = {x.label for x in mentions if x.assertion in HOLDS and not _gone(x)}
    found = {column for column, names in COLUMNS.items() if held & set(names)}
    return found or {NORMAL}


def _gone(mention: Mention) -> bool:
    return mention.assertion == "historical" and any(x in mention.cue.lower() for x in GONE)


def _figures(count: Counter[str]) -> dict[str, float]:
    tp, fp, fn = count["tp"], count["fp"], count["fn"]
    return {
        "n": tp + fn,
        "f1": round(2 * tp / (2 * tp + fp + fn), 4) if tp + fp + fn else 1.0,
        "precision": round(tp / (tp + fp), 4) if tp + fp else 0.0,
        "recall": round(tp / (tp + fn), 4) if tp + fn else 0.0,
    }


def _error(row: Row, label: str, mentions: Sequence[Mention]) -> dict[str, object]:
    """What was missed or found wrongly, with what was read of it."""
    text = _report(row).text
    read = [
        {"text": text[slice(*x.sentence)], "assertion": x.assertion, "cue": x.cue}
        for x in mentions
        if x.label in COLUMNS.get(label, ())
    ]
    kind = "missed" if row[label] == "1" else "wrong"
    return {"report": row["xml_uid"], "kind": kind, "read": read, "text": text}


def _spread(errors: list[dict[str, object]], shown: int) -> dict[str, list[dict[str, object]]]:
    return {kind: [x for x in errors if x["kind"] == kind][:shown] for kind in ("missed", "wrong")}


def urgency(rows: Sequence[Row]) -> dict[str, object]:
    """How the indication alone ranks the reports in which something urgent was found."""
    asked = [x for x in rows if x["indication"].strip()]
    truth = [any(x[label] == "1" for label in URGENT) for x in asked]
    ranks = [_rank(x["indication"]) for x in asked]
    raised = [t for t, rank in zip(truth, ranks, strict=True) if rank > 0]
    return {
        "indications": len(asked),
        "urgent": sum(truth),
        "auroc": round(float(roc_auc_score(truth, ranks)), 4),
        "raised": len(raised),
        "urgent_of_raised": round(sum(raised) / len(raised), 4) if raised else None,
        "urgent_of_all": round(sum(truth) / len(truth), 4),
    }


def _rank(indication: str) -> int:
    record = note(f"Indication: {indication}", kind="note", name="indication")
    found = find_mentions((), RadiologySettings(), (record,))
    return max((priority(x) for x in found), default=0)


def gate(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Of texts without headings the share that feeds no model, and that raises no exam either."""
    texts = {
        c: [x[c] for x in rows if x[c].strip()] for c in ("indication", "findings", "impression")
    }
    return {
        name: {c: round(sum(map(kept, t)) / len(t), 4) for c, t in texts.items()}
        for name, kept in (("feeds_no_model", may_be_report), ("raises_nothing", reads_like_report))
    }


FORMS = {
    "as reports are written": "Indication: {indication}\nFindings: {findings}\nImpression: {impression}",
    "with an assessment": "Indication: {indication}\nFindings: {findings}\nAssessment: {impression}",
    "nothing but an assessment": "Clinical history: {indication}\nAssessment: {impression}",
    "with an examination": (
        "Examination: Chest, 2 views\nHistory: {indication}\nAssessment: {impression}"
    ),
    "a report in a bundle": "Document:\n{indication}\n\nReport:\nXR chest\n\nAssessment: {impression}",
    "an impression in a referral": "Reason for referral: {indication}\nAssessment: {impression}",
}


def leaks(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """By form of a report, the share of which findings or impression feed a model, as they must
    not (the last form but says that a referring doctor wrote it), and of which the indication
    does, as it should."""
    whole = [x for x in rows if x["indication"].strip() and x["impression"].strip()]
    shares = {}
    for name, form in FORMS.items():
        leaked = kept = 0
        for row in whole:
            text = form.format(**row)
            impression = text.rindex(row["impression"])
            starts = [x.start for x in read_note(_named(text)).known]
            leaked += any(x >= impression for x in starts)
            kept += any(x < impression for x in starts)
        shares[name] = {
            "leaked": round(leaked / len(whole), 4),
            "indication_kept": round(kept / len(whole), 4),
        }
    return shares


def _named(text: str) -> Record:
    return note(text, kind="note", name="form")


def speed(rows: Sequence[Row]) -> dict[str, float]:
    """Milliseconds for a note of 100 kB, made of reports."""
    text = "\n\n".join(_report(x).text for x in rows)[:100_000]
    record = note(text, kind="note", name="long")
    read_note(note("warm", kind="note", name="warm"))
    start = time.perf_counter()
    mentions = len(read_note(record).mentions)
    return {"ms": round((time.perf_counter() - start) * 1000, 1), "mentions": mentions}


def _report(row: Row) -> Record:
    text = f"Findings:\n{row['findings']}\n\nImpression:\n{row['impression']}"
    return note(text, kind="note", name=row["xml_uid"])


def rows_of(path: Path) -> list[Row]:
    """The reports of a CSV."""
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return list(csv.DictReader(io.StringIO(text.decode())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", type=Path)
    parser.add_argument("--develop", action="store_true", help="only that half, with more errors")
    options = parser.parse_args()
    rows = rows_of(options.reports)
    halves = {"develop": [x for x in rows if develops(x)]}
    if not options.develop:
        halves["held_back"] = [x for x in rows if not develops(x)]
    outcome = {
        name: measure(half, 40 if options.develop else SHOWN)
        | {"urgency": urgency(half), "without_headings": gate(half), "with_headings": leaks(half)}
        for name, half in halves.items()
    }
    outcome["note_of_100_kB"] = speed(halves["develop"])
    json.dump(outcome, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
