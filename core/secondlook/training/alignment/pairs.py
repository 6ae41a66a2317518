"""Pictures with a text that is true of them, read once by the frozen backbone."""

import hashlib
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError, SecondlookError
from secondlook.models.alignment import case_vector, read_pictures
from secondlook.models.case_vectors import spread_out
from secondlook.models.dual import DualBackbone
from secondlook.models.recipe import Recipe
from secondlook.training.alignment.loss import Numbers
from secondlook.training.labelled.cases import Picture, joined_groups
from secondlook.training.labelled.reading import load_picture

LEAST_PAIRS = 8
LEAST_GROUPS = 4
"""Two to tell apart while learning and two to check on."""
PROBE = 8
"""Pairs after which it is foreseen how long all of them take."""
SHARE = 0.8
"""Of the whole time, that reading may take at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A case's pictures and what somebody wrote about them."""

    images: tuple[Picture, ...]
    """One or more; pixels (H, W, 3), or what loads them."""
    text: str
    """A note or a clause; what lies beyond the tokens that the backbone reads is not seen."""
    group: str
    """What is never parted (patient, lot)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadPairs:
    """Frozen vectors of N pairs, and which of them are the same."""

    image: NDArray[np.float32]
    """(N, V)"""
    text: NDArray[np.float32]
    """(N, T)"""
    pictures: Numbers
    """(N,) equal where the pictures are the same."""
    texts: Numbers
    """(N,) equal where the texts are."""
    groups: Numbers
    """(N,) groups that share a picture are one."""
    unread: int
    """Pictures that could not be read."""
    left_out: int
    """Pairs of which no picture could be read."""
    joined: int
    """Groups that were joined with others because they share a picture."""

    def take(self, rows: Numbers) -> "tuple[Numbers, Numbers, Numbers]":
        """Texts, pictures and groups of these pairs."""
        return self.texts[rows], self.pictures[rows], self.groups[rows]


def check_pairs(pairs: Sequence[Pair]) -> None:
    """Raises ModelError, saying what would work, where nothing can be learned and checked."""
    if len(pairs) < LEAST_PAIRS:
        raise ModelError(
            f"an alignment needs at least {LEAST_PAIRS} pairs of pictures and a text, got "
            f"{len(pairs)}: add cases with a note"
        )
    for number, pair in enumerate(pairs, 1):
        if not pair.text.strip() or not pair.images:
            lacks = "text" if pair.images else "picture"
            raise ModelError(
                f"pair {number} of {len(pairs)} has no {lacks}: leave it out, or add the {lacks}"
            )
    if len({_plain(x.text) for x in pairs}) < 2:
        raise ModelError(
            f"all {len(pairs)} pairs have the same text, so no picture can be told by it: give "
            "texts that say what is on each picture"
        )
    _check_groups(len({x.group for x in pairs}), len(pairs), "")


def read_pairs(
    pairs: Sequence[Pair],
    dual: DualBackbone,
    recipe: Recipe,
    *,
    seconds: float,
    progress: Callable[[float], None],
) -> ReadPairs:
    """Read everything once. Pictures that cannot be read are counted and left out.

    Raises ModelError where the time will not do, where too little could be read, where all
    pictures are the same, and for vectors that are not finite.
    """
    work = _Reading(dual, recipe, seconds)
    for number, pair in enumerate(pairs):
        work.add(number, pair, len(pairs))
        progress((number + 1) / len(pairs))
    if len(work.rows) < LEAST_PAIRS:
        raise ModelError(
            f"of {len(pairs)} pairs only {len(work.rows)} have a picture that can be read, and an "
            f"alignment needs {LEAST_PAIRS}: check the files"
        )
    kept = [pairs[i] for i in work.rows]
    groups, joined = joined_groups([x.group for x in kept], work.digests)
    read = ReadPairs(
        image=np.stack(work.images),
        text=np.stack(work.texts),
        pictures=_numbers(work.digests),
        texts=_numbers([_plain(x.text) for x in kept]),
        groups=groups,
        unread=work.unread,
        left_out=len(pairs) - len(kept),
        joined=joined,
    )
    _check_read(read)
    return read


class _Reading:
    """Reads pictures and texts one by one, and none twice."""

    def __init__(self, dual: DualBackbone, recipe: Recipe, seconds: float) -> None:
        self._dual, self._recipe, self._seconds = dual, recipe, seconds
        self._started = time.monotonic()
        self._seen: dict[str, NDArray[np.float32]] = {}
        self._said: dict[str, NDArray[np.float32]] = {}
        self.rows: list[int] = []
        self.images: list[NDArray[np.float32]] = []
        self.texts: list[NDArray[np.float32]] = []
        self.digests: list[tuple[str, ...]] = []
        self.unread = 0

    def add(self, number: int, pair: Pair, total: int) -> None:
        digests = [x for x in map(self._read, spread_out(pair.images)) if x is not None]
        if digests:
            pooled = self._dual.image_tower.pooled_size
            self.rows.append(number)
            self.images.append(case_vector(np.stack([self._seen[x] for x in digests]), pooled))
            self.texts.append(self._text(_plain(pair.text)))
            self.digests.append(tuple(sorted(set(digests))))
        self._foresee(number + 1, total)

    def _read(self, picture: Picture) -> str | None:
        try:
            pixels = load_picture(self._dual.image, picture)
        except (OSError, SecondlookError, ValueError):  # missing, damaged, no picture
            self.unread += 1
            return None
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()
        if digest not in self._seen:
            self._seen[digest] = read_pictures(self._dual, [pixels], self._recipe)[0]
        return digest

    def _text(self, text: str) -> NDArray[np.float32]:
        if text not in self._said:
            self._said[text] = self._dual.embed([text])[0]
        return self._said[text]

    def _foresee(self, done: int, total: int) -> None:
        needed = (time.monotonic() - self._started) / done * total
        if done >= PROBE and needed > SHARE * self._seconds:
            raise ModelError(
                f"reading {total} pairs takes about {needed:.0f} s, and learning may take "
                f"{self._seconds:.0f} s in all: give it at least {needed / SHARE / 60:.1f} "
                "minutes, or fewer pairs"
            )


def _numbers(keys: Sequence[Hashable]) -> Numbers:
    number = {x: i for i, x in enumerate(dict.fromkeys(keys))}
    return np.array([number[x] for x in keys], dtype=np.int64)


def _check_read(read: ReadPairs) -> None:
    if not (np.isfinite(read.image).all() and np.isfinite(read.text).all()):
        raise ModelError(
            "some vectors are not finite: the backbone gives no usable values; check it with "
            "`secondlook backbones check`, or use another"
        )
    if (read.image == read.image[0]).all():
        raise ModelError(
            f"all {len(read.image)} pairs have the same picture, so no text can be told by it: "
            "give each case its own pictures"
        )
    if (read.text == read.text[0]).all():
        raise ModelError(
            f"all {len(read.text)} texts look the same to the backbone, so no picture can be told "
            "by them: give texts that differ early on, or a backbone that reads longer ones"
        )
    _check_groups(len(np.unique(read.groups)), len(read.groups), " that share no picture")


def _check_groups(count: int, pairs: int, kind: str) -> None:
    if count < LEAST_GROUPS:
        raise ModelError(
            f"the {pairs} pairs come from {count} group{'s' * (count > 1)}{kind}, and an alignment "
            f"needs at least {LEAST_GROUPS}, two to learn from and two to check on: add pairs of "
            "other patients or lots, or give each case a group of its own"
        )


def _plain(text: str) -> str:
    """The same words, however they are spaced."""
    return " ".join(text.split())
