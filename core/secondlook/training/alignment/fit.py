"""Learning the two maps from vectors that are there already."""

import math
import time
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV
from torch import Tensor, nn

from secondlook.models.alignment import HOTTEST, ResidualMap
from secondlook.models.dual import DualBackbone
from secondlook.training.alignment.config import AlignmentConfig
from secondlook.training.alignment.loss import Numbers, contrastive_loss, relations
from secondlook.training.alignment.pairs import ReadPairs
from secondlook.training.alignment.ranks import ranks

FIRST_SCALE = 1 / 0.07
"""Where CLIP starts; for pairs that bring no scale."""
PENALTIES = tuple(np.logspace(-3, 2, 6).tolist())
"""Of the closed-form fit, among which the one that leaves single pairs out best is chosen."""


class Maps(nn.Module):
    """Both sides and the scale, before anything is learned or after."""

    def __init__(self, read: ReadPairs, rows: Numbers, dual: DualBackbone, rank: int) -> None:
        """Standardised by the pairs `rows`; where there is no shared space, fitted to them."""
        super().__init__()
        image, text = torch.from_numpy(read.image[rows]), torch.from_numpy(read.text[rows])
        size = text.shape[1]
        self.image = ResidualMap(image.shape[1], size, rank, based=not dual.aligned)
        self.text = ResidualMap(size, size, rank)
        for own, vectors in ((self.image, image), (self.text, text)):
            own.mean.copy_(vectors.mean(dim=0))
            own.spread.copy_(vectors.std(dim=0).clamp(min=1e-4))
        if self.image.base is not None:
            _fit_base(self.image, read.image[rows], read.text[rows])
        scale = dual.logit_scale if dual.aligned else FIRST_SCALE
        self.log_scale = nn.Parameter(torch.tensor(math.log(min(max(scale, 1), HOTTEST))))

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied with: 1 to 100."""
        return self.log_scale.clamp(0, math.log(HOTTEST)).exp()

    @torch.no_grad()
    def cosines(self, read: ReadPairs, rows: Numbers) -> NDArray[np.float32]:
        """(n, n) of the pictures with the texts of these pairs."""
        image, text = torch.from_numpy(read.image[rows]), torch.from_numpy(read.text[rows])
        cosines: NDArray[np.float32] = (self.image(image) @ self.text(text).T).numpy()
        return cosines


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """Maps and what learning them took."""

    maps: Maps
    epochs: int
    """Epochs behind the maps that were kept; 0 where none was better than the start."""
    ended: bool
    """Whether it came to its end before the time did."""


def fit(
    read: ReadPairs,
    rows: Numbers,
    stop: Numbers,
    dual: DualBackbone,
    config: AlignmentConfig,
    *,
    until: float,
    epochs: int | None = None,
) -> Fitted:
    """Learn from the pairs `rows`; retrieval among those in `stop` tells when to end.

    AdamW with a cosine schedule over `config.epochs`, so that fewer `epochs` are the same steps.
    The same seed gives the same maps bit for bit on one thread, unless the time runs out.

    Args:
        until: when, by `time.monotonic`, it ends at the latest.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        work = _Fitting(Maps(read, rows, dual, config.rank), read, rows, config)
        return work.run(stop, until, config.epochs if epochs is None else epochs)


class _Fitting:
    """Two maps and their optimiser."""

    def __init__(self, maps: Maps, read: ReadPairs, rows: Numbers, config: AlignmentConfig) -> None:
        self.maps, self.read, self.config = maps, read, config
        self.image, self.text = (torch.from_numpy(x[rows]) for x in (read.image, read.text))
        self.numbers = read.take(rows)
        self.optimiser = torch.optim.AdamW(
            maps.parameters(), config.rate, weight_decay=config.decay
        )
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, config.epochs)

    def run(self, stop: Numbers, until: float, epochs: int) -> Fitted:
        best, kept, state = self._held_out(stop), 0, deepcopy(self.maps.state_dict())
        for epoch in range(1, epochs + 1):
            if time.monotonic() > until:
                break
            self._epoch()
            held = self._held_out(stop)
            if not len(stop) or held > best:
                best, kept, state = held, epoch, deepcopy(self.maps.state_dict())
            if epoch - kept >= self.config.patience:
                break
        ended = time.monotonic() <= until
        self.maps.load_state_dict(state)
        return Fitted(maps=self.maps.eval().requires_grad_(False), epochs=kept, ended=ended)

    def _epoch(self) -> None:
        for part in torch.split(torch.randperm(len(self.image)), self.config.batch):
            loss = contrastive_loss(
                self.maps.image(self.image[part]),
                self.maps.text(self.text[part]),
                self.maps.scale,
                relations(*(x[part.numpy()] for x in self.numbers)),
            )
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.maps.parameters(), 1.0)
            self.optimiser.step()
        self.schedule.step()

    def _held_out(self, rows: Numbers) -> float:
        """Mean reciprocal rank of both directions: it moves where R@1 of few pairs does not."""
        if not len(rows):
            return 0.0
        found = ranks(self.maps.cosines(self.read, rows), *self.read.take(rows))
        return sum(float((1 / x.rank).mean()) for x in found.values()) / 2


def _fit_base(own: ResidualMap, image: NDArray[np.float32], text: NDArray[np.float32]) -> None:
    """Ridge regression of the texts on the pictures, both standardised as the map does."""
    assert own.base is not None  # the caller has looked
    mean, spread = own.mean.numpy(), own.spread.numpy()
    seen = (image - mean) / spread / math.sqrt(image.shape[1])
    ridge = RidgeCV(alphas=PENALTIES).fit(seen, text)
    matrix = ridge.coef_ / spread / math.sqrt(image.shape[1])
    own.base.copy_(torch.from_numpy(matrix.astype(np.float32)))
    with torch.no_grad():
        own.shift.copy_(torch.from_numpy((ridge.intercept_ - matrix @ mean).astype(np.float32)))
