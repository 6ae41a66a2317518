"""What the frozen backbones said about all cases: the features that heads learn from."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from secondlook.training.checkpoint import Arrays


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """What the frozen backbones say about P pictures and the texts of N cases."""

    vectors: NDArray[np.float32]
    """(P, W) pooled vector, then mean and spread of the middle levels."""
    looks: NDArray[np.float32]
    """(P, S) what each looks like as a whole; see `models.gate.signature`."""
    owner: NDArray[np.int64]
    """(P,) the case of each picture."""
    number: NDArray[np.int64]
    """(P,) which picture of its case."""
    digests: tuple[str, ...]
    """(P,) of the pixels as the backbone takes them."""
    text: NDArray[np.float32]
    """(N, T) zero where there is none."""
    has_text: NDArray[np.bool_]
    """(N,)"""
    unread: int
    """Pictures that could not be read."""
    seconds: float
    """That the backbones took, to foresee what reading again would take."""
    regions: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """(P, R) of the most unusual place of each picture; (0, 0) where no goods part finds any."""
    ratios: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """(P,) scores of the goods part in units of its threshold."""

    @property
    def has_image(self) -> NDArray[np.bool_]:
        """(N,) whether any picture of the case could be read."""
        return np.isin(np.arange(len(self.has_text)), self.owner)

    def means(self) -> NDArray[np.float32]:
        """(N, W) the mean over the pictures of each case; zero where there are none."""
        return self._mean(self.vectors)

    def look(self) -> NDArray[np.float32]:
        """(N, S) the mean look of the pictures of each case; zero where there are none."""
        return self._mean(self.looks)

    def _mean(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        total = np.zeros((len(self.has_text), rows.shape[1]), dtype=np.float64)
        np.add.at(total, self.owner, rows)
        count = np.bincount(self.owner, minlength=len(total))
        return np.asarray(total / np.maximum(count, 1)[:, None], dtype=np.float32)

    def each(self) -> list[NDArray[np.float32]]:
        """(n, W) of the pictures of each case, in their order."""
        return [self.vectors[self.owner == i] for i in range(len(self.has_text))]

    def worst(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """(N, R) regions and (N,) ratios of the picture with the highest score of each case.

        Zero for a case without pictures.
        """
        regions = np.zeros((len(self.has_text), self.regions.shape[1]), dtype=np.float32)
        ratios = np.zeros(len(self.has_text))
        # The last one written stays: of equal scores that of the first picture.
        order = np.argsort(self.ratios[::-1], kind="stable")
        picked = np.arange(len(self.ratios))[::-1][order]
        regions[self.owner[picked]] = self.regions[picked]
        ratios[self.owner[picked]] = self.ratios[picked]
        return regions, ratios

    def only(self, rows: NDArray[np.int64]) -> "Readings":
        """Of these cases alone, in this order."""
        place = np.full(len(self.has_text), -1)
        place[rows] = np.arange(len(rows))
        keep = np.flatnonzero(place[self.owner] >= 0)
        return replace(
            self,
            vectors=self.vectors[keep],
            looks=self.looks[keep],
            owner=place[self.owner[keep]],
            number=self.number[keep],
            digests=tuple(self.digests[i] for i in keep.tolist()),
            text=self.text[rows],
            has_text=self.has_text[rows],
            regions=self.regions[keep] if len(self.regions) else self.regions,
            ratios=self.ratios[keep] if len(self.ratios) else self.ratios,
        )

    def plain(self) -> Arrays:
        """As arrays, to be kept."""
        raw = [np.frombuffer(bytes.fromhex(x), dtype=np.uint8) for x in self.digests]
        return {
            "vectors": self.vectors,
            "looks": self.looks,
            "owner": self.owner,
            "number": self.number,
            "digests": np.stack(raw) if raw else np.zeros((0, 32), np.uint8),
            "text": self.text,
            "has_text": self.has_text,
            "unread": np.array([self.unread]),
            "seconds": np.array([self.seconds]),
            "regions": self.regions,
            "ratios": self.ratios,
        }

    @classmethod
    def from_plain(cls, arrays: Arrays) -> "Readings":
        """What `plain` gave."""
        return cls(
            vectors=arrays["vectors"],
            looks=arrays["looks"],
            owner=arrays["owner"],
            number=arrays["number"],
            digests=tuple(x.tobytes().hex() for x in arrays["digests"]),
            text=arrays["text"],
            has_text=arrays["has_text"],
            unread=int(arrays["unread"][0]),
            seconds=float(arrays["seconds"][0]),
            regions=arrays["regions"],
            ratios=arrays["ratios"],
        )
