"""Errors as a reviewer meets them: ours in their own words, others without what they quote."""

import logging
import traceback

import streamlit as st

from secondlook.errors import SecondlookError

UNEXPECTED = "This page broke. Decisions that were confirmed are stored; reload the page."
logger = logging.getLogger("secondlook")


def show(error: Exception) -> None:
    """One clear sentence in place of the page."""
    if isinstance(error, SecondlookError):
        st.error("This did not work:")
        st.text(str(error))
    else:
        log(error)
        st.error(UNEXPECTED)


def log(error: Exception) -> None:
    """Type and places in the code; the message is left out, it may quote a record."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s in the review UI\n%s", type(error).__name__, places)
