"""The form in which a finding is edited or added. Every field is kept as soon as it is left."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from secondlook.decisions import Act, Area, FindingAct
from secondlook.domain import Domain
from secondlook_ui import drafts, finding_acts, session, shortcuts, typed_place, words, workbench
from secondlook_ui.shown import Shown

LONGEST = 1000
SITE_LONGEST = 200


@dataclass(frozen=True)
class Target:
    """What the form is about: something that was found, or one of the added."""

    page: Shown
    label: str | None = None
    number: int = 0

    @property
    def act(self) -> FindingAct | None:
        """What was said so far."""
        if self.label is not None:
            return finding_acts.of(self.page, self.label)
        mine = finding_acts.own(self.page)
        return mine[self.number] if self.number < len(mine) else None

    def key(self, field: str) -> str:
        """A field of the form."""
        return f"form:{drafts.act_name(self.page)}:{self.label or self.number}:{field}"

    def value(self, field: str) -> Any:
        """What stands in it."""
        return st.session_state.get(self.key(field))

    def say(self, act: FindingAct | None) -> None:
        """Keep what the form says."""
        if self.label is not None:
            finding_acts.say(self.page, self.label, act)
        else:
            finding_acts.say_own(self.page, self.number, act)


def target(page: Shown, name: str) -> Target:
    """What the open form of this name is about."""
    if name.startswith(workbench.EDIT):
        return Target(page, label=name.removeprefix(workbench.EDIT))
    return Target(page, number=int(name.removeprefix(workbench.ADD)))


def show(page: Shown, domain: Domain, name: str, drawn: Area | None) -> None:
    """Draw the form; `drawn` is a place that was just drawn on the picture."""
    of = target(page, name)
    _fill(of, domain)
    if drawn is not None:
        _take(of, drawn)
    about = finding_acts.titled(page, of.label) if of.label is not None else None
    workbench.head(page, f"Edit: {about}" if about else "Add a finding", shortcuts.EDIT)
    _words(of, domain)
    _place(of, domain)
    st.text_input(
        "Comment", key=of.key("comment"), max_chars=LONGEST, on_change=_keep, args=(of, domain)
    )
    _way_back(of)


def _words(of: Target, domain: Domain) -> None:
    titles = {x.code: words.label(x.title) for x in domain.taxonomy.labels}
    same = f"as found ({titles.get(of.label or '', of.label)})"
    first, second = st.columns([3, 2], gap="small")
    first.selectbox(
        "It is",
        [x for x in titles if x != of.label],
        format_func=lambda x: titles.get(x, x),
        index=None,
        placeholder=same if of.label is not None else "Choose what it is",
        key=of.key("becomes"),
        on_change=_keep,
        args=(of, domain),
    )
    if domain.severities:
        grades = {x.code: words.label(x.title) for x in domain.severities}
        second.selectbox(
            "Severity",
            list(grades),
            format_func=lambda x: grades.get(x, x),
            index=None,
            placeholder="not said",
            key=of.key("severity"),
            on_change=_keep,
            args=(of, domain),
        )


def _place(of: Target, domain: Domain) -> None:
    pictures = of.page.case.images()
    kept: dict[str, Any] = {"on_change": _keep, "args": (of, domain)}
    first, second = st.columns([2, 3], gap="small")
    first.text_input("Site", key=of.key("site"), max_chars=SITE_LONGEST, **kept)
    if not pictures:
        return
    second.text_input(
        "Place in pixels, or drawn (Shift+D)",
        key=of.key("place"),
        max_chars=60,
        placeholder=typed_place.FORM,
        **kept,
    )
    several = len(pictures) > 1
    slices = max(typed_place.frames(x) for x in pictures)
    if several or slices > 1:
        one, other = st.columns(2, gap="small")
        if several:
            names = [f"{n + 1}: {words.label(x.name)}" for n, x in enumerate(pictures)]
            one.selectbox(
                "On picture",
                range(len(pictures)),
                format_func=lambda x: names[x],
                key=of.key("picture"),
                **kept,
            )
        if slices > 1:
            other.number_input("Slice", 1, slices, key=of.key("slice"), **kept)
    if said := st.session_state.get(of.key("refused")):
        with st.container(key="caution-place"):
            st.text(said)


def _way_back(of: Target) -> None:
    st.button(
        "As it was found" if of.label is not None else "Take it out",
        key="form-undo",
        disabled=of.act is None,
        on_click=_drop,
        args=(of,),
    )


def _fill(of: Target, domain: Domain) -> None:
    """The fields as the draft has them, the first time the form is drawn."""
    if of.key("comment") in st.session_state:
        return
    act = of.act or FindingAct(label=of.label or "", act=Act.EDIT)
    pictures = [x.sha256 for x in of.page.case.images()]
    there = act.area is not None and act.area.attachment in pictures
    known = {x.code for x in domain.taxonomy.labels}
    grades = {x.code for x in domain.severities}
    becomes = act.becomes if of.label is not None else act.label
    fields = {
        "becomes": becomes if becomes in known else None,
        "severity": act.severity if act.severity in grades else None,
        "site": act.site or "",
        "place": typed_place.text_of(act.area) if there else "",
        "picture": pictures.index(act.area.attachment) if there and act.area else 0,
        "slice": 1 + (act.area.frame or 0) if there and act.area else 1,
        "comment": act.comment,
    }
    for field, value in fields.items():
        st.session_state[of.key(field)] = value


def _take(of: Target, area: Area) -> None:
    """A drawn place, into the fields and into the draft."""
    pictures = [x.sha256 for x in of.page.case.images()]
    st.session_state[of.key("place")] = typed_place.text_of(area)
    st.session_state[of.key("picture")] = pictures.index(area.attachment)
    st.session_state[of.key("slice")] = 1 + (area.frame or 0)
    if of.page.domain is not None:
        _keep(of, of.page.domain)


@session.careful
def _keep(of: Target, domain: Domain) -> None:
    area, refused = _area(of, domain)
    st.session_state[of.key("refused")] = refused
    said = FindingAct(
        label=of.label or of.value("becomes") or "",
        act=Act.EDIT if of.label is not None else Act.ADD,
        becomes=of.value("becomes") if of.label is not None else None,
        severity=of.value("severity"),
        site=(of.value("site") or "").strip() or None,
        area=area,
        comment=(of.value("comment") or "").strip(),
    )
    of.say(said if _says(said) else None)


def _says(act: FindingAct) -> bool:
    """An edit that changes nothing, and an addition without a name, are none."""
    if act.act is Act.ADD:
        return bool(act.label)
    return replace(act, label="") != FindingAct(label="", act=Act.EDIT)


def _area(of: Target, domain: Domain) -> tuple[Area | None, str]:
    """The place of the fields; where it is none, why."""
    pictures = of.page.case.images()
    if not pictures:
        return None, ""
    picture = pictures[of.value("picture") or 0]
    try:
        area = typed_place.read(of.value("place") or "", picture, (of.value("slice") or 1) - 1)
    except ValueError as error:
        return None, str(error)
    refused = typed_place.refusal(area, of.page.case, domain) if area else ""
    return (None, refused) if refused else (area, "")


@session.careful
def _drop(of: Target) -> None:
    if of.act is not None:
        of.say(None)
    workbench.open_form(of.page, None)
