"""Digests of what an audit event is about, so that a changed row is found by its event."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from secondlook.assessments import Assessment
from secondlook.decisions import Decision, FindingAct, How, Prioritisation
from secondlook.intended_use import Acknowledgement
from secondlook.products import ProductVersion
from secondlook.reviewing import CaseAct
from secondlook.store.audit_chain import moment

LATER: dict[str, dict[str, object]] = {
    "region": {"name": None},
    "measurement": {"region": None},
    "provenance": {"spec": None, "rejudged": None},
}
"""Fields of evidence, by its kind, and of the provenance that came after assessments had been
stored without them. While they hold what is given here they are left out, so that digests of that
time still hold."""

DECIDED_BEFORE: dict[str, object] = {
    "how": How.ALONE,
    "severity": None,
    "reason_codes": (),
    "second_to": None,
}
ACTED_BEFORE: dict[str, object] = {
    "becomes": None,
    "severity": None,
    "site": None,
    "area": None,
    "comment": "",
}
"""The same of decisions, and of acts on findings."""


def decision_digest(decision: Decision) -> str:
    """Hex sha256 over everything a decision says.

    The random id among the fields keeps a short reason from being guessed from the digest alone.
    """
    fields: tuple[object, ...] = (
        decision.id,
        decision.case_id,
        decision.reviewer,
        decision.disposition,
        decision.decided_at.isoformat(timespec="microseconds"),
        decision.assessment_id,
        [_act(act) for act in decision.acts],
        decision.reason,
        decision.amends,
    )
    later = _without(asdict(decision), DECIDED_BEFORE)
    more = {x: later[x] for x in DECIDED_BEFORE if x in later}
    return _sha256((*fields, _same(more)) if more else fields)


def _act(act: FindingAct) -> list[object]:
    """Label and act, and what came later where it says something."""
    later = _without(asdict(act), ACTED_BEFORE)
    more = {x: later[x] for x in ACTED_BEFORE if x in later}
    return [act.label, act.act.value, *([_same(more)] if more else [])]


def case_act_digest(act: CaseAct) -> str:
    """Hex sha256 over everything that a person's act on a case says."""
    return _sha256(_same(asdict(act) | {"at": moment(act.at)}))


def assessment_digest(assessment: Assessment) -> str:
    """Hex sha256 over everything an assessment says, with its findings and evidence in order.

    The same before it is stored and after it is read, whatever a database makes of 1.0 and -0.0.
    """
    provenance = replace(assessment.provenance, adapter=assessment.provenance.adapter or None)
    fields = asdict(replace(assessment, provenance=provenance), dict_factory=_as_before)
    fields["provenance"] = _without(fields["provenance"], LATER["provenance"])
    return _sha256(_same(fields | {"created_at": moment(assessment.created_at)}))


def product_digest(version: ProductVersion) -> str:
    """Hex sha256 over everything a description of a product says."""
    return _sha256(_same(asdict(version) | {"at": moment(version.at)}))


def acknowledgement_digest(one: Acknowledgement) -> str:
    """Hex sha256 over who acknowledged which text, and when."""
    return _sha256(_same(asdict(one) | {"at": moment(one.at)}))


def priority_digest(act: Prioritisation) -> str:
    """Hex sha256 over everything that a person's act on the priority of a case says."""
    return _sha256(_same(asdict(act) | {"at": moment(act.at)}))


def _as_before(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of one value without those that came later and say nothing."""
    fields = dict(pairs)
    return _without(fields, LATER.get(str(fields.get("kind")), {}))


def _without(fields: dict[str, Any], later: Mapping[str, object]) -> dict[str, Any]:
    return {x: value for x, value in fields.items() if x not in later or value != later[x]}


def _sha256(fields: object) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _same(value: Any) -> Any:
    """Numbers as floats without a negative zero; TypeError for what is no plain value."""
    if isinstance(value, dict):
        return {key: _same(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_same(item) for item in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return float(value) + 0.0
    raise TypeError(type(value).__name__)
