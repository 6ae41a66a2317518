"""Rulings: the clauses of the manual, each once, with what was held against it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from defect_inspector.comparing import Compared
from defect_inspector.deciding import ACCEPT, HOLD
from defect_inspector.places import Place
from defect_inspector.telling import limit_of
from secondlook import Evidence, Ruling

ONLY_IF = "only if it is "
NEVER_LEARNED = ", which the adapter never learned"


def recommended(evidence: Iterable[Evidence]) -> str:
    """The disposition that the deciding ruling stands for; to hold where none decides."""
    deciding = next((x for x in evidence if isinstance(x, Ruling) and x.decides), None)
    if deciding is None or deciding.applies is None:
        return HOLD
    if deciding.applies:
        return deciding.disposition
    return ACCEPT if deciding.disposition != ACCEPT else HOLD


def rulings(told: Sequence[Compared], by: Compared | None) -> tuple[Ruling, ...]:
    """One for each rule: by the place it applies to, the deciding one first."""
    chosen: dict[tuple[str, int, int, str], Compared] = {}
    others: dict[tuple[str, int, int, str], list[str]] = {}
    for compared in told:
        key = compared.rule.key
        if compared.applies and compared.place is not None:
            others.setdefault(key, []).append(_told_of(compared, compared.place))
        if key not in chosen or _weight(compared) > _weight(chosen[key]):
            chosen[key] = compared
    if by is not None:
        chosen[by.rule.key] = by
    made = [(x, ruling(x, others.get(key, ()), decides=x is by)) for key, x in chosen.items()]
    made.sort(key=lambda x: (not x[1].decides, -_weight(x[0])[0], x[0].rule.key))
    return tuple(x for _, x in made)


def ruling(compared: Compared, places: Sequence[str], *, decides: bool) -> Ruling:
    """One comparison as evidence; `places` tell of all that the rule applies to."""
    rule, name = compared.rule, compared.place.name if compared.place else None
    own = _told_of(compared, compared.place) if compared.place else None
    further = [x for x in places if x != own]
    also = f"also {', '.join(further)}" if compared.applies and further else ""
    return Ruling(
        record=rule.record,
        record_name=rule.record_name,
        text=rule.place.quote,
        start=rule.place.start,
        end=rule.place.end,
        line=rule.place.line,
        page=rule.place.page,
        number=rule.clause.number if rule.clause else None,
        disposition=rule.disposition,
        applies=compared.applies,
        decides=decides,
        limit=limit_of(rule.clause) if rule.clause else "",
        measured=compared.measured,
        region=name or None,
        note="; ".join(x for x in (compared.note, also) if x),
    )


def only_if(compared: Compared, kind: str) -> Compared:
    """A comparison that holds only if the defect is of this kind."""
    note = f"{ONLY_IF}{kind}"
    return replace(compared, applies=None, note="; ".join(x for x in (note, compared.note) if x))


def never_learned(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The kinds, as they are called, that clauses speak of and the adapter cannot know."""
    notes = (x.note for x in evidence if isinstance(x, Ruling) and NEVER_LEARNED in x.note)
    kinds = (x.partition(NEVER_LEARNED)[0].removeprefix(ONLY_IF) for x in notes)
    return tuple(dict.fromkeys(x for x in kinds))


def _told_of(compared: Compared, place: Place) -> str:
    """`2 (length 6.2 mm)`: a place with what was measured on it."""
    measured = compared.measured.partition(" (±")[0]
    return f"{place.name} ({measured})" if measured else place.name


def _weight(compared: Compared) -> tuple[int, float]:
    """What says more about a rule: that it applies, may apply, does not, or lies elsewhere."""
    order: Mapping[bool | None, int] = {True: 3, None: 2, False: 1}
    known = 0 if compared.outside else order[compared.applies]
    return known, -compared.room
