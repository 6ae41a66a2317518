"""The chest images with notes as labelled cases of two questions, the patients never parted."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from covid_masking import mask
from secondlook.models.backbones import TextBackbone
from secondlook.models.vision import PatchNetwork
from secondlook.training.labelled import LabelledCase
from secondlook.training.labelled.cases import joined_groups
from secondlook.training.labelled.reading import read_cases
from secondlook.training.labelled.readings import Readings

CLASSES = ("no", "yes")
UNKNOWN = "todo"
CARE = ("intubated", "went_icu", "in_icu")
Question = Literal["care", "covid"]
Row = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exams:
    """N images with masked notes, read once by the frozen backbones."""

    cases: list[LabelledCase]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    """Patients; those who share a picture count as one."""
    readings: Readings

    def seeing(self, *modalities: str) -> Readings:
        """The readings of these modalities alone."""
        kept = self.readings
        if "image" not in modalities:
            kept = replace(
                kept,
                vectors=kept.vectors[:0],
                looks=kept.looks[:0],
                owner=kept.owner[:0],
                number=kept.number[:0],
                digests=(),
            )
        if "text" not in modalities:
            kept = replace(kept, text=kept.text[:, :0], has_text=np.zeros_like(kept.has_text))
        return kept


def truth(row: Row, question: Question) -> bool | None:
    """Whether the answer is yes; None where nobody has said.

    `care`: was intubated or in intensive care, then or later. No is where nothing says yes and at
    least one of them was denied.
    """
    if question == "covid":
        finding = row["finding"]
        return None if finding == UNKNOWN else finding.startswith("COVID-19")
    said = {row[x] for x in CARE}
    return True if "Y" in said else False if "N" in said else None


def covid_rows(folder: Path) -> list[Row]:
    """Every image with its note, as the table has them."""
    with (folder / "cases.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def covid_exams(
    folder: Path, question: Question, vision: PatchNetwork, text: TextBackbone
) -> Exams:
    """The cases whose answer is known."""
    rows = [x for x in covid_rows(folder) if truth(x, question) is not None]
    cases = [_case(folder, x, question) for x in rows]
    readings = read_cases(cases, vision, text, seconds=1e6, progress=lambda _: None)
    groups, _ = joined_groups([x.group for x in cases], _digests(readings, len(cases)))
    labels = np.array([truth(x, question) for x in rows], dtype=np.int64)
    return Exams(cases=cases, labels=labels, groups=groups, readings=readings)


def _case(folder: Path, row: Row, question: Question) -> LabelledCase:
    note = mask(row["note"]).strip()
    return LabelledCase(
        images=(partial(_pixels, folder / row["image"]),),
        passages=(note,) if note else (),
        labels=(CLASSES[bool(truth(row, question))],),
        group=row["patientid"],
        key=hashlib.sha256(row["image"].encode()).hexdigest(),
    )


def _digests(readings: Readings, count: int) -> Sequence[Sequence[str]]:
    shared: list[list[str]] = [[] for _ in range(count)]
    for owner, digest in zip(readings.owner.tolist(), readings.digests, strict=True):
        shared[owner].append(digest)
    return shared


def _pixels(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))
