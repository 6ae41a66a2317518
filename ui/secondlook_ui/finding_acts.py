"""What the reviewer says of each finding: agree, edit, reject, and findings of their own."""

from dataclasses import replace

import streamlit as st

from secondlook.decisions import Act, FindingAct
from secondlook_ui import decided, drafts, session, shortcuts, words, workbench
from secondlook_ui.shown import Shown

ACTS = {
    Act.AGREE: ("Agree", shortcuts.AGREE),
    Act.EDIT: ("Edit", shortcuts.EDIT),
    Act.REJECT: ("Reject", shortcuts.REJECT),
}
CHOSEN = ":material/check:"


def of(page: Shown, label: str) -> FindingAct | None:
    """What was said so far of what was found."""
    made = drafts.entered(page).acts
    return next((x for x in made if x.label == label and x.act is not Act.ADD), None)


def own(page: Shown) -> tuple[FindingAct, ...]:
    """What was added."""
    return tuple(x for x in drafts.entered(page).acts if x.act is Act.ADD)


def say(page: Shown, label: str, act: FindingAct | None) -> None:
    """Say it of what was found; None takes back what was said."""
    now, before = drafts.entered(page), of(page, label)
    acts = [x for x in now.acts if x is not before]
    drafts.put(page, replace(now, acts=(*acts, *([act] if act else []))))


def say_own(page: Shown, number: int, act: FindingAct | None) -> None:
    """Add a finding, change the one of this number, or with None take it out."""
    now, mine = drafts.entered(page), list(own(page))
    mine[number : number + 1] = [act] if act else []
    others = [x for x in now.acts if x.act is not Act.ADD]
    drafts.put(page, replace(now, acts=(*others, *mine)))


def at(page: Shown) -> str | None:
    """The finding whose buttons have the keys: the first that nothing was said of."""
    labels = page.labels()
    kept = st.session_state.get(_at_key(page))
    if kept in labels:
        return str(kept)
    return next((x for x in labels if of(page, x) is None), next(iter(labels), None))


def show(page: Shown, label: str) -> None:
    """The three buttons of one finding."""
    made = of(page, label)
    for act, (title, its_key) in ACTS.items():
        key = its_key if label == at(page) else None
        chosen = made is not None and made.act is act
        st.button(
            title,
            key=f"act:{drafts.act_name(page)}:{label}:{act}",
            icon=CHOSEN if chosen else None,
            type="primary" if chosen else "secondary",
            shortcut=key,
            on_click=_press,
            args=(page, label, act),
        )


def show_edit(page: Shown, label: str, number: int) -> None:
    """What an edit made of it."""
    made = of(page, label)
    if made is not None and made.act is Act.EDIT:
        with st.container(key=f"quiet-edited-{number}"):
            st.text(decided.act(made, page.domain))


def show_own(page: Shown) -> None:
    """What was added, each with the way to change it."""
    for number, act in enumerate(own(page)):
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"finding-own-{number}"
        ):
            with st.container(key=f"strong-own-{number}", width="stretch"):
                st.text(decided.act(act, page.domain))
            st.button(
                "Edit",
                key=f"act:{drafts.act_name(page)}:own:{number}",
                on_click=workbench.open_form,
                args=(page, f"{workbench.ADD}{number}"),
            )


def show_ways(page: Shown) -> None:
    """The way to the next finding and to one of one's own."""
    if len(page.labels()) > 1:
        st.button(
            "Next finding",
            key="next-finding",
            shortcut=shortcuts.NEXT_FINDING,
            on_click=_go_on,
            args=(page,),
        )
    st.button(
        "Add",
        key="add-finding",
        shortcut=shortcuts.ADD,
        on_click=workbench.open_form,
        args=(page, f"{workbench.ADD}{len(own(page))}"),
    )


def titled(page: Shown, label: str) -> str:
    """What the machine called it."""
    found = page.assessment.findings if page.assessment else ()
    said = next((x.title for x in found if x.label == label), None)
    return said or words.finding(page.domain, label)


@session.careful
def _press(page: Shown, label: str, act: Act) -> None:
    """The same again takes it back; an edit is said in its form."""
    if act is Act.EDIT:
        st.session_state[_at_key(page)] = label
        workbench.open_form(page, f"{workbench.EDIT}{label}")
        return
    made = of(page, label)
    again = made is not None and made.act is act
    say(page, label, None if again else FindingAct(label=label, act=act))
    st.session_state[_at_key(page)] = label if again else None
    if not again and all(of(page, x) for x in page.labels()):
        st.session_state[_at_key(page)] = label


def _go_on(page: Shown) -> None:
    labels = page.labels()
    now = at(page)
    if now is not None:
        st.session_state[_at_key(page)] = labels[(labels.index(now) + 1) % len(labels)]


def _at_key(page: Shown) -> str:
    return f"at:{drafts.act_name(page)}"
