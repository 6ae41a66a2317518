"""Judging again: what is kept, what is new, and what the digest of the inputs covers."""

from dataclasses import replace

import pytest

from lathe import Lathe
from secondlook import (
    Assessment,
    Case,
    Finding,
    Measurement,
    ModalityContribution,
    ProductSpec,
    Provenance,
    Zone,
)
from secondlook.discovery import load_plugins
from secondlook.engine import inputs_digest
from secondlook.plugins import Plugins
from secondlook.rejudging import as_if, rejudge, up_to_date
from store_values import BACKBONE, record

STRICT, LOOSE, NOTE = record(["limit 20"]), record(["limit 50"]), record(["limit 900"], "note")
MEASURED = Measurement(name="length", value=40, unit="px")


def plugins() -> Plugins:
    """The installed plugins and the lathe."""
    found = load_plugins()
    found.domains["lathe"] = Lathe()
    return found


def shaft(case: Case, manual: object = LOOSE, **spec: object) -> Case:
    """A shaft with a manual and a note."""
    described = ProductSpec(manual=getattr(manual, "sha256", None), **spec)  # type: ignore[arg-type]
    return replace(case, domain="lathe", records=(NOTE, manual), spec=described)  # type: ignore[arg-type]


def seen(case: Case) -> Assessment:
    """A first look that measured a scratch."""
    inputs = inputs_digest(case, {})
    made_by = Provenance(
        code_version="old", inputs=inputs, adapter="lathe/1", backbones=(BACKBONE,)
    )
    return Assessment(
        id="1" * 32,
        case_id=case.id,
        created_at=case.opened_at,
        provenance=made_by,
        evidence=(MEASURED,),
        disposition="accept",
    )


def test_what_was_seen_is_judged_by_what_the_case_has_now(a_case: Case) -> None:
    before = seen(shaft(a_case))
    now = shaft(a_case, STRICT)
    judged = rejudge(now, before, plugins(), {})
    assert judged is not None
    assert (judged.disposition, judged.findings[0].label) == ("scrap", "scratch")
    assert (judged.provenance.adapter, judged.provenance.backbones) == ("lathe/1", (BACKBONE,))
    assert judged.provenance.inputs == inputs_digest(now, {}) != before.provenance.inputs
    assert judged.provenance.code_version != "old"
    assert judged.id != before.id
    assert (judged.case_id, judged.evidence) == (a_case.id, (MEASURED,))
    assert up_to_date(now, judged, {})
    assert not up_to_date(now, before, {})
    assert not up_to_date(now, judged, {"limit": 3})


def test_the_provenance_says_what_was_judged_again_and_under_what(a_case: Case) -> None:
    first = seen(shaft(a_case))
    second = rejudge(shaft(a_case, STRICT, revision="B"), first, plugins(), {})
    assert second is not None
    assert (first.provenance.rejudged, second.provenance.rejudged) == (None, first.id)
    third = rejudge(shaft(a_case, pitch_mm=2), second, plugins(), {})
    assert third is not None
    assert third.provenance.rejudged == first.id  # the look itself, not what was made of it
    assert third.provenance.spec == ProductSpec(manual=LOOSE.sha256, pitch_mm=2)


@pytest.mark.parametrize(
    ("modality", "share", "judged"),
    [("text", 0.7, False), ("text", -0.7, False), ("text", 0.001, True), ("image", 0.7, True)],
)
def test_what_a_model_took_from_the_old_manual_waits_for_a_new_look(
    a_case: Case, modality: str, share: float, judged: bool
) -> None:
    case = shaft(a_case)
    why = ModalityContribution(modality=modality, share=share)
    finding = Finding(label="scratch", title="Scratch", evidence=(why,))
    before = replace(seen(case), findings=(finding,))
    before = replace(before, provenance=replace(before.provenance, spec=case.spec))
    assert (rejudge(shaft(a_case, STRICT), before, plugins(), {}) is not None) is judged
    assert rejudge(shaft(a_case, pitch_mm=2), before, plugins(), {}) is not None


def test_what_does_not_hold_enough_is_not_judged(a_case: Case) -> None:
    assert rejudge(shaft(a_case), replace(seen(a_case), evidence=()), plugins(), {}) is None


def test_all_plugins_flag_what_was_judged_again(a_case: Case) -> None:
    from secondlook import Flag, hookimpl

    class Careful:
        @hookimpl
        def flag_assessment(self, case: Case, assessment: Assessment) -> list[Flag]:
            return [Flag(code="look", message=f"It is {assessment.disposition}.")]

    found = plugins()
    found.manager.register(Careful(), name="careful")
    judged = rejudge(shaft(a_case, STRICT), seen(a_case), found, {})
    assert judged is not None
    assert [x.message for x in judged.flags if x.code == "look"] == ["It is scrap."]


def test_the_digest_covers_what_is_known_of_the_product(a_case: Case) -> None:
    rim = Zone(name="rim", left=0, top=0, width=1, height=0.1)
    plain = replace(a_case, records=(LOOSE,))
    cases = [
        plain,
        replace(plain, spec=ProductSpec(manual=LOOSE.sha256)),
        replace(plain, spec=ProductSpec(pitch_mm=0.1)),
        replace(plain, spec=ProductSpec(pitch_mm=0.2)),
        replace(plain, spec=ProductSpec(zones=(rim,))),
        replace(plain, spec=ProductSpec(zones=(replace(rim, name="edge"),))),
        replace(plain, spec=ProductSpec(zones=(replace(rim, height=0.2),))),
        replace(plain, records=(STRICT,)),
    ]
    assert len({inputs_digest(x, {}) for x in cases}) == len(cases)
    named = replace(plain, spec=ProductSpec(manual=LOOSE.sha256, revision="B"))
    assert inputs_digest(named, {}) == inputs_digest(cases[1], {})
    assert inputs_digest(replace(plain, spec=ProductSpec()), {}) == inputs_digest(plain, {})


def test_a_case_as_if_it_had_another_manual(a_case: Case) -> None:
    case = shaft(a_case, pitch_mm=0.1)
    spec = ProductSpec(pitch_mm=0.1, manual=STRICT.sha256)
    would_be = as_if(case, spec, STRICT)
    assert (would_be.spec, would_be.records) == (spec, (NOTE, STRICT))
    kept = as_if(case, ProductSpec(pitch_mm=2, manual=LOOSE.sha256), None)
    assert kept.records == case.records
    undescribed = replace(a_case, domain="lathe", records=(NOTE, STRICT))
    assert as_if(undescribed, spec, STRICT).records == (NOTE, STRICT)
