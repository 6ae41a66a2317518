"""Whether a sentence looks like a rule, and what it lacks to be one."""

from itertools import pairwise

from defect_inspector.clauses.chunks import Span, cut, inside
from defect_inspector.clauses.dispositions import settle
from defect_inspector.clauses.drafts import UNSAID, Reading
from defect_inspector.clauses.limited import Limited

ORDERS = frozenset(
    {"must", "shall", "darf", "dürfen", "muss", "müssen", "必须", "应", "应当", "须", "不得"}
)


PRONOUNS = frozenset(
    {"they", "these", "it", "those", "such", "sie", "diese", "solche", "其", "此类"}
)


TO_BE = frozenset({"areto", "isto", "sindzu", "istzu"})


ITEM = 3  # words of an item that are more than its name
CLOSE = 4  # marks between a comparison and its number
BRIEF = 12  # marks of a sentence such as `no cracks`


LISTED = 6  # marks of a line below a heading that names the defect


class RuleLike(Limited):
    """Tells rules from what is only said beside them."""

    def looks_like_rule(self) -> bool:
        """A comparison with a number, or a defect together with a disposition or an order."""
        bounded = any(x.bounds is not None for x in self.limits) or self._compared()
        if any(x.get("definition") for x in self.marks) and not self.limits:
            return False
        if self.around.row:
            return bool(self.terms or self.around.terms or self.said or self.limits)
        if bounded and not self.said and self._of_things():
            return False
        named = bool(self.terms) and (self._ordered() or self._item())
        return bounded or named or self._disposed() or (bool(self.said) and self.listed())

    def _compared(self) -> bool:
        """Whether a comparison and a number stand close that were not read: `above ΔE 1.5`."""
        numbers = [i for i, x in enumerate(self.marks) if x.value is not None]
        compares = [i for i, x in enumerate(self.marks) if x.get("compare")]
        return any(0 < i - j <= CLOSE for i in numbers for j in compares)

    def explains_severity(self, reading: Reading) -> bool:
        """`Hauptfehler führen zum Ausschuss, Nebenfehler zur Nacharbeit`: of no one defect."""
        graded = any(x.get("severity") for x in self.marks)
        bounded = any(x.bounds for x in self.limits)
        if not graded or bounded or self.specific() or self.unknown or self.around.terms:
            return False
        for span in cut(self.marks, self.limits, self.said):
            code = settle([x for x in self.said if inside(span, x.at)], self.marks)
            severity = self.find_severity(span)
            if severity and code and code.code:
                reading.severities[severity] = code.code
        return bool(reading.severities) and not self.terms

    def specific(self) -> bool:
        """Whether a defect is named that the words of manuals have, not just `defects`."""
        kinds = [self.marks[x[0]].get("term") for x in self.terms]
        return any(x not in (None, "generic") for x in kinds)

    def _of_things(self) -> bool:
        """Whether the limits are of a temperature, a tool, a lot, and no defect is named."""
        known = self.terms and not self.unknown
        return not known and any(x.get("thing") for x in self.marks)

    def _ordered(self) -> bool:
        """Whether something is said about what happens, or how much is too much."""
        order = any(x.text.lower() in ORDERS for x in self.marks)
        order = order or any(a.text + b.text in TO_BE for a, b in pairwise(self.marks))
        denied = len(self.marks) < BRIEF and self.denied((0, len(self.marks))) is not None
        said = bool(self.said) or (self.around.disposition is not None and not self.unknown)
        graded = any(x.get("severity") for x in self.marks) or self.around.severity is not None
        if graded and len(self.marks) < BRIEF and not self.unknown:
            return True
        measured = not self.unknown and any(x.unit not in (None, "count") for x in self.limits)
        return said or denied or measured or (order and not self.unknown)

    def _item(self) -> bool:
        """Whether a line of a list with a disposition is a name and no more: `- loose glass`."""
        words = [x for x in self.marks if x.kind in ("word", "ideograph")]
        known = sum(bool(x.senses) for x in words)
        return self.around.disposition is not None and len(words) <= LISTED and known <= ITEM

    def _disposed(self) -> bool:
        """Whether a disposition is said of what is measured."""
        measured = any(x.unit not in (None, "count") or x.bounds for x in self.limits)
        return bool(self.said) and (measured or self.beyond(0, len(self.marks)) != [])

    def lacking(self) -> str:
        """What the sentence would need to be a clause."""
        if not (self.terms or self.around.terms):
            return "no known defect is named"
        if not self.said and self.around.disposition is None:
            return UNSAID
        return "no limit could be read"

    def listed(self) -> bool:
        """Whether the heading names the defect and the sentence only what happens to it."""
        pronoun = any(x.text.lower() in PRONOUNS for x in self.marks[:3])
        brief = len(self.marks) <= LISTED or pronoun
        return bool(self.around.terms) and brief and not self.limits

    def denied(self, span: Span) -> str | None:
        marks = self.marks[slice(*span)]
        return "scrap" if any(x.get("negation") == "any" for x in marks) else None
