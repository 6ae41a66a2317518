"""Which pictures and volumes an adapter may look at: those like the ones it was learned with.

Data on the adapter's card. A picture outside of it is not assessed, whatever a model would say.
"""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, model_validator

from secondlook.errors import UsageError
from secondlook.scans import Scan

SHAPE = "kind"
"""`picture` or `volume`; always known, and always checked."""
WORDS = {"age_years": "age"}


class Eligibility(BaseModel):
    """What an adapter may look at, by fact. A fact that is in neither table is not checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    values: dict[str, tuple[str, ...]]
    """By fact, the values it was learned with."""
    ranges: dict[str, tuple[float, float]] = {}
    """By fact that is a number, the least and the largest it was learned with."""
    unstated: tuple[str, ...] = ()
    """Facts that some of what it was learned with does not state: it need not be stated."""
    narrowed: tuple[str, ...] = ()
    """Facts that a person has narrowed, or stated where no file did."""

    @model_validator(mode="after")
    def _sound(self) -> "Eligibility":
        if SHAPE not in self.values or any(low > high for low, high in self.ranges.values()):
            raise ValueError("an eligibility says which kinds of pictures it is for, and from-to")
        return self

    @classmethod
    def of(cls, scans: Iterable[Scan], names: Sequence[str]) -> "Eligibility":
        """From what an adapter is learned with.

        A fact that no file states is left out: it cannot be checked until a person says it.
        """
        seen = list(scans)
        values, ranges, unstated = {SHAPE: _sorted(x.kind for x in seen)}, {}, []
        for name in names:
            said = [x.fact(name) for x in seen]
            known = [x for x in said if x is not None]
            numbers = [float(x) for x in known if isinstance(x, (int, float))]
            if numbers:
                ranges[name] = (min(numbers), max(numbers))
            elif known:
                values[name] = _sorted(map(str, known))
            if known and len(known) < len(said):
                unstated.append(name)
        return cls(values=values, ranges=ranges, unstated=tuple(unstated))

    def narrowed_to(self, stated: Mapping[str, str], names: Sequence[str]) -> "Eligibility":
        """With what a person says it is for: `{"view": "PA,AP", "age_years": "18-80"}`.

        Raises UsageError for a fact that does not count here, for words that make no sense, and
        for what it was not learned with: an adapter is never made to look at more.
        """
        narrow = self
        for name, words in stated.items():
            if name not in (SHAPE, *names):
                raise UsageError(
                    f"--eligible {name}: an adapter of this domain is bound by "
                    f"{', '.join((SHAPE, *names))}"
                )
            narrow = narrow._one(name, words)
        return narrow

    def _one(self, name: str, words: str) -> "Eligibility":
        update: dict[str, object] = {"narrowed": _sorted((*self.narrowed, name))}
        numeric = name in self.ranges or name not in self.values and _range(words) is not None
        if numeric:
            update["ranges"] = {**self.ranges, name: self._range(name, words)}
        else:
            update["values"] = {**self.values, name: self._values(name, words)}
        return self.model_copy(update=update)

    def _range(self, name: str, words: str) -> tuple[float, float]:
        asked, known = _range(words), self.ranges.get(name)
        if asked is None or asked[0] > asked[1]:
            raise UsageError(f"--eligible {name}={words}: give it as 18-80")
        if known is None:
            return asked
        low, high = max(asked[0], known[0]), min(asked[1], known[1])
        if low > high:
            raise UsageError(f"--eligible {name}={words}: learned with {_span(known)} alone")
        return low, high

    def _values(self, name: str, words: str) -> tuple[str, ...]:
        asked = _sorted(x.strip() for x in words.split(",") if x.strip())
        known = self.values.get(name, asked)
        if not asked or not set(asked) <= set(known):
            raise UsageError(
                f"--eligible {name}={words}: learned with {', '.join(known) or 'nothing'} alone"
            )
        return asked

    def trusting(self) -> "Eligibility":
        """The same for cases that a person chose to learn from: what they leave unsaid is so."""
        return self.model_copy(update={"unstated": (*self.values, *self.ranges)})

    def refusal(self, scan: Scan) -> str | None:
        """Why this one must not be looked at, in words; None where it may be."""
        kind = self._refused(SHAPE, scan.kind)
        found = (self._refused(name, scan.fact(name)) for name in self.values if name != SHAPE)
        far = (self._beyond(name, scan.fact(name)) for name in self.ranges)
        return next((x for x in (kind, *found, *far) if x is not None), None)

    def _refused(self, name: str, value: object) -> str | None:
        known = self.values[name]
        if value is None:
            return self._silent(name, ", ".join(known))
        if str(value) in known:
            return None
        return f"its {_called(name)} is {value}, and the adapter is for {', '.join(known)}"

    def _beyond(self, name: str, value: object) -> str | None:
        low, high = self.ranges[name]
        if not isinstance(value, (int, float)):
            return self._silent(name, _span((low, high)))
        if low <= value <= high:
            return None
        return f"its {_called(name)} lies outside of {_span((low, high))}, which the adapter is for"

    def _silent(self, name: str, known: str) -> str | None:
        if name in self.unstated:
            return None
        return f"its {_called(name)} is not stated, and the adapter is for {known}"

    def lines(self) -> tuple[str, ...]:
        """For people, a line for each fact."""
        listed = [f"{_called(x)}: {', '.join(y) or 'none'}" for x, y in self.values.items()]
        spans = [f"{_called(x)}: {_span(y)}" for x, y in self.ranges.items()]
        return (*listed, *spans)


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _called(name: str) -> str:
    return WORDS.get(name, name).replace("_", " ")


def _range(words: str) -> tuple[float, float] | None:
    low, _, high = words.partition("-")
    try:
        return float(low), float(high)
    except ValueError:
        return None


def _span(values: tuple[float, float]) -> str:
    return f"{values[0]:g} to {values[1]:g}"
