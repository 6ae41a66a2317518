"""How a finding is meant: what the words around its name say of it.

The way of NegEx (Chapman et al., J Biomed Inform 2001) and ConText (Harkema et al., 2009), within
one sentence: a cue stands for the words before or behind it, up to a word or mark that ends its
reach. The cues are data, in `cues.toml`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from radiology_assistant.notes.phrases import Found, Phrases
from radiology_assistant.notes.tokens import Token
from radiology_assistant.notes.vocabulary import data
from secondlook import Assertion

ORDER: tuple[Assertion, ...] = (
    "negated", "hypothetical", "historical", "uncertain", "affirmed"
)  # fmt: skip
"""Of several things said of a finding the first one counts: `no history of`, `old, possibly`."""
ENDS, HEDGED = "ends", "hedged"
BEFORE, NEAR, AFTER, AROUND = "before", "near", "after", "around"
REACH = {BEFORE: 40, AFTER: 25}
"""Words that a cue reaches at most; also what keeps the work linear."""
MARKS = frozenset(";:")
JOINS = frozenset((",", "and", "und"))
OTHERWISE = frozenset({"uncertain", "historical", "hypothetical"})


@dataclass(frozen=True, slots=True)
class Reach:
    """The stretch of a sentence that one cue says something of: tokens `first` to `beyond`."""

    assertion: Assertion
    first: int
    beyond: int
    side: str
    cue: tuple[int, ...]
    hedged: bool = False
    """Whether it denies with a doubt: `no definite`."""

    def holds(self, at: Sequence[int]) -> bool:
        """Whether it is about the name whose words stand at these places."""
        if set(self.cue) & set(at):
            return False
        return self.first <= (at[-1] if self.side == BEFORE else at[0]) < self.beyond


@dataclass(frozen=True, slots=True)
class _Cue:
    kind: str
    side: str
    hedged: bool


@dataclass(frozen=True, slots=True)
class _Words:
    verbs: frozenset[str]
    begins: frozenset[str]
    ors: frozenset[str]
    describes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with the places of findings, and of cues by their kind."""

    tokens: Sequence[Token]
    named: frozenset[int]
    starts: dict[int, str]

    def ends(self, at: int) -> bool:
        """Whether every reach ends here."""
        return self.tokens[at].text in MARKS or self.starts.get(at) == ENDS

    def verb(self, at: int) -> bool:
        return self.tokens[at].text in _words().verbs

    def either(self, at: int) -> bool:
        return self.tokens[at].text in _words().ors

    def begins(self, at: int) -> bool:
        """Whether what stands behind this comma or `and` says itself how it is meant."""
        return self.starts.get(self._after(at), "") in OTHERWISE

    def anew(self, at: int) -> bool:
        """Whether something new stands behind it: `no effusion, small nodule`."""
        after = self._after(at)
        return after < len(self.tokens) and self.tokens[after].text in _words().begins

    def breaks(self, at: int) -> bool:
        """Whether a comma stands here that is not between two words for one thing."""
        return self.tokens[at].text == "," and self.tokens[at - 1].text not in _words().describes

    def _after(self, at: int) -> int:
        """Index behind a comma or `and` or both; behind all, where none stands here."""
        after = at
        while after < len(self.tokens) and after < at + 2 and self.tokens[after].text in JOINS:
            after += 1
        return after if after > at else len(self.tokens)


def reaches(tokens: Sequence[Token], named: frozenset[int]) -> tuple[Reach, ...]:
    """What the cues of a sentence say, each with its reach; `named` are the places of findings."""
    found = list(_cues().longest(tokens))
    sentence = _Sentence(tokens, named, {x.first: x.value.kind for x in found})
    return tuple(reach for cue in found for reach in _reaches(sentence, cue))


def asserted(at: Sequence[int], said: Sequence[Reach], tokens: Sequence[Token]) -> Reach | None:
    """What counts of all that is said of the name at these places; None where nothing is.

    What no comma parts from the name counts before what does: `no fever, pneumonia suspected`.
    """

    def rank(reach: Reach) -> tuple[bool, int, bool]:
        first, beyond = sorted((reach.cue[0], at[0]))
        parted = any(x.text == "," for x in tokens[first:beyond])
        return parted, ORDER.index(reach.assertion), reach.side == BEFORE

    return min((x for x in said if x.holds(at)), key=rank, default=None)


def _reaches(sentence: _Sentence, cue: Found[_Cue]) -> Iterator[Reach]:
    side = cue.value.side
    assertion = next((x for x in ORDER if x == cue.value.kind), None)
    if assertion is None:
        return
    hedged = cue.value.hedged
    if side != AFTER:
        beyond = _forward(sentence, cue)
        yield Reach(assertion, cue.beyond, beyond, BEFORE, cue.at, hedged)
    if side in (AFTER, AROUND):
        first = _backward(sentence, cue.first)
        yield Reach(assertion, first, cue.first, AFTER, cue.at, hedged)


def _forward(sentence: _Sentence, cue: Found[_Cue]) -> int:
    """Index behind the last word that a cue before it reaches.

    What is denied goes on behind a comma in a list of findings, or where an `or` follows: `no
    effusion, mass`, `no fever, mass or effusion`; but not in `no fever, tension pneumothorax`.
    """
    start = end = cue.beyond
    stop = min(len(sentence.tokens), start + REACH[BEFORE])
    while end < stop and not (sentence.ends(end) or (end > start and sentence.verb(end))):
        end += 1
    last_or = max((x for x in range(start, end) if sentence.either(x)), default=-1)
    listed = min((x for x in range(start, end) if x in sentence.named), default=end)
    for at in range(start, end):
        fresh = listed < at and last_or < at and sentence.anew(at)
        word, before = sentence.tokens[at].text, listed < at
        over = cue.value.kind == "negated" and not before and last_or < at and sentence.breaks(at)
        if fresh or over or sentence.begins(at) or _parts(cue.value, word, before):
            return at
    return end


def _parts(cue: _Cue, word: str, listed: bool) -> bool:
    """Whether this word ends the reach of a cue that says that something is past.

    listed: whether the name of a finding stands between. What follows a comma is past only in a
    list of findings: `history of stroke, fracture`, but `status post fall, pneumothorax`.
    """
    if cue.side == NEAR:
        return word == "," or (word in JOINS and listed)
    return cue.kind == "historical" and word == "," and not listed


def _backward(sentence: _Sentence, beyond: int) -> int:
    """Index of the first word that a cue behind it reaches."""
    first, either = beyond, False
    least = max(0, beyond - REACH[AFTER])
    while first > least:
        at = first - 1
        either = either or sentence.either(at)
        comma = sentence.tokens[at].text == "," and not either
        if comma or sentence.ends(at) or sentence.verb(at):
            break
        first = at
    return first


@cache
def _cues() -> Phrases[_Cue]:
    return Phrases(
        (phrase, _Cue("negated" if kind == HEDGED else kind, side, kind == HEDGED))
        for kind, entry in data("cues.toml").items()
        for side in (BEFORE, NEAR, AFTER, AROUND)
        for phrase in entry.get(side, ())
    )


@cache
def _words() -> _Words:
    return _Words(**{k: frozenset(v) for k, v in data("cues.toml")["words"].items()})
