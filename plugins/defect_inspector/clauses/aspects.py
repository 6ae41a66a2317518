"""What headings and the sentences that lead in lists say for all below them."""

from collections.abc import Sequence

from defect_inspector.clauses.context import Context
from defect_inspector.clauses.dispositions import find_dispositions, settle
from defect_inspector.clauses.limits import find_limits
from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.measures import MEASURES
from defect_inspector.clauses.phrases import phrase, runs
from defect_inspector.clauses.terms import find_terms
from defect_inspector.clauses.zones import WEAK, find_zones

TITLE = 7  # marks of a heading that is a name


def aspects_of(marks: Sequence[Mark], number: str | None) -> Context:
    """The defect, place, severity, measure and disposition that a heading names."""
    terms = find_terms(marks)
    said = settle(find_dispositions(marks), marks)
    measure = next((x.get("measure") for x in marks if x.get("measure") in MEASURES), None)
    zones = _zones(marks) if not terms else tuple(x for _, y in find_zones(marks) for x in y)
    return Context(
        number=number,
        title=None if terms or zones or said else _title(marks),
        terms=tuple(word for at, word, _ in terms if marks[at].get("term") != "generic"),
        round=any(x[2] for x in terms),
        measure=measure if measure not in ("other", "count", "area") else None,
        zones=zones,
        severity=next((x.get("severity") for x in marks if x.get("severity")), None),
        disposition=said.code if said else None,
        topic=not terms and said is None and _topic(marks),
    )


def _zones(marks: Sequence[Mark]) -> tuple[str, ...]:
    """The places of a heading, also one that is nothing but a kind of place: `Edges`."""
    found = tuple(name for _, names in find_zones(marks) for name in names)
    words = [x for x in marks if x.kind != "number"]
    alone = len(words) == 1 and words[0].get("zone") in ("head", "german", "place")
    weak = words[0].text.lower() in WEAK if words else True
    if found or (alone and not weak):
        return found or (words[0].text,)
    return _used(marks)


def _used(marks: Sequence[Mark]) -> tuple[str, ...]:
    """A heading that the manual elsewhere names a place by, or that ends with a kind of place."""
    if not marks or len(marks) > TITLE or not all(map(_nameable, marks)):
        return ()
    hinted = any(x.get("where") for x in marks)
    kind = len(marks) > 1 and marks[-1].get("zone") == "head"
    return (" ".join(x.text for x in marks),) if hinted or kind else ()


def _nameable(mark: Mark) -> bool:
    """Whether a word may be part of the name of a place."""
    kinds = {"zone", "per_noun"} | ({"plain"} if mark.get("plain") == "product" else set())
    named = bool(mark.get("where")) or set(mark.senses) <= kinds
    return mark.kind in ("word", "ideograph") and named


def _title(marks: Sequence[Mark]) -> str | None:
    """The words of a short heading that are nothing else."""
    found = [x for x in runs(marks) if not any(marks[i].get("thing") for i in range(*x))]
    named = [x for x in marks if x.get("container") or x.get("topic")]
    return (
        phrase(marks, found[0]) if len(found) == 1 and not named and len(marks) <= TITLE else None
    )


def _topic(marks: Sequence[Mark]) -> bool:
    """Whether a heading names something else than defects: `Storage and packing`."""
    known = [x for x in marks if x.get("topic")]
    others = [x for x in marks if x.kind in ("word", "ideograph") and not x.get("joiner")]
    return bool(known) and 2 * len(known) >= len(others)


def states_rule(marks: Sequence[Mark], *, titled: bool) -> bool:
    """Whether a heading is a rule by itself: it has a limit, or names a defect and what happens."""
    limited = any(x.bounds is not None for x in find_limits(marks))
    said = settle(find_dispositions(marks), marks)
    named = any(marks[x[0]].get("term") != "generic" for x in find_terms(marks))
    return limited or (titled and said is not None and named)


def leads(context: Context, marks: Sequence[Mark]) -> bool:
    """Whether a line with a colon leads in a list, rather than heads a section."""
    said = settle(find_dispositions(marks), marks)
    return said is not None or (context.number is None and not context.aspects)
