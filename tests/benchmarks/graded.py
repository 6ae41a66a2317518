"""How severe, by picture and manual together: learned fusion and its ablations, as one JSON object.

    python tests/benchmarks/graded.py [--parts 150] [--folds 5] [--minutes 0] [--seeds 2]

Each made plate (made_parts.py) is shown twice, with each of two manuals that grade defects
differently, and labelled with the grade that the manual at hand asks for by its drawn size. Picture
and manual alone cannot tell it: half of the defective plates have another grade under the other
manual. Learned and measured by `secondlook evaluate --folds`, head alone unless minutes are given;
both copies of a plate are always in the same fold. `image`, `text` and `shuffled_text` are the same
answers without the manual, without the picture, and with the manual of another plate. The fusions
are those of the engine; each run chooses among them by cross-validation inside its folds.
"""

import argparse
import csv
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from made_parts import Part, draw_parts, write

from secondlook.workspace import init_workspace
from secondlook_workflows import evaluate
from secondlook_workflows.context import open_context
from secondlook_workflows.evaluating import EvaluateConfig

GRADING = {
    "first": """# Cover plate, grades, first customer

2.1 Pores are critical defects and lead to scrap.

2.2 Scratches longer than 9 mm are major defects and are reworked.

2.3 Scratches up to 9 mm are minor defects and are accepted.

2.4 Stains are minor defects and are accepted.
""",
    "second": """# Cover plate, grades, second customer

2.1 Pores are minor defects and are accepted.

2.2 Scratches are critical defects and lead to scrap.

2.3 Stains larger than 20 mm2 are major defects and are reworked.

2.4 Stains up to 20 mm2 are minor defects and are accepted.
""",
}


def grade(part: Part, manual: str) -> str:
    """What a manual calls the defect of a part."""
    if part.kind is None:
        return "good"
    if manual == "first":
        scratch = "major" if part.size > 9 else "minor"
        return {"pore": "critical", "scratch": scratch, "stain": "minor"}[part.kind]
    stain = "major" if part.size > 20 else "minor"
    return {"pore": "minor", "scratch": "critical", "stain": stain}[part.kind]


def manifest(parts: Sequence[Part], folder: Path) -> Path:
    """Every part with every manual, and its grade."""
    list(write(parts, folder))
    for name, text in GRADING.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    path = folder / "graded.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["case", "image", "record", "label", "group"])
        for part in parts:
            for name in GRADING:
                case = f"{part.name}-{name}"
                rows.writerow(
                    [case, f"{part.name}.png", f"{name}.md", grade(part, name), part.name]
                )
    return path


def run_once(seed: int, options: argparse.Namespace) -> dict[str, dict[str, float | None]]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        init_workspace(home)
        context = open_context(home)
        file = manifest(draw_parts(options.parts, seed), Path(folder) / "parts")
        config = EvaluateConfig(
            domain="defect-inspector",
            manifest=file,
            folds=options.folds,
            minutes=options.minutes,
            seed=seed,
        )
        report = evaluate.run(config, context)
    tables = {"fused": report.metrics, **report.ablations}
    names = ("accuracy", "f1_macro", "ece")
    return {name: {x: table.get(x) for x in names} for name, table in tables.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=150)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    runs = [run_once(seed, options) for seed in range(options.seeds)]
    parts = draw_parts(options.parts, 0)
    table: dict[str, Any] = {
        name: {x: spread([run[name][x] for run in runs]) for x in runs[0][name]} for name in runs[0]
    }
    counts = Counter(grade(x, name) for x in parts for name in GRADING)
    differing = sum(grade(x, "first") != grade(x, "second") for x in parts)
    print(
        json.dumps(
            {
                "parts": len(parts),
                "cases": len(parts) * len(GRADING),
                "grades": dict(counts),
                "differing": differing,
                "seeds": options.seeds,
                **table,
            },
            indent=2,
        )
    )


def spread(values: Sequence[float | None]) -> dict[str, float] | None:
    known = [x for x in values if x is not None]
    if not known:
        return None
    return {
        "mean": round(float(np.mean(known)), 3),
        "least": round(min(known), 3),
        "most": round(max(known), 3),
    }


if __name__ == "__main__":
    main()
