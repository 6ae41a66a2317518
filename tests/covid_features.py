"""The chest images with notes, as features: COVID-19 or something else."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from secondlook.models.backbones import (
    VisionBackbone,
    load_vision,
    minilm,
    starter,
    untrained_vision,
)
from secondlook.models.fusion.inputs import ModalityBatch, pooled

CLASSES = ("other", "covid-19")
UNKNOWN = "todo"
TELLING = re.compile(
    r"covid\S*|sars\S*|2019-?\s?n-?cov\S*|n-?cov\S*|coronavir\S*|corona\b|wuhan|hubei|china|"
    r"chinese|pandemic\S*|epidem\S*|quarantin\S*|rt-?\s?pcr\S*|pcr\b|swab\S*|"
    r"pneumoni\S*|ards\b|acute respiratory distress syndrome|influenza\S*|streptococc\S*|"
    r"pneumocyst\S*|pcp\b|jirovec\S*|carinii\S*|klebsiell\S*|legionell\S*|mycoplasm\S*|"
    r"varicell\S*|chickenpox|e\.?\s?coli\S*|escherichi\S*|lipoid\S*|bacteri\S*|vir(?:us|al)\S*|"
    r"normal\S*|no finding\S*|unremarkabl\S*|di[a]gnos\S*|positiv\S*|negativ\S*|"
    r"died|death\S*|dead|deceas\S*|fatal\S*|postmortem|surviv\S*|discharg\S*|recover\S*|"
    r"intubat\S*|icu\b|intensive care|ventilat\S*|case courtesy.*|credit to.*|radiopaedia\S*",
    re.IGNORECASE,
)
"""Names of findings and outcomes, and the sources, of which some know one finding only."""
BATCH = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class CovidCases:
    """Features, labels and patients of N images."""

    features: dict[str, ModalityBatch]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]


def named_vision(name: str | None) -> VisionBackbone:
    """`starter`, a checkpoint folder, or for None an untrained network."""
    if name is None:
        return untrained_vision()
    return starter() if name == "starter" else load_vision(Path(name))


def mask(note: str) -> str:
    """The note without the words that tell the finding or how it ended."""
    return TELLING.sub("___", note)


def covid_cases(folder: Path, vision: VisionBackbone) -> CovidCases:
    """Read `cases.csv`, pool the patches of each image and embed each masked note.

    Cases without a note lack the modality `text`; findings still to be named are left out.
    """
    with (folder / "cases.csv").open(newline="", encoding="utf-8") as file:
        rows = [x for x in csv.DictReader(file) if x["finding"] != UNKNOWN]
    notes = [x["note"].strip() for x in rows]
    return CovidCases(
        features={
            "image": pooled(_images([folder / x["image"] for x in rows], vision)),
            "text": pooled(minilm().embed([mask(x) for x in notes]), [bool(x) for x in notes]),
        },
        labels=np.array([x["finding"].startswith("COVID-19") for x in rows], dtype=np.int64),
        groups=np.array([x["patientid"] for x in rows]),
    )


def _images(files: list[Path], vision: VisionBackbone) -> NDArray[np.float32]:
    """(N, 2 D) mean and spread over the patches of each image."""
    parts = []
    for start in range(0, len(files), BATCH):
        patches = vision.patches(list(_pixels(files[start : start + BATCH])))
        flat = patches.reshape(len(patches), -1, patches.shape[-1])
        parts.append(np.concatenate([flat.mean(1), flat.std(1)], axis=1))
    return np.concatenate(parts)


def _pixels(files: Iterable[Path]) -> Iterable[NDArray[np.uint8]]:
    for file in files:
        with Image.open(file) as image:
            yield np.asarray(image.convert("RGB"))
