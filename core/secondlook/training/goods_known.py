"""What is known of goods before a dense model is learned; a run that was cut off goes on from it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.bank import (
    PatchBank,
    Scored,
    references_from_bytes,
    references_to_bytes,
)
from secondlook.models.gate import Gate
from secondlook.training.checkpoint import Arrays, Checkpoint
from secondlook.training.goods_bank import Looks
from secondlook.training.goods_embed import Reading
from secondlook.training.goods_suspects import Suspect

STEP = "bank"


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """The bank, what banks say about held-back goods, and how that came about."""

    bank: PatchBank
    gate: Gate
    looks: Looks
    reading: Reading
    numbers: tuple[int, ...]
    """The held-back goods that were to be looked at, in random order."""
    shelf: tuple[int, ...]
    """The goods to paint on; none where no dense model follows."""
    folds: int
    suspects: tuple[Suspect, ...] = ()
    """Goods that look like no other; found on all that were looked at."""
    checked: int = 0
    """How many goods were looked at to find them."""
    dropped: tuple[int, ...] = ()
    """The numbers of those that nothing was learned from."""
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """sha256 of which goods were read, and which of them serve what."""
        rest = [self.names, self.numbers, self.shelf, sorted(self.looks.plain)]
        return hashlib.sha256(json.dumps(rest).encode()).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """sha256 of the different goods that were read, in their order."""
        return self.bank.references


def keep_known(known: Known, checkpoint: Checkpoint) -> None:
    """Raises ModelError where it cannot be written."""
    plain = {
        "reading": asdict(known.reading),
        "folds": known.folds,
        "suspects": [asdict(x) for x in known.suspects],
        "checked": known.checked,
        "dropped": known.dropped,
        "notes": known.notes,
    }
    painted = [(i, x) for i, found in known.looks.painted.items() for x in found]
    checkpoint.write(
        STEP,
        {
            "rows": known.bank.rows,
            "origin": known.bank.origin,
            "references": references_to_bytes(known.names),
            "signatures": known.gate.signatures,
            "numbers": np.asarray(known.numbers, dtype=np.int64),
            "shelf": np.asarray(known.shelf, dtype=np.int64),
            "plain": np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8),
            **_looks("good", list(known.looks.plain.items())),
            **_looks("painted", painted),
        },
    )


def known_before(checkpoint: Checkpoint) -> Known | None:
    """What a run that was cut off knew; None where it did not come so far, or nobody can tell."""
    kept = checkpoint.read(STEP)
    try:
        return None if kept is None else _known(kept)
    except (LookupError, TypeError, ValueError, ModelError):
        return None


def _known(kept: Arrays) -> Known:
    plain: dict[str, Any] = json.loads(kept["plain"].tobytes())
    references = references_from_bytes(kept["references"])
    looks = Looks()
    for number, seen in _scored("good", kept, references):
        looks.plain[number] = seen
        looks.painted[number] = []
    for number, seen in _scored("painted", kept, references):
        looks.painted[number].append(seen)
    return Known(
        bank=PatchBank(rows=kept["rows"], origin=kept["origin"], references=references),
        gate=Gate.fit(kept["signatures"]),
        looks=looks,
        reading=Reading(**plain["reading"]),
        numbers=_numbers(kept["numbers"]),
        shelf=_numbers(kept["shelf"]),
        folds=plain["folds"],
        suspects=tuple(Suspect(**x) for x in plain["suspects"]),
        checked=plain["checked"],
        dropped=tuple(plain["dropped"]),
        notes=tuple(plain["notes"]),
    )


def _looks(kind: str, looks: list[tuple[int, Scored]]) -> Arrays:
    if not looks:
        return {}
    return {
        f"{kind}.numbers": np.asarray([i for i, _ in looks], dtype=np.int64),
        f"{kind}.maps": np.stack([x.map for _, x in looks]),
        f"{kind}.places": np.stack([x.places for _, x in looks]),
    }


def _scored(kind: str, kept: Arrays, references: tuple[str, ...]) -> list[tuple[int, Scored]]:
    if f"{kind}.numbers" not in kept:
        return []
    found = (kept[f"{kind}.{x}"] for x in ("numbers", "maps", "places"))
    return [
        (int(i), Scored(map=values, places=places, references=references))
        for i, values, places in zip(*found, strict=True)
    ]


def _numbers(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(x) for x in values)
