"""Which pictures of something else a labelled adapter calls unfamiliar: prints one JSON object.

    python tests/benchmarks/foreign.py COVID_CXR OTHER... [--vision starter|FOLDER] [--seeds 4]

COVID_CXR is the folder of chest images; from a random half of its patients an adapter is learned,
the other half must be familiar to it, and pictures of each folder OTHER (at most --limit, at
random, from all folders below) must not. `vectors` asks by what the head reads, `looks` by the
mean direction of patches, `both` as answers do. Shares are means over seeds, with the lowest and
highest. The rate of looks was chosen after a look at these figures, among 1, 2, 3 and 5 %.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.append(str(Path(__file__).parents[1]))
from covid_exams import CLASSES, Exams, covid_exams
from covid_features import named_vision
from secondlook.models.answers import AnswersPart
from secondlook.models.backbones import minilm
from secondlook.models.case_vectors import IMAGE, standardised
from secondlook.models.familiar import LOOK
from secondlook.models.goods import network_of
from secondlook.models.vision import PatchNetwork
from secondlook.training.labelled import LabelledCase, LabelledConfig, learn_labelled
from secondlook.training.labelled.reading import read_cases
from secondlook.training.labelled.readings import Readings
from secondlook.training.labelled.recipe import columns

WAYS = ("vectors", "looks", "both")
KINDS = (".jpg", ".jpeg", ".png", ".bmp")
Shares = dict[str, dict[str, float]]


def pixels(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def foreign(folder: Path, limit: int, vision: PatchNetwork) -> Readings:
    files = sorted(x for x in folder.rglob("*") if x.suffix.lower() in KINDS)
    chosen = np.random.default_rng(0).permutation(len(files))[:limit].tolist()
    keys = {i: hashlib.sha256(str(files[i]).encode()).hexdigest() for i in chosen}
    cases = [
        LabelledCase(images=(partial(pixels, files[i]),), labels=(), group=keys[i], key=keys[i])
        for i in chosen
    ]
    return read_cases(cases, vision, None, seconds=1e6, progress=lambda _: None)


def shares(part: AnswersPart, readings: Readings, size: int) -> dict[str, float]:
    """Of these cases called unfamiliar, by each way."""
    there = readings.has_image
    wide = readings.means()[there]
    rows = standardised(part.head, IMAGE, wide[:, columns(part.recipe, size, wide.shape[1])])
    said = {
        "vectors": np.array([part.familiarity[IMAGE].unfamiliar(x) for x in rows]),
        "looks": np.array([part.familiarity[LOOK].unfamiliar(x) for x in readings.look()[there]]),
    }
    said["both"] = said["vectors"] | said["looks"]
    return {x: float(y.mean()) for x, y in said.items()}


def one_seed(exams: Exams, others: dict[str, Readings], vision: PatchNetwork, seed: int) -> Shares:
    patients = np.random.default_rng(seed).permutation(exams.groups.max() + 1)
    known = np.isin(exams.groups, patients[: len(patients) // 2])
    rows = np.flatnonzero(known)
    seen = exams.seeing("image")
    part = learn_labelled(
        [exams.cases[i] for i in rows.tolist()],
        vision=vision,
        text=None,
        classes=CLASSES,
        config=LabelledConfig(tune=None, seed=seed, seconds=1e6),
        readings=seen.only(rows),
    ).part
    size = vision.image_tower.pooled_size
    asked = {"held_back": seen.only(np.flatnonzero(~known))} | others
    return {x: shares(part, y, size) for x, y in asked.items()}


def summed(found: Sequence[Shares], name: str, way: str) -> list[float]:
    values = [x[name][way] for x in found]
    return [round(float(x), 3) for x in (np.mean(values), min(values), max(values))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("others", type=Path, nargs="+")
    parser.add_argument("--vision", default="starter")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--limit", type=int, default=60)
    options = parser.parse_args()
    vision = network_of(named_vision(options.vision))
    others = {x.name: foreign(x, options.limit, vision) for x in options.others}
    exams = covid_exams(options.folder, "covid", vision, minilm())
    found = [one_seed(exams, others, vision, x) for x in range(options.seeds)]
    print(json.dumps({
        x: {way: summed(found, x, way) for way in WAYS} for x in found[0]
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
