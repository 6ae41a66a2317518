"""One sentence, with what holds around it, as drafts of clauses and reasons for what is unread."""

from collections.abc import Sequence
from dataclasses import replace

from defect_inspector.clauses.blocked import blocked, condition
from defect_inspector.clauses.chunks import Span, cut, inside
from defect_inspector.clauses.context import Context
from defect_inspector.clauses.dispositions import settle
from defect_inspector.clauses.drafts import PENDING, Draft, Reading
from defect_inspector.clauses.likeness import RuleLike
from defect_inspector.clauses.marks import Mark
from defect_inspector.clauses.model import Bounds
from defect_inspector.clauses.ranges import Limit

OFF_TOPIC = "no known defect is named, and the section is about something else"


def read_sentence(marks: Sequence[Mark], around: Context) -> Reading:
    """The clauses that a sentence states, and why what looks like one cannot be read."""
    sentence = _Sentence(marks, around)
    reading = Reading(last=around.before)
    if not around.row and sentence.explains_severity(reading):
        return reading
    if not sentence.looks_like_rule():
        return reading
    explained = len(marks) > 1 and bool(marks[0].get("disposition")) and marks[1].text == ":"
    if (
        around.topic
        and not around.row
        and (explained or not (sentence.specific() and sentence.said))
    ):
        reading.problems += [OFF_TOPIC] if sentence.said and not explained else []
        return reading
    reason = blocked(marks)
    if reason:
        reading.problems.append(reason)
        return reading
    for span in cut(marks, sentence.limits, sentence.said) or [(0, 0)]:
        sentence.read(span, reading)
    if not reading.drafts and not reading.problems:
        reading.problems.append(sentence.lacking())
    reading.problems = list(dict.fromkeys(reading.problems))
    return reading


def _joint(drafts: Sequence[Draft], number: int) -> list[Draft]:
    """Drafts of the same defect, place and disposition that differ in what is measured."""
    kinds = [(x.terms, x.zone, x.disposition) for x in drafts]
    measures = {
        kind: {x.measure for x, y in zip(drafts, kinds, strict=True) if y == kind} for kind in kinds
    }
    return [
        replace(x, joint=number) if len(measures[kind]) > 1 else x
        for x, kind in zip(drafts, kinds, strict=True)
    ]


class _Sentence(RuleLike):
    """Reads the stretches of one sentence into drafts of clauses."""

    def read(self, span: Span, reading: Reading) -> None:
        """The clauses of one stretch with one disposition."""
        own = [x for x in self.said if inside(span, x.at)]
        said = settle(own, self.marks)
        problems = len(reading.problems)
        limits = self.limits_in(span, reading)
        if len(reading.problems) > problems:
            return
        if said is not None and said.code is None:
            reading.problems.append("the disposition is left open, or there are two")
            return
        code = said.code if said else None
        self.severity = self.find_severity(span) or self.severity
        before = len(reading.drafts)
        for limit in limits:
            self.limited(limit, limits, span, said, reading)
        if self.together(limits, code):
            reading.drafts = [*reading.drafts[:before], *_joint(reading.drafts[before:], span[0])]
        if limits:
            self._trailing(limits[-1], span, code, reading)
        else:
            self._unlimited(span, code, reading)
        soft = said.weak if said else self.around.disposition is None
        reading.drafts[before:] = [
            replace(x, weak=soft and x.disposition == "scrap") for x in reading.drafts[before:]
        ]
        self.within = self.zones_of(None, limits, span)

    def together(self, limits: Sequence[Limit], code: str | None) -> bool:
        """Whether a defect is meant that keeps, or exceeds, several limits at once."""
        between = self.marks[limits[0].last + 1 : limits[-1].first] if len(limits) > 1 else ()
        joined = [x.get("joiner") for x in between if x.text not in ",，、/"]
        return len(limits) > 1 and "or" not in joined and (code == "accept" or "and" in joined)

    def _trailing(self, last: Limit, span: Span, code: str | None, reading: Reading) -> None:
        """`scratches over 5 mm and any cracks are scrapped`: the cracks have no limit."""
        named = {word for _, word, _ in self.about}
        for at, word, _ in self.terms:
            between = self.marks[last.last + 1 : at]
            if not (last.last < at < span[1]) or not between or word in named:
                continue
            joined = between[0].get("joiner") in ("and", "or")
            if joined and code and all(x.get("joiner") or x.get("plain") for x in between):
                reading.drafts += self._drafts((word,), self.zones_of(None, (), span), code)

    def _unlimited(self, span: Span, code: str | None, reading: Reading) -> None:
        """A defect with a disposition and no limit."""
        own = tuple(x for x in self.terms if inside(span, x[0]))
        self.about = own or self.about
        terms = tuple(x[1] for x in self.about) or self.around.terms
        if code and not own and self._says_more(code, reading):
            return
        said = code or self.denied(span) or self.around.disposition
        said = said or (PENDING if self.severity and not self.read_so_far else None)
        placed = bool(self.about) and any(inside(span, at) for at, _ in self.zones)
        told = bool(own) or self.around.row or self.listed() or placed
        if said is None or not terms or not told:
            if (code or own) and not self.read_so_far:  # else words are added to an earlier limit
                reading.problems.append(self.lacking())
            return
        reason = None if self.around.row else condition(self.marks[slice(*span)], said)
        if reason:
            reading.problems.append(reason)
            return
        zones = self.zones_of(None, (), span)
        reading.drafts += self._drafts(terms, self.all_zones(span, zones), said)

    def _says_more(self, code: str, reading: Reading) -> bool:
        """`… are not allowed; affected parts go to quarantine`: says what happens to them."""
        weak = [x for x in reading.drafts if x.weak or x.disposition == PENDING]
        if code == "accept" or len(weak) != len(reading.drafts):
            return False
        reading.drafts = [replace(x, disposition=code, weak=False) for x in weak]
        return bool(weak)

    def _drafts(self, terms: tuple[str, ...], zones: Sequence[str], code: str) -> list[Draft]:
        return [
            Draft(
                terms=terms, measure="any", bounds=Bounds(), unit=None, per=None, zone=zone or None,
                severity=self.severity, disposition=code,
            )
            for zone in zones or ("",)
        ]  # fmt: skip
