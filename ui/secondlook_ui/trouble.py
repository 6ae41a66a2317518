"""Errors as a reviewer meets them: ours in their own words, others without what they quote."""

import logging
import traceback
from typing import Any

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


def uncaught(error: Exception) -> bool:
    """What broke in a callback or a part of a page: the same sentence, in place of Streamlit's."""
    show(error)
    return True


def quiet_logs() -> None:
    """Whatever a library logs of an error is its type and places, never what it quotes."""
    made = logging.getLogRecordFactory()

    def quiet(*args: Any, **words: Any) -> logging.LogRecord:
        record = made(*args, **words)
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, places = record.exc_info
            record.msg = f"{kind.__name__}\n{''.join(traceback.format_tb(places))}"
            record.args, record.exc_info = (), None
        return record

    logging.setLogRecordFactory(quiet)
