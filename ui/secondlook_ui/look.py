"""The first look: what the machine found, why, and what it did not judge."""

import streamlit as st

from secondlook.assessments import Assessment, Finding
from secondlook.domain import Domain
from secondlook.evidence import (
    Evidence,
    LabelProbabilities,
    Measurement,
    ModalityContribution,
    Region,
    SliceShare,
)
from secondlook_ui import finding_acts, judged, passages, rulings, shortcuts, similar, words
from secondlook_ui.shown import Shown

HEIGHT = 333
BESIDE = HEIGHT - similar.HEIGHT - 8
"""With similar cases below and the gap between: the deciding part never moves under the mouse."""


def reveals_at_once(domain: Domain | None) -> bool:
    """Whether the first look stands beside the picture, or waits until it is asked for."""
    return domain is None or not domain.image_first


def revealed(page: Shown) -> bool:
    """Whether the first look is to be shown now; draws the button where it waits."""
    key = f"revealed:{page.case.id}"
    if reveals_at_once(page.domain) or page.decided or st.session_state.get(key):
        return True
    pressed = st.button(
        "Show the first look",
        key="first-look",
        icon=":material/visibility:",
        shortcut=shortcuts.FIRST_LOOK,
    )
    if pressed:
        st.session_state[key] = True
        st.rerun()
    return False


def show(page: Shown, *, revealed: bool, acting: bool) -> None:
    """Draw the machine's part; with what may be said of each finding if `acting`."""
    height = BESIDE if revealed and page.similar else HEIGHT
    with st.container(height=height, border=True, gap="xsmall", key="look"):
        if not revealed:
            st.caption("Look at the picture first. The machine's part is hidden until you ask.")
        elif page.assessment is None:
            st.text("There is no first look at this case yet.")
        else:
            _assessment(page, page.assessment, acting)
        if acting:
            finding_acts.show_own(page)


def _assessment(page: Shown, assessment: Assessment, acting: bool) -> None:
    if assessment.abstention is not None:
        with st.container(key="caution-abstention"):
            st.text(f"Not judged: {assessment.abstention.message}")
    _summary(page, assessment)
    changes = judged.changes(page.judged, page.domain)
    judged.show_last(changes)
    drawn: set[str] = set()
    for number, finding in enumerate(assessment.findings):
        asked = acting and finding.label not in drawn
        _finding(page, finding, number, words.untrained(assessment), asked)
        drawn.add(finding.label)
    for number, flag in enumerate(assessment.flags):
        with st.container(key=f"caution-flag-{number}"):
            st.text(f"Caution: {flag.message}")
    passages.show(assessment.evidence, "case")
    _facts(page.domain, assessment.evidence, "case")
    judged.show_earlier(changes)
    _provenance(page, assessment)


def _summary(page: Shown, assessment: Assessment) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="summary"):
        with st.container(key="strong-summary", width="stretch"):
            nothing = not assessment.findings and assessment.abstention is None
            if nothing and not page.triage_only:  # there a flag says what may be said
                st.text("Nothing was found.")
            if assessment.disposition is not None:
                title = words.disposition(page.domain, assessment.disposition)
                st.text(f"Recommended: {title}")
        if (revision := page.revision()) is not None:
            with st.container(key="quiet-revision", width="content"):
                st.text(f"by {revision}")
    if page.outdated():
        with st.container(key="caution-outdated"):
            st.text("The product has another manual by now. To judge by it: secondlook rejudge")
    if not assessment.findings and (reach := page.reach()) is not None:
        with st.container(key="quiet-reach"):
            st.text(f"The most unusual place reaches {reach:.2f} of the threshold.")


def _finding(
    page: Shown, finding: Finding, number: int, untrained: str | None, asked: bool
) -> None:
    """One finding: its name beside agree and reject, the clause that decides, and the rest."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"finding-{number}"):
        with st.container(key=f"strong-finding-{number}", width="stretch"):
            severity = f" ({finding.severity})" if finding.severity else ""
            st.text(f"{finding.title}{severity}")
        if asked:
            finding_acts.show(page, finding.label)
    if asked:
        finding_acts.show_edit(page, finding.label, number)
    rulings.show_deciding(page.domain, finding.evidence, str(number))
    parts = [words.strength(finding), finding.site or "", _places(page, finding)]
    if untrained and finding.score is not None:
        parts.append(f"from an untrained backbone ({untrained})")
    with st.container(key=f"quiet-finding-{number}"):
        st.text("; ".join(x for x in parts if x))
    rulings.show_others(page.domain, finding.evidence, str(number))
    passages.show(finding.evidence, str(number))
    _facts(page.domain, finding.evidence, str(number))


def _places(page: Shown, finding: Finding) -> str:
    """What its places are called on the pictures."""
    names = [page.called(x) for x in finding.evidence if isinstance(x, Region)]
    if not names:
        return ""
    return f"place {names[0]}" if len(names) == 1 else f"places {names[0]} to {names[-1]}"


def _facts(domain: Domain | None, evidence: tuple[Evidence, ...], place: str) -> None:
    """What was measured and compared, close together: it is looked up rather than read."""
    said = [line for item in evidence for line in _fact(domain, item)]
    with st.container(key=f"quiet-facts-{place}", gap="xxsmall"):
        for line in said:
            st.text(line)


def _fact(domain: Domain | None, item: Evidence) -> tuple[str, ...]:
    match item:
        case Measurement(region=None):
            return (f"{item.name}: {item.value:.4g} {item.unit}".rstrip(),)
        case ModalityContribution():
            return (words.contribution(item),)
        case SliceShare():
            return (words.slice_share(item),)
        case LabelProbabilities():
            return words.probabilities(domain, item)
        case _:
            return ()


def _provenance(page: Shown, assessment: Assessment) -> None:
    source = assessment.provenance
    with st.expander("Where this comes from"):
        for near in page.nearest():
            reached = f"similarity {near.similarity:.2f}"
            st.text(f"nearest known picture {near.reference[:12]} ({reached})")
        st.text(f"made {words.clock(assessment.created_at, seconds=True)} by {source.code_version}")
        st.text(f"adapter: {source.adapter or 'none'}")
        for backbone in source.backbones:
            state = "trained" if backbone.trained else "UNTRAINED: random weights"
            st.text(f"backbone: {backbone.name} {backbone.revision}, {state}")
            st.text(f"weights sha256 {backbone.fingerprint[:16]}…")
        st.text(f"inputs {source.inputs[:16]}…, assessment {assessment.id}")
