"""A key pressed twice must not decide the next case unseen."""

import time

import streamlit as st

SETTLE_SECONDS = 0.6
TOO_SOON = "Nothing was decided: this case had only just appeared. Look at it and press again."


def appeared(case_id: str) -> None:
    """The page of this case was drawn to its end."""
    if st.session_state.get("appeared", ("", 0.0))[0] != case_id:
        st.session_state["appeared"] = (case_id, time.monotonic())


def too_soon(case_id: str) -> bool:
    """Whether the reviewer cannot have seen the case yet."""
    seen: str
    since: float
    seen, since = st.session_state.get("appeared", ("", 0.0))
    return seen != case_id or time.monotonic() - since < SETTLE_SECONDS
