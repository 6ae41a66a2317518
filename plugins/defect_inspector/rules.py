"""The rules that hold for a case: the clauses of its manual with the kinds that they are about."""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from defect_inspector.clauses import Clause, Unread, read_clauses
from defect_inspector.clauses.dispositions import find_dispositions
from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.marks import read_marks
from defect_inspector.clauses.model import Place as Spot
from defect_inspector.clauses.numbers import Style
from defect_inspector.kinds import ANY, kinds_in, kinds_of, words_of
from secondlook import Case, Record, Taxonomy

JUDGING = frozenset(("manual", "specification"))
"""Kinds of texts by which parts are judged; a note tells what somebody saw or thought."""
MANUALS_KEPT = 64
"""Manuals whose rules are kept in memory: thousands of cases of a product share one."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One clause, or a sentence that looks like one and could not be read."""

    record: str
    record_name: str
    kinds: frozenset[str]
    clause: Clause | None = None
    unread: Unread | None = None

    @property
    def place(self) -> Spot:
        """Where it stands."""
        found = self.clause or self.unread
        assert found is not None
        return found

    @property
    def disposition(self) -> str:
        """What it asks for; a person has to read what could not be read."""
        return self.clause.disposition if self.clause else "hold"

    def about(self, kind: str | None) -> bool:
        """Whether it speaks of a kind, by name or with all others; None is an unknown kind."""
        return ANY in self.kinds or kind in self.kinds

    @property
    def key(self) -> tuple[str, int, int, str]:
        """An order that does not depend on how clauses came to be listed."""
        clause, place = self.clause, self.place
        told = "" if clause is None else f"{clause.measure} {clause.terms} {clause.bounds}"
        what = "" if clause is None else f"{clause.zone} {clause.per} {clause.disposition}"
        return self.record, place.start, place.end, f"{told} {what}"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """All rules of a case, in the order of its manual."""

    rules: tuple[Rule, ...] = ()
    manuals: int = 0
    """How many texts were read for them."""


@dataclass(frozen=True)
class _Read:
    """A record under its content hash, so that a manual is read once for all its cases."""

    sha256: str
    record: Record = field(compare=False)


def rules_of(case: Case, taxonomy: Taxonomy) -> Rules:
    """Read the manual of the product and those given with the case; of all, the strictest decides.

    None where the product names a manual that is not there: others would judge in its place.
    """
    records = () if manual_missing(case) else manuals_of(case)
    rules = tuple(x for r in records for x in _rules(_Read(r.sha256, r), taxonomy))
    return Rules(rules=rules, manuals=len(records))


def manuals_of(case: Case) -> tuple[Record, ...]:
    """The texts of a case that judge: its product's manual, further ones; never what people noted."""
    named = case.spec.manual if case.spec else None
    return tuple(x for x in case.records if x.kind in JUDGING or x.sha256 == named)


def manual_missing(case: Case) -> bool:
    """Whether the product names a manual that is not among the texts of the case."""
    named = case.spec.manual if case.spec else None
    return named is not None and all(x.sha256 != named for x in case.records)


def ruling_passages(record: Record) -> Record:
    """The record with the passages that hold a clause; with all, where none was read."""
    known = _holding(_Read(record.sha256, record))
    kept = tuple(x for x in record.passages if x.ordinal in known)
    return replace(record, passages=kept) if kept else record


@lru_cache(maxsize=MANUALS_KEPT)
def _holding(read: _Read) -> frozenset[int]:
    return frozenset(x.passage for x in read_clauses(read.record).clauses)


@lru_cache(maxsize=MANUALS_KEPT)
def _rules(read: _Read, taxonomy: Taxonomy) -> tuple[Rule, ...]:
    record, words = read.record, words_of(taxonomy)
    found = read_clauses(record)
    clauses = [
        Rule(
            record=record.sha256,
            record_name=record.name,
            clause=x,
            kinds=kinds_of(x.terms, found.synonyms, words),
        )
        for x in found.clauses
    ]
    unread = [
        Rule(record=record.sha256, record_name=record.name, unread=x, kinds=kinds)
        for x in found.unread
        if not x.aside
        if (kinds := kinds_in(x.quote, words) or _everything(x.quote))
    ]
    return (*clauses, *unread)


def _everything(quote: str) -> frozenset[str]:
    """Every kind, for a sentence that names none and allows, forbids or excepts something; of none
    where it tells how to look (`inspect under diffuse light at 40 cm`)."""
    marks = read_marks(fold(quote), Style.POINT)
    rules = bool(find_dispositions(marks)) or any(x.get("exception") for x in marks)
    return frozenset({ANY}) if rules else frozenset()
