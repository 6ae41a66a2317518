"""A network that threads share, with the adapters that may be put into it.

Which adapter it answers with is state of its modules, and putting the first one in changes the
modules themselves. So threads take turns, from before there is any adapter.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from torch import nn

from secondlook.assessments import BackboneRef
from secondlook.models.precision import computing
from secondlook.models.towers import ImageTower

if TYPE_CHECKING:
    from secondlook.models.lora.slots import LoraSlots

SLOTS = 64
"""Adapters whose LoRA weights are in a network at once."""
LARGEST_RANK = 32


class AdaptableNetwork:
    """A tower that reads pictures, and its adapters.

    Attributes:
        ref: which backbone this is.
        image_tower: the network itself, for whoever trains LoRA weights in it inside `running`.
        precision: what it computes in; see `secondlook.models.precision.chosen`.
    """

    def __init__(self, model: nn.Module, ref: BackboneRef, precision: str) -> None:
        """`model` is an ImageTower, or a transformers vision model without a projection."""
        self.ref = ref
        self.image_tower = model if isinstance(model, ImageTower) else ImageTower(model)
        self.precision = precision
        self._lock = threading.RLock()
        self._slots: LoraSlots | None = None

    @property
    def slots(self) -> "LoraSlots":
        """The LoRA adapters of this network."""
        from secondlook.models.lora.slots import LoraSlots  # peft takes 2 s to import

        with self._lock:
            if self._slots is None:
                self._slots = LoraSlots(
                    self.image_tower.model,
                    rank=LARGEST_RANK,
                    capacity=SLOTS,
                    fingerprint=self.ref.fingerprint,
                    lock=self._lock,
                )
            return self._slots

    @contextmanager
    def alone(self, adapter: str | None = None) -> Iterator[None]:
        """Inside, the network is this thread's and answers with this bound adapter, or with none.

        Raises AdapterError for an adapter that was never bound.
        """
        with self._lock:
            used = adapter is not None or self._slots is not None
            with self.slots.active(adapter) if used else nullcontext():
                yield

    @contextmanager
    def running(self, adapter: str | None = None) -> Iterator[None]:
        """As `alone`, and the network computes in its precision."""
        with self.alone(adapter), computing(self.precision):
            yield
