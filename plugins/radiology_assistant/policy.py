"""Triage: which band an exam belongs in, and why.

Thresholds are bound to the model that they were set on: the scores of another version of it mean
something else (PLOS Digit Health 2025, Lunit CXR 3.1 and 3.9: median score .35 and .61). So a
threshold that is missing, expired or of another model judges nothing: the exam is not assessed,
with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from radiology_assistant.policy_settings import NOT_ASSESSED, TriageSettings
from radiology_assistant.taxonomy import ROUTINE
from secondlook import NOTHING, Abstention, Answers, Finding, Queue


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The operating points of an adapter, as they are stored with it.

    Attributes:
        values: by label, the probability from which the finding is raised.
        fingerprint: of the model that they were set on.
        expires: from when on they hold no more; None where the card says nothing of it.
    """

    values: Mapping[str, float]
    fingerprint: str
    expires: datetime | None = None


def thresholds_of(answers: Answers | None, policy: "Policy") -> Thresholds | None:
    """Those that came with the answers; None without answers.

    An adapter without thresholds reports from even odds on, by its own calibration.
    """
    if answers is None:
        return None
    chosen = bool(answers.thresholds)
    return Thresholds(
        values=answers.thresholds if chosen else dict.fromkeys(answers.probabilities, EVEN),
        fingerprint=answers.thresholds_for if chosen else answers.fingerprint,
        expires=policy.expires(answers.learned),
    )


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where an exam belongs.

    Attributes:
        code: of the band; it is the disposition to recommend, too.
        priority: where it stands in the worklist. A text that names something more pressing may
            put it above its band, and nothing puts it below.
        reason: a label that was found, why nothing was assessed, or `nothing_found`.
        message: why thresholds were refused, for the reviewer; empty otherwise.
    """

    code: str
    priority: int
    reason: str
    message: str = ""


MESSAGES = {
    "threshold_missing": "The adapter has no threshold for {}; learn or calibrate it again.",
    "threshold_mismatch": "The thresholds belong to another model than the one that looked.",
    "threshold_expired": "The thresholds have expired; check them on recent exams of this site.",
    "threshold_invalid": "The threshold for {} is no probability.",
    "answers_invalid": "The adapter gave no usable number for {}.",
}
EVEN = 0.5
EVER = datetime.min.replace(tzinfo=UTC)
NOT_JUDGED = " So the exam was not assessed; this says nothing about whether it is normal."


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The site's policy."""

    settings: TriageSettings = field(default_factory=TriageSettings)

    @property
    def queue(self) -> Queue:
        """The bands and their limits."""
        return self.settings.queue()

    def band(
        self,
        findings: Sequence[Finding],
        answers: Answers | None,
        abstention: Abstention | None,
        thresholds: Thresholds | None,
        *,
        model: str | None = None,
        at: datetime,
    ) -> Placed:
        """The band of an exam.

        Args:
            findings: those that put an exam higher, whatever was not assessed: mentions in notes,
                and what was found in them.
            answers: probabilities by label; None where no model looked.
            abstention: why nothing, or not everything, was assessed.
            thresholds: of the adapter that gave the answers.
            model: fingerprint of the model that gave the answers.
            at: the present moment.
        """
        pressing = [x.label for x in findings if x.severity]
        if abstention is not None or answers is None:
            reason = abstention.reason if abstention else "no_adapter"
            return self._placed(NOT_ASSESSED, reason, pressing)
        refusal = refused(answers, thresholds, model, at)
        if refusal is not None or thresholds is None:
            code, message = refusal or ("threshold_missing", "")
            return self._placed(NOT_ASSESSED, code, pressing, message)
        found = _found(answers, thresholds)
        if not found:
            return self._placed(ROUTINE, "nothing_found", pressing)
        top = max(found, key=lambda x: (self._stands(x), found[x]))
        return self._placed(self.settings.band_of(top), top, pressing)

    def recommended(self, findings: Sequence[Finding]) -> str:
        """The band of the most pressing finding that has a probability; else routine."""
        found = [x.label for x in findings if x.probability is not None]
        return self.settings.band_of(max(found, key=self._stands)) if found else ROUTINE

    def expires(self, learned: datetime | None) -> datetime | None:
        """When thresholds of an adapter that was learned then are too old for the site.

        Nobody knows the age of one that does not say: where age counts, it is too old.
        """
        days = self.settings.threshold_days
        if not days:
            return None
        return EVER if learned is None else learned + timedelta(days=days)

    def stands(self, findings: Sequence[Finding]) -> int:
        """The priority of the band that is recommended for them."""
        return self.queue.band(self.recommended(findings)).priority

    def _placed(self, code: str, reason: str, pressing: Sequence[str], message: str = "") -> Placed:
        own = self.queue.band(code).priority
        highest = max((own, *map(self._stands, pressing)))
        return Placed(code=code, priority=highest, reason=reason, message=message)

    def _stands(self, label: str) -> int:
        return self.queue.band(self.settings.band_of(label)).priority


def refused(
    answers: Answers, thresholds: Thresholds | None, model: str | None, at: datetime
) -> tuple[str, str] | None:
    """Reason code and message, where the answers cannot be held against the thresholds."""
    labels = [x for x in answers.probabilities if x != NOTHING]
    values = thresholds.values if thresholds is not None else {}
    if thresholds is None or (lacking := [x for x in labels if x not in values]):
        return _said("threshold_missing", "any finding" if thresholds is None else lacking[0])
    if not model or not thresholds.fingerprint or thresholds.fingerprint != model:
        return _said("threshold_mismatch")
    if thresholds.expires is not None and at >= thresholds.expires:
        return _said("threshold_expired")
    if not labels:
        return _said("answers_invalid", "any finding")
    for code, numbers in (
        ("threshold_invalid", values),
        ("answers_invalid", answers.probabilities),
    ):
        if wrong := [x for x in labels if not 0 <= numbers[x] <= 1]:  # NaN is never between
            return _said(code, wrong[0])
    return None


def refusal(placed: Placed) -> Abstention | None:
    """The abstention to store where thresholds were refused; None where they were not."""
    if placed.reason not in MESSAGES:
        return None
    return Abstention(part="image", reason=placed.reason, message=placed.message)


def _found(answers: Answers, thresholds: Thresholds) -> dict[str, float]:
    """By label, the probability of what reached its threshold."""
    return {
        label: value
        for label, value in answers.probabilities.items()
        if label != NOTHING and value >= thresholds.values[label]
    }


def _said(code: str, label: str = "") -> tuple[str, str]:
    return code, MESSAGES[code].format(label) + NOT_JUDGED
