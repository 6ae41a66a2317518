"""What stands around a sentence and holds for it: headings, lead-ins, and cells of its row."""

from dataclasses import dataclass, field, replace

from defect_inspector.clauses.model import Bounds


@dataclass(frozen=True, kw_only=True)
class Before:
    """The last limit that was read, for `longer scratches` in the sentence behind it."""

    bounds: Bounds
    unit: str
    measure: str
    terms: tuple[str, ...]
    round: bool
    zones: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a sentence need not say itself."""

    number: str | None = None
    terms: tuple[str, ...] = ()
    round: bool = False
    """Whether the terms are round: their size is a diameter, else a length."""
    measure: str | None = None
    unit: str | None = None
    zones: tuple[str, ...] = ()
    severity: str | None = None
    disposition: str | None = None
    per: str | None = None
    bare: str | None = None
    """The comparison of a number without one: gt, ge, lt, le; `limit` where the disposition says."""
    before: Before | None = None
    carried: tuple[str, ...] = ()
    """What the sentence before in the same item was about."""
    title: str | None = None
    """What a heading names that no list has: the defect, if what is below it names none."""
    topic: bool = False
    """The section is about something else than defects: scope, equipment, storage."""
    row: bool = False
    """In the row of a table a defect without a limit is a clause, however it is worded."""

    def under(self, outer: "Context") -> "Context":
        """This with what only the outer context says."""
        return replace(
            self,
            number=self.number or outer.number,
            terms=self.terms or outer.terms,
            round=self.round if self.terms else outer.round,
            measure=self.measure or outer.measure,
            unit=self.unit or outer.unit,
            zones=self.zones or outer.zones,
            severity=self.severity or outer.severity,
            disposition=self.disposition or outer.disposition,
            topic=self.topic or outer.topic,
            title=self.title or (outer.title if self.number is None else None),
        )

    @property
    def aspects(self) -> frozenset[str]:
        """What it says."""
        said = ("terms", "measure", "zones", "severity", "disposition")
        return frozenset(x for x in said if getattr(self, x))


@dataclass
class Headings:
    """The headings above a place; a new one ends those that it stands beside."""

    _stack: list[tuple[int | None, Context]] = field(default_factory=list)
    lead: Context | None = None
    """A sentence with a colon: holds for the list below it."""

    def enter(self, context: Context) -> None:
        """A heading: by the depth of its number, else by what it says."""
        depth = context.number.count(".") + 1 if context.number else None
        while self._stack and self._ends(*self._stack[-1], depth, context):
            self._stack.pop()
        if depth is None:
            self._stack = [x for x in self._stack if x[0] is not None or not x[1].topic]
            shared = [
                i for i, (d, x) in enumerate(self._stack) if d is None and self._same(x, context)
            ]
            del self._stack[min(shared, default=len(self._stack)) :]
        self._stack.append((depth, context))
        del self._stack[:-12]
        self.lead = None

    def _same(self, one: Context, other: Context) -> bool:
        return bool(one.aspects & other.aspects) or not other.aspects

    def _ends(self, depth: int | None, above: Context, new: int | None, context: Context) -> bool:
        if new is None:
            return depth is not None and bool(above.aspects & context.aspects)
        return depth is None or depth >= new

    def end_list(self, *, disposed: bool) -> None:
        """A whole sentence that says what happens itself ends a list that was led in by that."""
        if disposed and self.lead is not None and self.lead.disposition:
            self.lead = None

    def context(self) -> Context:
        """What all headings and the lead-in above say together, the nearest first."""
        around = Context()
        for _, heading in self._stack:
            around = heading.under(around)
        return around if self.lead is None else self.lead.under(around)
