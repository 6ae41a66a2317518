"""Retrieval and zero-shot labels before and after an alignment is learned: prints one JSON.

    python tests/benchmarks/alignment.py [--scenes N] [--covid DIR] [--neu DIR] [--seeds 3]
        [--pair starter|unaligned|PATH] [--levels] [--per-label N] [--threads 1]

--scenes learns from N made-up scenes with captions and measures on scenes that nothing was ever
trained on, ten pools of 100 different captions. --covid is the folder of covid_cxr: images and
their notes, without the words that name finding or outcome; five folds by patient, and candidates
are the notes of the fold held out (at most 100). --neu is the folder of neu_steel: captions "a
steel surface with {label}", five folds, and accuracy of the six label names as texts, with the usual
prompts or with that caption as the only one; of each fold held out, 24 cases fit the temperature
and the others are measured.

`after` is what was learned, whether or not the product would keep it; `kept` is in how many of the
runs it would. `shuffled` is the same with the texts dealt out anew: it should be kept in none.
--pair unaligned takes the tower of the starter and plain MiniLM, which share no space.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from secondlook.models.alignment import AlignmentPart, fingerprints
from secondlook.models.backbones import load_vision, minilm, starter
from secondlook.models.calibration import expected_calibration_error
from secondlook.models.dual import DualBackbone
from secondlook.models.recipe import Recipe
from secondlook.models.zero_shot import read_labels
from secondlook.training.alignment import AlignmentConfig, Pair
from secondlook.training.alignment.fit import fit
from secondlook.training.alignment.judge import grouped_parts, judge
from secondlook.training.alignment.pairs import ReadPairs, read_pairs
from secondlook.training.alignment.ranks import ranks
from secondlook.training.labelled.reading import everything
from secondlook.training.starter.library import SCENE_SIDE
from secondlook.training.starter.retrieval import caption_retrieval
from secondlook.training.starter.scenes import scene

sys.path.insert(0, str(Path(__file__).parents[1]))
from covid_features import UNKNOWN, mask

CANDIDATES, CALIBRATION, SCENES = 100, 24, 77
CAPTION = "a steel surface with {title}"
Rows = Any


def pair_of(name: str) -> DualBackbone:
    if name == "unaligned":
        image = starter().image
        return DualBackbone(image, minilm(), image.ref, aligned=False)  # type: ignore[arg-type]
    dual = starter() if name == "starter" else load_vision(Path(name))
    if not isinstance(dual, DualBackbone):
        raise SystemExit(f"{name} reads no texts")
    return dual


def picture(file: Path) -> Callable[[], Any]:
    def load() -> Any:
        from PIL import Image

        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"))

    return load


class Learner:
    """Learns from rows of pairs that are read once."""

    def __init__(self, dual: DualBackbone, config: AlignmentConfig) -> None:
        self.dual, self.config = dual, config
        self.recipe = Recipe(levels=everything(dual.image).levels if config.levels else ())

    def read(self, pairs: Sequence[Pair]) -> ReadPairs:
        return read_pairs(pairs, self.dual, self.recipe, seconds=1e9, progress=lambda share: None)

    def learn(self, read: ReadPairs, rows: Rows, seed: int, shuffle: bool = False) -> Any:
        """What `learn_alignment` does with these rows, and whether it would keep it."""
        order = np.random.default_rng(seed).permutation(rows) if shuffle else rows
        part = replace(
            read,
            image=read.image[rows],
            text=read.text[order],
            pictures=read.pictures[rows],
            texts=read.texts[order],
            groups=np.unique(read.groups[rows], return_inverse=True)[1],
        )
        config, until = replace(self.config, seed=seed), time.monotonic() + 1e6
        judged = judge(part, self.dual, config, until=until, progress=lambda share: None)
        better = judged.better()[0] and bool(judged.epochs or not self.dual.aligned)
        if shuffle:
            return None, better
        all_rows = np.arange(len(rows))
        maps = fit(
            part, all_rows, all_rows[:0], self.dual, config, until=until, epochs=judged.epochs
        ).maps
        learned = AlignmentPart(
            image_map=maps.image,
            text_map=maps.text,
            scale=float(maps.scale),
            backbones=fingerprints(self.dual),
            recipe=self.recipe,
        )
        return learned, better


class Moved:
    """A pair seen through an alignment, as `caption_retrieval` takes it."""

    def __init__(self, dual: DualBackbone, part: AlignmentPart) -> None:
        self.dual, self.part = dual, part

    def embed_images(self, images: Sequence[Any]) -> Any:
        return self.part.image(self.part.read(self.dual, images))

    def embed(self, texts: Sequence[str]) -> Any:
        return self.part.text(self.dual.embed(texts))


def retrieval(read: ReadPairs, rows: Rows, image: Any, text: Any, seed: int) -> Any:
    """Ranks of pictures among at most 100 texts of the rows, and the other way round."""
    several = np.random.default_rng(seed).permutation(rows)[: 2 * CANDIDATES]
    texts = np.unique(read.texts[several])[:CANDIDATES]
    chosen = several[np.isin(read.texts[several], texts)]
    place = {int(x): i for i, x in enumerate(rows)}
    at = [place[int(x)] for x in chosen]
    found = ranks(image[at] @ text[at].T, *read.take(chosen))
    return {x: y for x, y in found.items()}


def pooled(runs: list[Any]) -> Any:
    """Figures of the ranks of all folds and seeds together."""
    out: Any = {}
    for way in runs[0]:
        joined = replace(
            runs[0][way],
            rank=np.concatenate([x[way].rank for x in runs]),
            candidates=np.concatenate([x[way].candidates for x in runs]),
        )
        out[way] = rounded(asdict(joined.figures()))
        out[way]["chance"] = rounded(asdict(joined.chance()))
    return out


def rounded(figures: Any) -> Any:
    return {x: round(float(y), 4) for x, y in figures.items()}


def measured_scenes(learner: Learner, count: int, seeds: int) -> Any:
    dual, runs = learner.dual, []
    before = caption_retrieval(dual) if dual.aligned else None
    for seed in range(seeds):
        made = [scene(SCENE_SIDE, np.random.default_rng([SCENES, seed, i])) for i in range(count)]
        pairs = [Pair(images=(x.pixels,), text=x.caption, group=str(i)) for i, x in enumerate(made)]
        read = learner.read(pairs)
        part, kept = learner.learn(read, np.arange(len(read.groups)), seed)
        _, false = learner.learn(read, np.arange(len(read.groups)), seed, shuffle=True)
        runs.append((caption_retrieval(Moved(dual, part)), kept, false))
    return {
        "before": before,
        "after": [rounded(x[0]) for x in runs],
        "kept": f"{sum(x[1] for x in runs)} of {len(runs)}",
        "shuffled_kept": f"{sum(x[2] for x in runs)} of {len(runs)}",
    }


def covid_pairs(folder: Path) -> list[Pair]:
    with (folder / "cases.csv").open(newline="", encoding="utf-8") as file:
        rows = [x for x in csv.DictReader(file) if x["finding"] != UNKNOWN and x["note"].strip()]
    return [
        Pair(images=(picture(folder / x["image"]),), text=mask(x["note"]), group=x["patientid"])
        for x in rows
    ]


def measured_covid(learner: Learner, folder: Path, seeds: int) -> Any:
    read = learner.read(covid_pairs(folder))
    before, after, kept, false = [], [], [], []
    for seed in range(seeds):
        for rows in grouped_parts(read.groups, 5, seed):
            part, better = learner.learn(
                read, np.setdiff1d(np.arange(len(read.groups)), rows), seed
            )
            kept.append(better)
            rest = np.setdiff1d(np.arange(len(read.groups)), rows)
            false.append(learner.learn(read, rest, seed, shuffle=True)[1])
            image, text = read.image[rows], read.text[rows]
            if learner.dual.aligned:
                frozen = image[:, : text.shape[1]]
                before.append(retrieval(read, rows, frozen, text, seed))
            after.append(retrieval(read, rows, part.image(image), part.text(text), seed))
    return {
        "pairs": len(read.groups),
        "texts": int(read.texts.max()) + 1,
        "patients": int(read.groups.max()) + 1,
        "before": pooled(before) if before else None,
        "after": pooled(after),
        "kept": f"{sum(kept)} of {len(kept)}",
        "shuffled_kept": f"{sum(false)} of {len(false)}",
    }


def measured_neu(learner: Learner, folder: Path, seeds: int, per_label: int | None) -> Any:
    names = sorted(x.name for x in folder.iterdir() if x.is_dir())
    words = [x.replace("_", " ").replace("-", " ").lower() for x in names]
    files = [(i, x) for i, name in enumerate(names) for x in sorted((folder / name).iterdir())]
    pairs = [
        Pair(images=(picture(x),), text=CAPTION.format(title=words[i]), group=x.name)
        for i, x in files
    ]
    read = learner.read(pairs)
    truth = np.array([i for i, _ in files])
    assert len(truth) == len(read.groups), "a picture could not be read"
    dual, runs = learner.dual, []
    for seed in range(seeds):
        for rows in grouped_parts(read.groups, 5, seed):
            rest = np.setdiff1d(np.arange(len(truth)), rows)
            if per_label is not None:
                mixed = np.random.default_rng(seed).permutation(rest)
                rest = np.sort(
                    np.concatenate(
                        [mixed[truth[mixed] == i][:per_label] for i in range(len(words))]
                    )
                )
            part, kept = learner.learn(read, rest, seed)
            run: Any = {"kept": kept, "shuffled_kept": learner.learn(read, rest, seed, True)[1]}
            held = np.random.default_rng(seed).permutation(rows)
            for name, alignment in (("before", None), ("after", part)):
                if alignment is None and not dual.aligned:
                    continue
                labels = read_labels(dual, words, alignment=alignment)
                as_learned = read_labels(dual, words, prompts=[CAPTION], alignment=alignment)
                size = None if alignment is not None else labels.vectors.shape[1]
                vectors = read.image[:, :size]
                run[name] = zero_shot_figures(labels, vectors, truth, held)
                claimed = as_learned.probabilities(vectors[held[CALIBRATION:]]).argmax(1)
                right = claimed == truth[held[CALIBRATION:]]
                run[name]["accuracy_with_the_caption_as_prompt"] = float(right.mean())
            runs.append(run)
    figures: Any = {x: {} for x in ("before", "after") if x in runs[0]}
    for name, values in figures.items():
        for key in runs[0][name]:
            of = [x[name][key] for x in runs]
            values[key] = {"mean": round(float(np.mean(of)), 4), "sd": round(float(np.std(of)), 4)}
    return {
        "labels": words,
        "runs": len(runs),
        **figures,
        "kept": f"{sum(x['kept'] for x in runs)} of {len(runs)}",
        "shuffled_kept": f"{sum(x['shuffled_kept'] for x in runs)} of {len(runs)}",
    }


def zero_shot_figures(labels: Any, vectors: Any, truth: Any, held: Rows) -> dict[str, float]:
    known, rows = held[:CALIBRATION], held[CALIBRATION:]
    raw = labels.probabilities(vectors[rows])
    calibrated = labels.calibrated(vectors[known], truth[known]).probabilities(vectors[rows])
    return {
        "accuracy": float((raw.argmax(1) == truth[rows]).mean()),
        "log_loss": log_loss(raw, truth[rows]),
        "ece": expected_calibration_error(raw, truth[rows]),
        "calibrated_accuracy": float((calibrated.argmax(1) == truth[rows]).mean()),
        "calibrated_log_loss": log_loss(calibrated, truth[rows]),
        "calibrated_ece": expected_calibration_error(calibrated, truth[rows]),
    }


def log_loss(probabilities: Any, truth: Any) -> float:
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--covid", type=Path)
    parser.add_argument("--neu", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pair", default="starter")
    parser.add_argument("--levels", action="store_true")
    parser.add_argument("--per-label", type=int)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    learner = Learner(pair_of(options.pair), AlignmentConfig(levels=options.levels))
    started = time.monotonic()
    table: dict[str, Any] = {"pair": options.pair, "levels": options.levels}
    if options.neu is not None:
        table["neu"] = measured_neu(learner, options.neu, options.seeds, options.per_label)
    if options.covid is not None:
        table["covid"] = measured_covid(learner, options.covid, options.seeds)
    if options.scenes is not None:
        table["scenes"] = measured_scenes(learner, options.scenes, options.seeds)
    print(json.dumps(table | {"seconds": round(time.monotonic() - started, 1)}, indent=2))


if __name__ == "__main__":
    main()
