"""Values as a person says them. What comes out is for `st.text`: it may hold text from outside."""

import re
from datetime import datetime

from secondlook.assessments import Assessment, Finding
from secondlook.cases import NOTHING, CaseStatus
from secondlook.decisions import Act, Decision
from secondlook.domain import Disposition, Domain
from secondlook.evidence import (
    CitedPassage,
    LabelProbabilities,
    Measurement,
    ModalityContribution,
    Ruling,
    SliceShare,
    Statement,
)
from secondlook.store.worklist import CaseSummary

MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")
ACTS = {Act.AGREE: "agreed", Act.REJECT: "rejected", Act.EDIT: "changed", Act.ADD: "added"}
MOST = 4
"""Labels named in one line; further ones are counted."""
LEAST = 0.005
"""What would be said as 0.00 is not said."""
TONES = {
    "good": ":material/check_circle:",
    "caution": ":material/warning:",
    "bad": ":material/error:",
    "neutral": ":material/pause_circle:",
}


def label(text: str) -> str:
    """A plugin's own words for a place that renders markdown: every mark of it escaped."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """A time of day on this machine, with the date unless it is today."""
    local = moment.astimezone()
    day = "" if local.date() == datetime.now().astimezone().date() else f"{local:%Y-%m-%d} "
    return f"{day}{local:%H:%M:%S}" if seconds else f"{day}{local:%H:%M}"


def until(moment: datetime) -> str:
    """The end of a lease: soon, so without a date."""
    return f"{moment.astimezone():%H:%M}"


def disposition(domain: Domain | None, code: str | None) -> str:
    """A disposition's title; its code where the domain no longer knows it."""
    known = {x.code: x.title for x in domain.dispositions} if domain else {}
    return known.get(code or "", code or "")


def finding(domain: Domain | None, code: str) -> str:
    """A label's title; its code where the domain no longer knows it."""
    known = {x.code: x.title for x in domain.taxonomy.labels} if domain else {}
    return known.get(code, code)


def first_look(row: CaseSummary) -> str:
    """The machine's part of a worklist row in a few words."""
    if row.failure is not None:
        return f"failed: {row.failure}"
    if row.status is CaseStatus.NEW:
        return "no first look yet"
    declined = f"not judged ({row.abstained.replace('_', ' ')})" if row.abstained else None
    words = [x for x in (row.headline, declined) if x]
    return "; ".join(words) or "nothing found"


def strength(finding: Finding) -> str:
    """Score and threshold; the word probability only for what was calibrated."""
    parts = []
    if finding.probability is not None:
        parts.append(f"calibrated probability {finding.probability:.2f}")
    if finding.score is not None:
        parts.append(_score(finding.score, finding.threshold))
    return ", ".join(parts)


def ruling(domain: Domain | None, item: Ruling) -> str:
    """`Decides. Scrap: clause 3.2, manual.pdf, page 2, line 14`; one that decides without being
    certain to apply leaves it open, and is why nothing else is recommended."""
    uncertain = "" if item.decides else ", not certain"
    states = {True: "", None: uncertain, False: ", does not apply"}
    what = f"{disposition(domain, item.disposition)}{states[item.applies]}"
    number = f"clause {item.number}, " if item.number else ""
    page = f"page {item.page}, " if item.page else ""
    decides = ("Leaves it open. " if item.applies is None else "Decides. ") if item.decides else ""
    return f"{decides}{what}: {number}{item.record_name}, {page}line {item.line}"


def measured(item: Ruling) -> str:
    """`place 1: measured length 6.2 mm; limit: length above 5 mm; …`; empty without any of it."""
    place = f"place {item.region}: " if item.region and item.measured else ""
    parts = [
        f"{place}measured {item.measured}" if item.measured else "",
        f"limit: {item.limit}" if item.limit else "",
        f"place {item.region}" if item.region and not item.measured else "",
        item.note,
    ]
    return "; ".join(x for x in parts if x)


def quantity(item: Measurement) -> str:
    """A number with its unit."""
    return f"{item.value:.3g} {item.unit.replace('2', '²')}".strip()


def slice_share(item: SliceShare) -> str:
    """Which slice of a volume counted, and how much against the others that were looked at."""
    return f"slice {item.place + 1} of {item.depth}: {item.share:.0%} of what counted in the images"


def contribution(item: ModalityContribution) -> str:
    """What one modality did for a label, in points of probability."""
    if abs(item.share) < LEAST:
        return f"the {item.modality} makes no difference"
    way = "raises" if item.share > 0 else "lowers"
    return f"the {item.modality} {way} the probability by {abs(item.share):.2f}"


def stated(item: Statement) -> str:
    """`negated ("no evidence of"), under findings`."""
    cue = " ".join(item.cue.split())
    said = f'{item.assertion} ("{cue}")' if cue else item.assertion
    return f"{said}, under {item.section}"


def effect(passage: CitedPassage) -> tuple[str, ...]:
    """What the finding owes to a sentence, where that was asked."""
    if passage.effect is None:
        return ()
    if abs(passage.effect) < LEAST:
        return ("without this sentence the probability stays as it is",)
    way = "falls" if passage.effect > 0 else "rises"
    return (f"without this sentence the probability {way} by {abs(passage.effect):.2f}",)


def probabilities(domain: Domain | None, item: LabelProbabilities) -> tuple[str, ...]:
    """The most probable labels, and which cannot be ruled out, where that is known; a line each."""
    return (_most_probable(domain, item), *_possible(domain, item))


def _most_probable(domain: Domain | None, item: LabelProbabilities) -> str:
    order = sorted(item.probabilities, key=lambda x: -item.probabilities[x])
    told = [x for x in order if item.probabilities[x] >= LEAST][:MOST] or order[:1]
    said = ", ".join(f"{_label(domain, x)} {item.probabilities[x]:.2f}" for x in told)
    others = len(order) - len(told)
    return f"{said}, {_count(others, 'other')} less probable" if others else said


def _possible(domain: Domain | None, item: LabelProbabilities) -> tuple[str, ...]:
    if not item.possible:
        return ()
    order = sorted(item.possible, key=lambda x: -item.probabilities.get(x, 0.0))
    if len(order) == 1:
        return (f"with {item.coverage:.0%} coverage it is: {_label(domain, order[0])}",)
    said = ", ".join(_label(domain, x) for x in order[:MOST])
    others = f" and {_count(len(order) - MOST, 'other')}" if len(order) > MOST else ""
    return (f"with {item.coverage:.0%} coverage it is one of: {said}{others}",)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _label(domain: Domain | None, code: str) -> str:
    return "no finding" if code == NOTHING else finding(domain, code)


def untrained(assessment: Assessment) -> str | None:
    """The names of backbones with random weights, if any took part."""
    names = [x.name for x in assessment.provenance.backbones if not x.trained]
    return ", ".join(names) or None


def decided(decision: Decision, domain: Domain | None) -> str:
    """One decision as a line."""
    act = "changed the decision to" if decision.amends else "decided"
    act = act if decision.how.closes else "read it as"
    title = disposition(domain, decision.disposition)
    return f"{clock(decision.decided_at, seconds=True)}  {decision.reviewer} {act} {title}"


def tone(disposition: Disposition) -> str:
    """An icon, so that the tone does not hang on a colour."""
    return TONES[disposition.tone]


def size(count: int) -> str:
    """Bytes for people."""
    return f"{count / 1024:.0f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"


def _score(score: float, threshold: float | None) -> str:
    if threshold is None:
        return f"score {score:.3g}"
    times = f" ({score / threshold:.1f} times)" if threshold > 0 else ""
    return f"score {score:.3g}, raised from {threshold:.3g} on{times}"
