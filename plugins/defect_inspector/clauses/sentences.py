"""One sentence, with what holds around it, as drafts of clauses and reasons for what is unread."""

from collections.abc import Iterator, Sequence

from defect_inspector.clauses.chunks import Span, cut, inside
from defect_inspector.clauses.context import Before, Context
from defect_inspector.clauses.dispositions import Said, settle
from defect_inspector.clauses.limits import Limit
from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.measures import measure_of
from defect_inspector.clauses.model import Bounds
from defect_inspector.clauses.scopes import Draft, Reading, Scope

REST = {"accept": 3, "other": 6}
"""Words that a clause without a limit may have beside what is understood: more may be conditions."""


def read_sentence(marks: Sequence[Mark], around: Context) -> Reading:
    """The clauses that a sentence states, and why what looks like one cannot be read."""
    sentence = _Sentence(marks, around)
    reading = Reading(last=around.before)
    spans = cut(marks, sentence.limits, sentence.said)
    if not sentence.looks_like_rule():
        return reading
    blocked = _blocked(marks)
    if blocked:
        reading.problems.append(blocked)
        return reading
    for span in spans:
        sentence.read(span, reading)
    if not reading.drafts and not reading.problems:
        reading.problems.append(sentence.lacking())
    reading.problems = list(dict.fromkeys(reading.problems))
    return reading


def _blocked(marks: Sequence[Mark]) -> str | None:
    """Why no part of the sentence can be trusted."""
    for i, mark in enumerate(marks):
        if mark.get("exception"):
            return f"an exception ({mark.text}) cannot be read"
        if mark.get("unreadable"):
            return f"the number {mark.text} fits no known style"
        if mark.text == "±":
            return "a tolerance (±) is no limit"
        times = mark.text.lower() in "x×*" and 0 < i < len(marks) - 1
        if times and marks[i + 1].value is not None and _measured(marks, i):
            return "a size in two directions is not one limit"
    return None


def _measured(marks: Sequence[Mark], i: int) -> bool:
    return any(x.value is not None for x in marks[max(0, i - 2) : i])


class _Sentence(Scope):
    """Reads the stretches of one sentence into drafts of clauses."""

    def looks_like_rule(self) -> bool:
        """A comparison with a number, or a defect together with a disposition or an order."""
        bounded = any(x.bounds is not None for x in self.limits)
        known = bool(self.terms or self.around.terms)
        if self.around.row:
            return bool(known or bounded or self.said or self.limits)
        order = any(x.text.lower() in _ORDERS for x in self.marks)
        said = bool(self.said) or (self.around.disposition is not None and bool(self.terms))
        denied = any(x.get("negation") == "any" for x in self.marks) and len(self.marks) < 12
        measured = any(x.unit not in (None, "count") or x.bounds for x in self.limits)
        named = bool(self.terms) and (said or order or denied or bool(self.limits))
        return (
            bounded
            or named
            or (bool(self.said) and (measured or self.beyond(0, len(self.marks)) != []))
        )

    def lacking(self) -> str:
        """What the sentence would need to be a clause."""
        if not (self.terms or self.around.terms):
            return "no known defect is named"
        if not self.said and self.around.disposition is None:
            return "what happens to the part is not said"
        return "no limit could be read"

    def read(self, span: Span, reading: Reading) -> None:
        """The clauses of one stretch with one disposition."""
        own = [x for x in self.said if inside(span, x.at)]
        said = settle(own, self.marks)
        problems = len(reading.problems)
        limits = self.limits_in(span, reading)
        if len(reading.problems) > problems:
            return
        if own and (said is None or said.code is None):
            reading.problems.append("the disposition is left open, or there are two")
            return
        code = said.code if said else None
        self.severity = self.find_severity(span) or self.severity
        if limits:
            for limit in limits:
                self._one(limit, limits, span, said, reading)
            self._trailing(limits[-1], span, code, reading)
        elif not any(inside(span, x.first) for x in self.limits) or self._stray(span):
            self._any(span, code, reading)
        self.within = self.zones_of(None, limits, span)

    def _one(
        self, limit: Limit, limits: Sequence[Limit], span: Span, said: Said | None, reading: Reading
    ) -> None:
        unit = limit.unit or (None if limit.odd else self.unit or self.around.unit)
        text = " ".join(x.text for x in self.marks[limit.first : limit.last + 2])
        terms = self.terms_of(limit, limits, span)
        code = self._code(limit, said)
        bounds = limit.bounds or self._bare(limit, code, unit)
        if unit is None:
            if limit.bounds is not None or self.around.row:
                reading.problems.append(f"no known unit in “{text}”")
            return
        if (
            bounds is None
            and unit == "count"
            and any(
                x.get("measure") == "distance" or x.get("compare") == "lt distance"
                for x in self.marks
            )
        ):
            return  # `between two pores`
        if bounds is None:
            reading.problems.append(f"“{text}” may be the least or the most that is meant")
            return
        if bounds.empty:
            reading.problems.append(f"no number lies in “{text}”")
            return
        if code is None and bounds.lower is None:
            code = "accept"
        measure = measure_of(limit, unit, self.marks, span, self.measure, self.round(terms))
        problem = _problem(terms, code, measure, self)
        if problem or measure is None or code is None:
            reading.problems.append(problem or "what is measured is not known")
            return
        bounds = self.narrowed(bounds, unit, measure, code)
        self.unit, self.measure = unit, measure if unit != "count" else self.measure
        self.read_so_far.append((bounds, unit, measure))
        self.last_code = code
        per = (limit.per or self.per) if unit == "count" else None
        self.per = per or self.per
        zones = self.zones_of(limit, limits, span)
        reading.last = Before(
            bounds=bounds, unit=unit, measure=measure, terms=terms, round=self.round(terms), zones=zones
        )  # fmt: skip
        for zone in zones or (None,):
            reading.drafts.append(
                Draft(
                    terms=terms,
                    measure=measure,
                    bounds=bounds,
                    unit=unit,
                    per=per,
                    zone=zone or None,
                    severity=self.severity,
                    disposition=code,
                )
            )

    def _code(self, limit: Limit, said: Said | None) -> str | None:
        if limit.forbidden:
            return said.code if said and said.code != "accept" else "scrap"
        return said.code if said else self.around.disposition

    def _bare(self, limit: Limit, code: str | None, unit: str | None) -> Bounds | None:
        """`three pores per part are allowed` is at most three; a limit in a table is passed or not."""
        if limit.value is None:
            return None
        op = self.around.bare
        if (
            op == "limit"
            or (op is None and code == "accept")
            or (op is None and code is None and self.around.row)
        ):
            op = "le" if code in ("accept", None) else "gt"
        if op is None:
            return None
        fields = {"gt": "more_than", "ge": "at_least", "lt": "less_than", "le": "at_most"}
        return Bounds(**{fields[op]: limit.value})

    def _stray(self, span: Span) -> bool:
        return all(x.bounds is None for x in self.limits if inside(span, x.first))

    def _trailing(self, last: Limit, span: Span, code: str | None, reading: Reading) -> None:
        """`scratches over 5 mm and any cracks are scrapped`: the cracks have no limit."""
        for at, word, _ in self.terms:
            between = self.marks[last.last + 1 : at]
            if not (last.last < at < span[1]) or not between or word in dict(self._pairs()):
                continue
            joined = between[0].get("joiner") in ("and", "or")
            if joined and code and all(x.get("joiner") or x.get("plain") for x in between):
                zones = self.zones_of(None, (), span) or (None,)
                reading.drafts += [self._without((word,), x, code) for x in zones]

    def _pairs(self) -> Iterator[tuple[str, int]]:
        return ((word, at) for at, word, _ in self.about)

    def _any(self, span: Span, code: str | None, reading: Reading) -> None:
        """A defect with a disposition and no limit."""
        own = tuple(x for x in self.terms if inside(span, x[0]))
        self.about = own or self.about
        terms = tuple(x[1] for x in own) or tuple(x[1] for x in self.about) or self.around.terms
        said = code or self._denied(span) or self.around.disposition
        if said is None or not terms or (not own and not self.around.row and not self._listed()):
            if (code or own) and self._limited():
                return
            if code or own:
                reading.problems.append(self.lacking())
            return
        problem = None if self.around.row else self._condition(span, said)
        if problem:
            reading.problems.append(problem)
            return
        zones = self.zones_of(None, (), span) or (None,)
        reading.drafts += [self._without(terms, zone, said) for zone in self.all_zones(span, zones)]

    def _limited(self) -> bool:
        """Whether an earlier stretch had a limit, so that this one adds words only."""
        return bool(self.read_so_far)

    def _listed(self) -> bool:
        """Whether the heading names the defect and the sentence only the disposition."""
        return bool(self.around.terms) and len(self.marks) <= 6 and not self.limits

    def _denied(self, span: Span) -> str | None:
        marks = self.marks[slice(*span)]
        return "scrap" if any(x.get("negation") == "any" for x in marks) else None

    def _condition(self, span: Span, code: str) -> str | None:
        """Why a clause without a limit would say more than the sentence does."""
        marks = self.marks[slice(*span)]
        condition = next((x.text for x in marks if x.get("condition")), None)
        if condition:
            return f"a condition ({condition}) that is no measured limit"
        other = [x for x in marks if x.kind in ("word", "ideograph") and not x.senses]
        most = REST.get(code, REST["other"])
        return "more is said than a defect and its disposition" if len(other) > most else None

    def _without(self, terms: tuple[str, ...], zone: str | None, code: str) -> Draft:
        return Draft(
            terms=terms, measure="any", bounds=Bounds(), unit=None, per=None, zone=zone or None,
            severity=self.severity, disposition=code,
        )  # fmt: skip


_ORDERS = frozenset(
    {"must", "shall", "darf", "dürfen", "muss", "müssen", "必须", "应", "应当", "须", "不得"}
)


def _problem(
    terms: tuple[str, ...], code: str | None, measure: str | None, sentence: _Sentence
) -> str | None:
    if measure == "other":
        return "what is measured is none of length, width, depth, diameter, area, count, distance"
    if not terms:
        return "no known defect is named"
    return "what happens to the part is not said" if code is None else None
