"""What is read from a record, with its places."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from defect_inspector.clauses.corrections import Correction
from defect_inspector.clauses.drafts import PENDING, UNSAID, Draft, Reading
from defect_inspector.clauses.marks import Mark, read_marks
from defect_inspector.clauses.model import Clause, Place, Synonym, Unread
from defect_inspector.clauses.numbers import style_of_record
from defect_inspector.clauses.sentences import OFF_TOPIC
from defect_inspector.clauses.statements import Statement
from defect_inspector.clauses.synonyms import find_synonyms
from defect_inspector.clauses.vocabulary import Phrases
from secondlook import Record

RECENT = 4  # drafts before, among which the same again is no clause of its own
DRAFT_ONLY = ("bounds", "implied", "joint", "weak")


class Collected:
    """Keeps clauses, what was not read, and synonyms, in the order of the record."""

    def __init__(self, record: Record, own: Phrases) -> None:
        self.record, self.own = record, own
        self.style = style_of_record(record.text)
        self.clauses: list[Clause] = []
        self.unread: list[Unread] = []
        self.synonyms: list[Synonym] = []
        self.severities: dict[str, str] = {}
        self.implied: set[int] = set()
        """Positions of clauses that only a bare upper limit stands for."""
        self._weak: set[int] = set()
        """Positions of clauses of the statement before that only forbid."""
        self._joints = 0
        self._recent: list[tuple[Draft, str | None]] = []
        self._starts = [x.start for x in record.passages]
        self._lines = [i for i, x in enumerate(record.text) if x == "\n"]

    def settled(self) -> Iterator[Clause]:
        """The clauses, those of a mere severity with what the manual says of it elsewhere."""
        for clause in self.clauses:
            code = self.severities.get(clause.severity or "")
            if clause.disposition != PENDING:
                yield clause
            elif code is not None:
                yield replace(clause, disposition=code)
            else:
                place = {x.name: getattr(clause, x.name) for x in fields(Place)}
                self.unread.append(Unread(reason=UNSAID, **place))

    def note_synonyms(self, statement: Statement, marks: Sequence[Mark]) -> None:
        for term, others in find_synonyms(marks):
            self.synonyms.append(Synonym(term=term, others=others, **self._place(statement)))

    def keep(self, statement: Statement, reading: Reading, number: str | None) -> None:
        place = self._place(statement)
        soft: set[int] = set()
        for draft in reading.drafts:
            if (replace(draft, weak=False), number) in self._recent:
                continue  # said twice in one item
            soft |= {len(self.clauses)} if draft.weak or draft.implied else set()
            self.implied |= {len(self.clauses)} if draft.implied else set()
            each = replace(draft, per=self._per(draft.per))
            self.clauses.append(_clause(each, number, place, self._joint(draft)))
        self._joints += 1
        said = [(replace(x, weak=False), number) for x in reading.drafts]
        self._recent = [*self._recent[-RECENT:], *said]
        meant = self.implied if reading.beyond_all else self._weak
        if reading.beyond and meant:
            self._exceeding(meant, reading.beyond)
            reading.problems = reading.problems[1:]
        self._weak = soft
        self.severities |= reading.severities
        for problem in dict.fromkeys(reading.problems):
            self.unread.append(Unread(reason=problem, aside=problem == OFF_TOPIC, **place))

    def number_at(self, correction: Correction) -> str | None:
        """The number of the clause that stands there."""
        return next((x.number for x in self.clauses if correction.meets(x)), None)

    def withdraw(self, correction: Correction, behind: int) -> bool:
        """Take out what the manual says where the correction stands for it; whether it meets any.

        What begins from `behind` on stays.
        """
        before = len(self.clauses) + len(self.unread)
        self.clauses = [x for x in self.clauses if x.start >= behind or not correction.meets(x)]
        self.unread = [x for x in self.unread if x.start >= behind or not correction.meets(x)]
        self.implied, self._weak, self._recent = set(), set(), []
        return correction.target is None or len(self.clauses) + len(self.unread) < before

    def _per(self, per: str | None) -> str | None:
        """What is counted over: `part` where the manual calls the part so."""
        own = any(x.get("plain") == "part" for x in read_marks(per or "", self.style, self.own))
        return "part" if own else per

    def _exceeding(self, meant: Iterable[int], code: str) -> None:
        """What the manual says of what is beyond its limits, instead of `not permitted`."""
        for i in meant:
            self.clauses[i] = replace(self.clauses[i], disposition=code)

    def _joint(self, draft: Draft) -> int | None:
        """A number that no other statement of the manual has."""
        return None if draft.joint is None else 1000 * self._joints + draft.joint

    def refuse(self, statement: Statement, reason: str) -> None:
        self.unread.append(Unread(reason=reason, **self._place(statement)))

    def _place(self, statement: Statement) -> dict[str, Any]:
        at = max(bisect_right(self._starts, statement.start) - 1, 0)
        passage = self.record.passages[at] if self.record.passages else None
        return {
            "quote": self.record.text[statement.start : statement.end],
            "passage": passage.ordinal if passage else 0,
            "start": statement.start,
            "end": statement.end,
            "page": passage.page if passage else None,
            "line": bisect_right(self._lines, statement.start - 1) + 1,
        }


def _clause(
    draft: Draft, number: str | None, place: dict[str, Any], together: int | None
) -> Clause:
    told = {name: value for name, value in vars(draft).items() if name not in DRAFT_ONLY}
    return Clause(number=number, together=together, **told, **vars(draft.bounds), **place)
