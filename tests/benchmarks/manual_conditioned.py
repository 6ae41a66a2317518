"""The same parts under two manuals that differ: is the disposition the one that the manual asks for?

    python tests/benchmarks/manual_conditioned.py [--parts 200] [--goods 120] [--labelled 120]
        [--minutes 2] [--seed 0]

Prints one JSON object. Everything goes the way of a user, in a new workspace: a product with its
pitch, goods learned, kinds learned from labelled parts (other parts than the measured ones), parts
ingested, looked at once without a manual, then judged again under manual A and under manual B. What
is right is known from how the parts were drawn (made_parts.py). `wrong` is what was said under the
other manual. `flipped` are the parts of which the manuals ask for different things; "chance" there
is what somebody gets who says what is asked most often among them. `hold` is the share that was
left to a person; it counts as wrong. `near` leaves out the parts whose size is within 10 % of a
limit of the manual.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from made_parts import MANUALS, PITCH, Part, draw_parts, write, write_labels

from secondlook.store.worklist_values import WorklistFilter
from secondlook.workspace import init_workspace
from secondlook_workflows import adapters, assess, describe, ingest, learn
from secondlook_workflows.context import Context, open_context
from secondlook_workflows.learning import LearnConfig

DOMAIN, PRODUCT = "defect-inspector", "cover-plate"
LIMITS = {
    "A": {"pore": (1.0, 2.0), "scratch": (12.0,), "stain": ()},
    "B": {"pore": (3.0,), "scratch": (6.0,), "stain": (20.0,)},
}
Said = Mapping[str, str | None]


def learned(folder: Path, options: argparse.Namespace, context: Context) -> dict[str, str]:
    """Goods, then kinds on top; the ids of the adapters."""
    goods = draw_parts(options.goods, options.seed + 100, good=1.0, name="good")
    list(write(goods, folder / "goods"))
    labels = draw_parts(options.labelled, options.seed + 200, good=0.25, name="labelled")
    manifest = write_labels(labels, folder / "labelled")
    first = learn.run(
        LearnConfig(
            domain=DOMAIN, goods=folder / "goods", product=PRODUCT, minutes=options.minutes
        ),
        context,
    )
    second = learn.run(
        LearnConfig(domain=DOMAIN, manifest=manifest, product=PRODUCT, minutes=0), context
    )
    with context.workspace.database.read() as unit:
        champion = unit.adapters.champion(DOMAIN, PRODUCT)
    if champion is None or champion.id != second.adapter:
        adapters.promote(second.adapter, context)
    return {"goods": first.adapter, "labels": second.adapter}


def said(context: Context, count: int) -> dict[str, str | None]:
    """The recommendation for each part, by its name."""
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter(), limit=2 * count).rows
        return {Path(x.title).stem: x.recommended for x in rows}


def accuracy(parts: Sequence[Part], answers: Said, manual: str) -> dict[str, Any]:
    """Of the recommendations, against what the manual asks for."""
    right = np.array([answers[x.name] == x.asked(manual) for x in parts])
    flipped = np.array([x.flipped for x in parts])
    clear = np.array([not near(x, manual) for x in parts])
    asked = Counter(x.asked(manual) for x in parts if x.flipped)
    return {
        "all": _share(right),
        "flipped": _share(right[flipped]),
        "not_near_a_limit": _share(right[clear]),
        "hold": _share(np.array([answers[x.name] == "hold" for x in parts])),
        "chance_on_flipped": _share(max(asked.values(), default=0) / max(1, flipped.sum())),
    }


def near(part: Part, manual: str) -> bool:
    """Whether the part's size is within a tenth of a limit."""
    limits = LIMITS[manual].get(part.kind or "", ())
    return any(abs(part.size - x) <= 0.1 * x for x in limits)


def _share(values: Any) -> float | None:
    values = np.asarray(values)
    return round(float(values.mean()), 3) if values.size else None


def wrongs(parts: Sequence[Part], answers: Said, manual: str) -> list[str]:
    return [
        f"{x.name} {x.kind} {x.size:.2f}: {answers[x.name]}, asked {x.asked(manual)}"
        for x in parts
        if answers[x.name] != x.asked(manual)
    ]


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    home = folder / "home"
    init_workspace(home)
    context = open_context(home)
    parts = draw_parts(options.parts, options.seed)
    describe.add(DOMAIN, PRODUCT, context, pitch_mm=PITCH)
    ids = learned(folder, options, context)
    files = tuple(write(parts, folder / "parts"))
    ingest.run(ingest.IngestConfig(domain=DOMAIN, sources=files, product=PRODUCT), context)
    started = time.monotonic()
    assess.run(assess.AssessConfig(domain=DOMAIN), context)
    looks = time.monotonic() - started
    answers: dict[str, Said] = {"none": said(context, len(parts))}
    again = {}
    for name, text in MANUALS.items():
        file = folder / f"manual-{name}.md"
        file.write_text(text, encoding="utf-8")
        started = time.monotonic()
        report = describe.revise(DOMAIN, PRODUCT, file, context, revision=name)
        again[name] = round(time.monotonic() - started, 2)
        answers[name] = said(context, len(parts))
        assert report.changed
    other = {"A": "B", "B": "A"}
    return {
        "parts": len(parts),
        "flipped": sum(x.flipped for x in parts),
        "kinds": dict(Counter(x.kind or "good" for x in parts)),
        "adapters": ids,
        "right": {x: accuracy(parts, answers[x], x) for x in MANUALS},
        "wrong": {x: accuracy(parts, answers[other[x]], x) for x in MANUALS},
        "none": {x: accuracy(parts, answers["none"], x) for x in MANUALS},
        "seconds": {"first_looks": round(looks, 1), "judged_again": again},
        "misses": {x: wrongs(parts, answers[x], x) for x in MANUALS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=200)
    parser.add_argument("--goods", type=int, default=120)
    parser.add_argument("--labelled", type=int, default=120)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), options), indent=2))


if __name__ == "__main__":
    main()
