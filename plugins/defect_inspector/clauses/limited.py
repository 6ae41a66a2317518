"""The limits of a sentence as drafts of clauses."""

from collections.abc import Sequence
from dataclasses import replace

from defect_inspector.clauses.blocked import milder
from defect_inspector.clauses.chunks import Span
from defect_inspector.clauses.context import Before
from defect_inspector.clauses.dispositions import Said
from defect_inspector.clauses.drafts import PENDING, UNSAID, Draft, Reading, beyond_of, ended
from defect_inspector.clauses.implied import Implied
from defect_inspector.clauses.limits import PLACE
from defect_inspector.clauses.measures import measure_of
from defect_inspector.clauses.model import Bounds
from defect_inspector.clauses.ranges import Limit, bound
from defect_inspector.clauses.shares import is_area

PERMISSIONS = frozenset({"may", "might", "can", "dürfen", "darf", "kann", "können", "可", "可以"})


UNTOLD = ""


class Limited(Implied):
    """Reads one limit after the other; what one says holds for the next until it is said anew."""

    def limited(
        self, limit: Limit, limits: Sequence[Limit], span: Span, said: Said | None, reading: Reading
    ) -> None:
        """The clauses of one limit, or why it gives none."""
        unit = limit.unit or (self.counted(limit) if limit.odd else self.unit or self.around.unit)
        terms = self.terms_of(limit, limits, span)
        code = self._code(limit, said)
        bounds = limit.bounds or self._bare(limit, code)
        if self._no_limit(limit, bounds, unit):
            return
        problem = self._elsewhere(limit)
        if problem or unit is None or bounds is None or bounds.empty:
            reading.problems.append(problem or self._flaw(limit, bounds, unit))
            return
        most = code is None and bounds.lower is None and self._sure()
        draft = self._draft(limit, span, terms, bounds, unit, "accept" if most else code)
        problem = self._doubt(limit, draft, span)
        if problem:
            reading.problems.append(problem)
        else:
            self._add(draft, self.zones_of(limit, limits, span), reading, most=most)

    def _elsewhere(self, limit: Limit) -> str | None:
        """Why a limit is of something else than a defect."""
        if limit.first and self.marks[limit.first - 1].text.lower() == "ones":
            return "which of them are meant is not said in words that are known"
        return "a distance from something that is no defect" if limit.hint == PLACE else None

    def _sure(self) -> bool:
        """Whether an upper limit without a word on what happens is surely one of a defect."""
        labelled = any(self._colon(at) for at, _, _ in self.terms[:1])
        carried = any(word in self.around.carried for _, word, _ in self.terms)
        sure = not self.unknown or bool(self.around.terms) or self._permits()
        return sure or labelled or carried

    def _draft(
        self, limit: Limit, span: Span, terms: tuple[str, ...], bounds: Bounds, unit: str,
        code: str | None,
    ) -> Draft:  # fmt: skip
        measured = self.measure or self._measured_before(terms, bounds, unit)
        measure = measure_of(limit, unit, self.marks, span, measured, self.round(terms))
        code = code or (PENDING if self.severity else UNTOLD)
        return Draft(
            terms=terms, measure=measure, bounds=self._narrowed(bounds, unit, measure, code),
            unit=unit, per=self._per(limit, unit), zone=None, severity=self.severity, disposition=code,
        )  # fmt: skip

    def _doubt(self, limit: Limit, draft: Draft, span: Span) -> str | None:
        """Why a draft would not say what the sentence says."""
        shared = draft.unit == "%" and not is_area(
            limit, self.marks, self.around.measure, self.round(draft.terms)
        )
        if shared:
            return "a percentage of what is not said, or not of an area"
        if draft.disposition == UNTOLD or not draft.terms or draft.measure == "other":
            return _lacking(draft.terms, draft.measure)
        return milder(self.marks[slice(*span)], draft.disposition)

    def _add(self, draft: Draft, zones: tuple[str, ...], reading: Reading, *, most: bool) -> None:
        """Keeps a draft, one for each place; `at most 5 mm` forbids what is more, too."""
        assert draft.unit is not None
        self._remember(draft, draft.unit)
        reading.drafts = [ended(x, draft) for x in reading.drafts]
        for each in (draft, *beyond_of(draft)) if most and not self._permits() else (draft,):
            reading.drafts += [replace(each, zone=x or None) for x in zones or (None,)]
        reading.last = Before(
            bounds=draft.bounds, unit=draft.unit, measure=draft.measure, terms=draft.terms,
            round=self.round(draft.terms), zones=zones,
        )  # fmt: skip

    def _permits(self) -> bool:
        """`may be up to 5 mm` leaves open what is beyond; `else rework` says it itself."""
        followed = any(x.get("beyond") for x in self.marks)
        return followed or any(x.text.lower() in PERMISSIONS for x in self.marks)

    def _measured_before(self, terms: Sequence[str], bounds: Bounds, unit: str) -> str | None:
        """What the sentence before measured by a limit that this one shares."""
        last = self.around.before
        if last is None or (last.terms, last.unit) != (tuple(terms), unit):
            return None
        ends = [{x[0] for x in (b.lower, b.upper) if x} for b in (last.bounds, bounds)]
        return last.measure if ends[0] & ends[1] else None

    def _remember(self, draft: Draft, unit: str) -> None:
        self.unit, self.per = unit, draft.per or self.per
        self.measure = draft.measure if unit != "count" else self.measure
        self.read_so_far.append((draft.bounds, unit, draft.measure))
        self.last_code = draft.disposition

    def _per(self, limit: Limit, unit: str) -> str | None:
        return (limit.per or self.per) if unit == "count" else None

    def _code(self, limit: Limit, said: Said | None) -> str | None:
        if limit.forbidden:
            return said.code if said and said.code != "accept" else "scrap"
        return said.code if said else self.around.disposition

    def _bare(self, limit: Limit, code: str | None) -> Bounds | None:
        """`three pores per part are allowed` is at most three; a limit in a table is passed or not."""
        op = self.around.bare
        untold = op is None and (code == "accept" or (code is None and self.around.row))
        if op == "limit" or untold:
            op = "le" if code in ("accept", None) else "gt"
        return None if not op or limit.value is None else bound(op, limit.value)

    def _no_limit(self, limit: Limit, bounds: Bounds | None, unit: str | None) -> bool:
        """Whether a number limits nothing: the two of `between two pores`, or one without a unit."""
        if unit is None:
            return limit.bounds is None and not self.around.row
        distance = any(
            x.get("measure") == "distance" or x.get("compare") == "lt distance" for x in self.marks
        )
        return bounds is None and unit == "count" and distance

    def _narrowed(self, bounds: Bounds, unit: str, measure: str, code: str) -> Bounds:
        """`up to 2 mm accept, up to 5 mm rework`: the second begins where the first ends."""
        if not self.read_so_far or bounds.lower is not None or bounds.upper is None:
            return bounds
        last, last_unit, last_measure = self.read_so_far[-1]
        same = (last_unit, last_measure) == (unit, measure) and self.last_code != code
        if not same or last.upper is None or last.upper[0] >= bounds.upper[0]:
            return bounds
        beyond = last.beyond() or Bounds()
        return replace(bounds, more_than=beyond.more_than, at_least=beyond.at_least)

    def _flaw(self, limit: Limit, bounds: Bounds | None, unit: str | None) -> str:
        text = " ".join(x.text for x in self.marks[limit.first : limit.last + 2])
        if unit is None:
            return f"no known unit in “{text}”"
        if bounds is None:
            return f"“{text}” may be the least or the most that is meant"
        return f"no number lies in “{text}”"


def _lacking(terms: Sequence[str], measure: str) -> str:
    if measure == "other":
        return "what is measured is none of length, width, depth, height, diameter, area, count, distance"
    if not terms:
        return "no known defect is named"
    return UNSAID
