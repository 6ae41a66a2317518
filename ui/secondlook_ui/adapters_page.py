"""Adapters: what was learned, which of it is in use, and how well it did. Reads, changes nothing.

Putting one into use checks its files, which takes the model library; this process has none.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import streamlit as st

from secondlook.accounts.actor import Actor, Permission
from secondlook.store.adapters import AdapterInfo
from secondlook.store.runs import Run
from secondlook_ui import session, words

STATES = {"champion": "in use", "challenger": "waits", "retired": "retired"}
LEFT_OUT = frozenset({"suspects", "learned_from", "files", "metrics", "ablations", "comparison"})
"""Of a card: names of files, digests of cases, and what has a table of its own."""
INTERVALS = ("intervals", "operating_point")
RUNS = 200


def show() -> None:
    """Draw the page."""
    session.let_go()
    found = session.actor()
    with session.workspace().database.read() as unit:
        known = [x for x in unit.adapters.all() if found.may(Permission.SEE, x.domain)]
        runs = unit.runs.all(RUNS)
    if not known:
        st.info("Nothing was learned yet. `secondlook learn` makes the first adapter of a domain.")
        return
    st.dataframe([_line(x) for x in known], hide_index=True, width="stretch", key="adapters")
    names = [x.id for x in known]
    chosen = st.selectbox("Card of", names, key="adapter")
    info = next(x for x in known if x.id == chosen)
    _use(info, found)
    _card(info, [x for x in runs if x.verb == "evaluate" and x.metrics.get("adapter") == info.id])


def _line(info: AdapterInfo) -> dict[str, str]:
    return {
        "Adapter": info.id,
        "State": STATES[info.state],
        "Domain": info.domain,
        "Product": info.product or "all products",
        "Backbone": info.backbone.name + ("" if info.backbone.trained else " (random weights)"),
        "Learned": words.clock(info.created_at),
        "Figures": _headline(info.card),
    }


def _headline(card: Mapping[str, Any]) -> str:
    goods, answers = card.get("goods") or {}, card.get("answers") or {}
    parts = []
    if "false_alarm_bound" in goods:
        parts.append(f"flags at most {goods['false_alarm_bound']:.0%} of goods (95 % bound)")
    measured = answers.get("metrics") or {}
    parts += [f"{x} {measured[x]:.3f}" for x in ("auroc", "ece") if measured.get(x) is not None]
    if answers:
        parts.append(f"{len(answers['labels'])} labels from {answers['cases']} cases")
    return ", ".join(parts) or "none kept"


def _use(info: AdapterInfo, found: Actor) -> None:
    """How it comes into use, for whoever may do that."""
    if not found.may(Permission.PROMOTE, info.domain):
        return
    product = f" --product {info.product}" if info.product else ""
    command = f"secondlook adapters promote {info.id}"
    if info.state == "champion":
        command = f"secondlook adapters rollback {info.domain}{product}"
    st.text(
        "To put back what was in use before it, at the terminal:"
        if info.state == "champion"
        else "To put it into use, at the terminal (one person is enough: no second one is asked):"
    )
    st.code(command, language=None)


def _card(info: AdapterInfo, runs: Sequence[Run]) -> None:
    parts = {x: y for x in ("goods", "answers", "alignment") if (y := info.card.get(x))}
    for name, part in parts.items():
        _table(f"{name}: measured on cases that it had not learned from", part.get("metrics"))
        _table(
            f"{name}: with a modality alone, without it, or another case's", part.get("ablations")
        )
        _table(f"{name}: each way of learning", part.get("comparison"))
    if runs:
        run = runs[0]
        _table(f"Measured {words.clock(run.started_at)}", run.metrics.get("metrics"))
        for kind in INTERVALS:
            title = kind.replace("_", " ")
            _table(f"Measured {words.clock(run.started_at)}: {title}", run.metrics.get(kind))
    else:
        st.caption("`secondlook evaluate` measures it with intervals; that was not done here yet.")
    with st.expander("Whole card"):
        rows = [{"field": x, "value": y} for x, y in flat(info.card, without=LEFT_OUT)]
        st.dataframe(rows, hide_index=True, width="stretch", key="card")


def _table(title: str, figures: object) -> None:
    if not isinstance(figures, Mapping) or not figures:
        return
    with st.container(key=f"strong-{title}"):
        st.text(title)
    if all(isinstance(x, Mapping) for x in figures.values()):
        rows: list[dict[str, str]] = [
            {"": str(name), **{x: y for x, y in flat(inner)}} for name, inner in figures.items()
        ]
    else:
        rows = [{"figure": x, "value": y} for x, y in flat(figures)]
    st.dataframe(rows, hide_index=True, width="stretch", key=f"table-{title}")


def flat(
    value: object, name: str = "", *, without: Container[str] = ()
) -> Iterator[tuple[str, str]]:
    """Nested values as lines under the names of all they lie in, `without` some of the names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in without:
                yield from flat(inner, f"{name} {key}".strip(), without=without)
    elif isinstance(value, list | tuple):
        yield name, " to ".join(_said(x) for x in value) if _pair(value) else _listed(value)
    else:
        yield name, _said(value)


def _pair(value: Sequence[object]) -> bool:
    return len(value) == 2 and all(isinstance(x, float) for x in value)


def _listed(value: Sequence[object]) -> str:
    return ", ".join(_said(x) for x in value)


def _said(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
