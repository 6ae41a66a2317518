"""Made-up places and rules for the tests of what is decided."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from defect_inspector.clauses import Clause
from defect_inspector.deciding import Table, strictest
from defect_inspector.kinds import ANY
from defect_inspector.places import APART, AREA, BLUR, DIAMETER, EDGE, LENGTH, WIDTH, Place, Places
from defect_inspector.rules import Rule
from defect_inspector.scene import Scene
from secondlook import Region, Zone

IMAGE = "a" * 64
PITCH = 0.1
SIZE = (400, 400)
APART_SAID = {"distance": " to each other"}


def place(
    name: str = "1",
    *,
    length: float = 10.0,
    width: float = 4.0,
    blur: float = 0.0,
    left: int = 50,
    apart: float | None = None,
) -> Place:
    """A place, in pixels."""
    values = {
        LENGTH: length,
        WIDTH: width,
        DIAMETER: length,
        AREA: length * width,
        BLUR: blur,
        EDGE: float(left),
    }
    values |= {} if apart is None else {APART: apart}
    region = Region(
        attachment=IMAGE,
        left=left,
        top=50,
        width=max(1, round(length)),
        height=max(1, round(width)),
        score=3.0,
        name=name,
    )
    return Place(region=region, values=values)


def scene(
    *places: Place,
    pitch: float | None = PITCH,
    zones: tuple[Zone, ...] = (),
    found: int | None = None,
) -> Scene:
    """What rules are held against."""
    count = len(places) if found is None else found
    known = Places(known=places, found=count)
    return Scene(places=known, pitch=pitch, zones=zones, sizes={IMAGE: SIZE})


def rule(disposition: str, measure: str = "any", *, line: int = 1, **given: Any) -> Rule:
    """A rule about scratches; `unit`, `zone`, `per`, `kinds` and the ends of its range by name."""
    kinds = frozenset(given.pop("kinds", {"scratch"}))
    unit = None if measure == "any" else {"area": "mm2", "count": "count"}.get(measure, "mm")
    values: dict[str, Any] = {
        "number": f"{line}",
        "terms": ("scratches",),
        "unit": unit,
        "per": None,
        "zone": None,
        "severity": None,
        "quote": f"{line}: {measure}{APART_SAID.get(measure, '')} {given}: {disposition}",
        "passage": 0,
        "start": 100 * line,
        "end": 100 * line + 50,
        "page": None,
        "line": line,
    }
    clause = Clause(disposition=disposition, measure=measure, **(values | given))
    return Rule(record="m" * 64, record_name="manual", kinds=kinds, clause=clause)


def disposition(rules: Sequence[Rule], at: Scene, kind: str | None = "scratch") -> str:
    """What is recommended for a defect of one kind."""
    return Table.of(rules, at).decide(kind).disposition


def decided_by(rules: Sequence[Rule], at: Scene, kind: str | None = "scratch") -> str | None:
    """The number of the clause that decides."""
    by = strictest([Table.of(rules, at).decide(kind)]).by
    return by.rule.clause.number if by and by.rule.clause else None


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Rule, ...]:
    """A monotone manual: in each measure accept, then rework, then scrap, without gaps."""
    rules: list[Rule] = []
    for line, measure in enumerate(draw(st.sets(st.sampled_from(("length", "width", "area"))))):
        low, high = sorted(draw(st.tuples(st.floats(0.1, 5), st.floats(0.1, 5))))
        at = 10 * line + 1
        rules += [
            rule("accept", measure, line=at, at_most=low),
            rule("rework", measure, line=at + 1, more_than=low, at_most=high),
            rule("scrap", measure, line=at + 2, more_than=high),
        ]
    return tuple(rules)


@st.composite
def any_rule(draw: st.DrawFn) -> Rule:
    """Any rule about scratches, or about every kind."""
    measure = draw(st.sampled_from(("any", "length", "width", "area", "count", "depth")))
    asked = draw(st.sampled_from(("accept", "rework", "hold", "scrap")))
    ends: dict[str, float] = {}
    if measure != "any":
        end = draw(st.sampled_from(("more_than", "at_least", "less_than", "at_most")))
        ends[end] = draw(st.sampled_from((0.2, 0.5, 1.0, 1.5, 2.0, 3.0)))
    kinds = draw(st.sampled_from(({"scratch"}, {ANY})))
    return rule(asked, measure, line=draw(st.integers(1, 10_000)), kinds=kinds, **ends)


def any_places() -> st.SearchStrategy[tuple[Place, ...]]:
    """One to three places."""
    numbers = st.tuples(st.floats(1, 60), st.floats(1, 60), st.floats(0, 5))
    return st.lists(numbers, min_size=1, max_size=3).map(
        lambda x: tuple(
            place(str(i), length=max(a, b), width=min(a, b), blur=blur)
            for i, (a, b, blur) in enumerate(x, start=1)
        )
    )
