"""A phrase, number or other token of a folded text, with what it may mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

HINTS = frozenset({"thing", "where", "container", "topic"})
"""Senses that leave a word free to be part of a name."""


@dataclass(frozen=True)
class Mark:
    """A phrase, number or other token of a folded text, with what it may mean."""

    text: str
    start: int
    end: int
    senses: Mapping[str, str]
    kind: str
    """`word`, `ideograph`, `number` or `symbol`: its first token's."""
    value: float | None = None
    hints: Mapping[str, str] = field(default_factory=dict)
    """What it is about outside of rules; it may name a defect all the same."""

    def get(self, sense: str) -> str | None:
        """Its value in a sense, or as a hint; None where it cannot mean that."""
        return self.senses.get(sense) or self.hints.get(sense)

    def only(self, sense: str, value: str) -> "Mark":
        """The same mark with one sense left."""
        return replace(self, senses={sense: value}, value=None)
