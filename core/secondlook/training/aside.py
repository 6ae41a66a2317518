"""Which held-back goods are kept from the dense model, and for what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.models.bank import Scored
from secondlook.models.calibration import LEAST_GOODS
from secondlook.models.goods import Unit

JUDGES = 50


@dataclass(frozen=True, kw_only=True)
class Aside:
    """Held-back goods that the dense model does not learn from, by number.

    Each question has goods of its own, or the answers flatter: the judges set the unit of the
    dense model and decide whether it is kept; those that calibrate set the threshold and nothing
    else, so that the Beta law holds for it; the bank's unit comes from the goods of neither kind.
    """

    calibrating: tuple[int, ...] = ()
    judges: tuple[int, ...] = ()

    @classmethod
    def of(cls, numbers: Sequence[int], goods: int, limit: int) -> "Aside":
        """From held-back goods in random order; `goods` is how many there are in all.

        A quarter of the goods calibrates, at most `limit` and half of those held back; half as
        many again judge, at most 50.
        """
        count = min(limit, goods // 4, len(numbers) // 2)
        judges = min(JUDGES, count // 2)
        return cls(
            calibrating=tuple(numbers[:count]), judges=tuple(numbers[count : count + judges])
        )

    @property
    def all(self) -> tuple[int, ...]:
        """Calibrating goods and judges."""
        return self.calibrating + self.judges

    @property
    def enough(self) -> bool:
        """Whether they calibrate anything."""
        return len(self.calibrating) >= LEAST_GOODS

    def within(self, looks: Mapping[int, Scored]) -> "Aside":
        """Those of them that a bank has looked at."""
        return Aside(
            calibrating=tuple(x for x in self.calibrating if x in looks),
            judges=tuple(x for x in self.judges if x in looks),
        )

    def units(
        self, looks: Mapping[int, Scored], judged: Sequence[NDArray[np.float32]]
    ) -> tuple[Unit, Unit]:
        """Of the bank, by its looks at goods by number, and of the dense model.

        `judged` are the dense maps (h, w) of the judges.
        """
        others = [x.score for i, x in looks.items() if i not in set(self.all)]
        largest = [float(x.max()) for x in judged]
        return Unit.of(others, least=1e-3), Unit.of(largest, least=0.5)
