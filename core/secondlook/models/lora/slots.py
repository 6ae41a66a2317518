"""Many adapters on one resident tower, of which the lately used ones have their weights in it.

Which adapter a tower answers with is state of its modules, shared by all threads: whoever runs it
does so inside `LoraSlots.active`, which holds a lock from the switch to the end of the forward.
peft's own ways are not used: `set_adapter` walks over all adapters and turns gradients on, and
`adapter_names` is ignored in silence by everything but the forward of a whole PeftModel.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from secondlook.errors import AdapterError
from secondlook.models.checkpoints import fingerprint as weights_fingerprint
from secondlook.models.lora.blocks import find_blocks
from secondlook.models.lora.grouping import Batch, group, in_order, take
from secondlook.models.lora.slot import Shape, Slot
from secondlook.models.lora.targets import Kind, find_targets
from secondlook.models.lora.weights import LoraWeights

Load = Callable[[], LoraWeights]


class LoraSlots:
    """The adapters of one tower.

    Attributes:
        backbone: fingerprint that weights must have been learned with.
        targets: the layers that new adapters change.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        rank: int = 8,
        alpha: int = 16,
        last: int = 4,
        capacity: int = 16,
        kind: Kind = "default",
        fingerprint: str | None = None,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        """Freeze the tower; it stays as it is until the first adapter is bound.

        Args:
            rank: of new adapters, and the most that any may have.
            alpha: of new adapters: what they add is scaled by alpha / rank.
            last: in how many of the last blocks new adapters change something; all where there
                are not so many.
            capacity: how many adapters have their weights in the tower at once.
            fingerprint: the backbone's; None takes that of the tower as it is now.
            lock: what whoever runs the tower on their own holds meanwhile, to be taken more than
                once by one thread.

        Raises BackboneError where the tower has no blocks, AdapterError for no capacity.
        """
        if capacity < 1:
            raise AdapterError(f"{capacity} slots hold no adapter: give a capacity of at least 1")
        self.backbone = fingerprint or weights_fingerprint(model)
        last = min(last, len(find_blocks(model).blocks))
        self.targets = find_targets(model, last, kind)
        self._shape = Shape(rank, alpha, last, self.targets)
        self._capacity = capacity
        self._tower = model.eval().requires_grad_(False)
        self._lock = lock or threading.RLock()
        self._sources: dict[str, Load] = {}
        self._resident: OrderedDict[str, Slot] = OrderedDict()  # least lately used first
        self._learning: set[str] = set()
        self._running: list[str | None] = []
        self._layers: list[LoraLayer] = []
        self._made = 0

    @property
    def resident(self) -> tuple[str, ...]:
        """Adapters whose weights are in the tower, the one used longest ago first."""
        with self._lock:
            return tuple(self._resident)

    def fresh(self, seed: int) -> LoraWeights:
        """Weights from which a new adapter starts to learn; they change no output yet."""
        return LoraWeights.fresh(
            self._tower,
            self._shape.targets,
            rank=self._shape.rank,
            alpha=self._shape.alpha,
            last=self._shape.last,
            backbone=self.backbone,
            seed=seed,
        )

    def bind(self, adapter: str, load: Load) -> None:
        """Make an adapter known and bring its weights in; nothing happens if they are there.

        `load` is kept: an adapter that had to make room comes back by it when it is next used.

        Raises AdapterError where the weights do not load, belong to another backbone or do not fit
        (then everything is as before), or where every slot is in use.
        """
        with self._lock:
            if adapter not in self._resident:
                self._bring(adapter, load)
                self._sources[adapter] = load
            self._resident.move_to_end(adapter)

    def forget(self, adapter: str) -> None:
        """Drop an adapter and its weights. Raises AdapterError while it is in use."""
        with self._lock:
            if self._in_use(adapter):
                raise AdapterError(f"adapter {adapter} is in use: forget it afterwards")
            self._sources.pop(adapter, None)
            if adapter in self._resident:
                self._empty(adapter).remove()
                self._changed()

    @contextmanager
    def active(self, adapter: str | None) -> Iterator[None]:
        """Inside, the tower answers with this adapter; None is the backbone itself, to the bit.

        Other threads wait. Raises AdapterError for an adapter that was never bound.
        """
        with self._lock:
            names = self._slot(adapter).names if adapter is not None else []
            self._running.append(adapter)
            self._switch(names)
            try:
                yield
            finally:
                self._running.pop()
                self._switch(self._names_now())

    @contextmanager
    def training(self, adapter: str) -> Iterator[list[nn.Parameter]]:
        """Inside, gradients flow into this adapter's matrices, which are given, and it stays.

        The lock is not held: run each step inside `active`. What was learned is kept; after an
        error the adapter is as it was before.

        Raises AdapterError where it is being trained already, or ended with numbers not finite.
        """
        with self._lock:
            if adapter in self._learning:
                raise AdapterError(f"adapter {adapter} is being trained already: wait for its end")
            slot = self._slot(adapter)
            self._learning.add(adapter)
            slot.train(True)
        try:
            yield slot.parameters()
            learned = self.weights(adapter)
            self._sources[adapter] = lambda: learned
        except BaseException:
            with self._lock:
                slot.write(self._sources[adapter]())
            raise
        finally:
            with self._lock:
                slot.train(False)
                self._learning.discard(adapter)

    def parameters(self, adapter: str) -> list[nn.Parameter]:
        """A and B of every layer; they ask for gradients only inside `training`."""
        with self._lock:
            return self._slot(adapter).parameters()

    def weights(self, adapter: str) -> LoraWeights:
        """A copy of an adapter's weights as they are now, to be saved."""
        with self._lock:
            slot = self._slot(adapter)
            shape, pairs = slot.shape, slot.read()
        return LoraWeights(
            rank=shape.rank,
            alpha=shape.alpha,
            last=shape.last,
            backbone=self.backbone,
            pairs=pairs,
        )

    def forward_grouped(
        self, rows: Sequence[str | None], batch: Batch, run: Callable[[Batch], Tensor]
    ) -> Tensor:
        """Answers (B, ...) for a batch in which each row has its own adapter, in its order.

        Rows of one adapter share one call of `run`.

        Args:
            rows: the adapter of each row; None for the backbone itself.
            batch: a tensor (B, ...), or several by name.

        Raises AdapterError for an adapter that was never bound, or unless each row names one.
        """
        groups, parts = group(rows, batch), []
        for adapter, members in groups.items():
            with self.active(adapter):
                parts.append(run(take(batch, members)))
        return in_order(parts, groups)

    def _slot(self, adapter: str) -> Slot:
        if adapter not in self._resident:
            if adapter not in self._sources:
                known = ", ".join(sorted(self._sources)) or "none"
                raise AdapterError(
                    f"adapter {adapter} is not known to this backbone (known: {known}): "
                    "bind it first"
                )
            self._bring(adapter, self._sources[adapter])
        self._resident.move_to_end(adapter)
        return self._resident[adapter]

    def _bring(self, adapter: str, load: Load) -> None:
        weights = load()
        weights.check(self._tower, self.backbone)
        if weights.rank > self._shape.rank:
            raise AdapterError(
                f"adapter {adapter} has rank {weights.rank}, slots hold at most rank "
                f"{self._shape.rank}: learn it again with less, or raise the rank of the slots"
            )
        slot = self._room(Shape.of(weights))
        slot.write(weights)
        self._resident[adapter] = slot

    def _room(self, shape: Shape) -> Slot:
        """A slot of this shape: a new one, or that of the adapter used longest ago."""
        if len(self._resident) >= self._capacity:
            idle = [x for x in self._resident if not self._in_use(x)]
            if not idle:
                raise AdapterError(
                    f"all {self._capacity} slots are in use: raise the capacity, or bind later"
                )
            slot = self._empty(idle[0])
            if slot.shape == shape:
                return slot
            slot.remove()
        self._made += 1
        slot = Slot(self._tower, f"slot{self._made}", shape)
        self._changed()
        return slot

    def _empty(self, adapter: str) -> Slot:
        slot = self._resident.pop(adapter)
        slot.clear()
        return slot

    def _in_use(self, adapter: str) -> bool:
        return adapter in self._learning or adapter in self._running

    def _changed(self) -> None:
        """Layers came or went: note them, and let all of them know what is active."""
        self._layers = [x for x in self._tower.modules() if isinstance(x, LoraLayer)]
        self._switch(self._names_now())

    def _names_now(self) -> list[str]:
        adapter = self._running[-1] if self._running else None
        return self._resident[adapter].names if adapter is not None else []

    def _switch(self, names: list[str]) -> None:
        for layer in self._layers:
            layer._active_adapter = names  # a layer without this name adds nothing
