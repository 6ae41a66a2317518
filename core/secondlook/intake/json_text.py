"""JSON as text: every value under a heading made of its key, in the order of the file."""

import json
import re
from collections.abc import Iterator

from secondlook.intake.blocks import find_blocks
from secondlook.intake.charset import clean
from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.parsed import Document

DEEPEST = 32
"""Levels of nesting; notes have four or five."""
TITLES = ("title", "heading", "section", "label")
NAMED = ("name", "value")
"""A pair of a label and what stands under it; a `name` beside anything else may be a person's, and
only below its key can be told to be one."""
TEXTS = ("text", "content", "value", "body")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
Piece = tuple[str, str]
"""A heading, which may be empty, and the text under it."""


def load(text: str) -> object:
    """The value of a JSON text; numbers stay as they are written.

    Raises Refused(DAMAGED) for what is no JSON, TOO_LARGE for what is nested without end.
    """
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        detail = "It begins like JSON and is none; export the file again, one value a file."
        raise Refused(Reason.DAMAGED, detail) from None


def read_json(value: object) -> Document:
    """The text of a value: what a list of sections or an object of columns says."""
    return as_document(_pieces("", value, DEEPEST))


def as_document(pieces: Iterator[Piece]) -> Document:
    """Pieces one below the other, each under its heading with a colon."""
    parts = [f"{heading}:\n{text}" if heading else text for heading, text in pieces]
    whole = clean("\n\n".join(parts))
    return Document(whole, find_blocks(whole))


def _pieces(heading: str, value: object, levels: int) -> Iterator[Piece]:
    if levels == 0:
        raise _too_deep()
    if isinstance(value, str) and value.strip():
        yield heading, value.strip()
    elif isinstance(value, bool):
        yield heading, "yes" if value else "no"
    elif isinstance(value, list):
        for item in value:
            yield from _pieces(heading, item, levels - 1)
    elif isinstance(value, dict):
        yield from _of_object(heading, value, levels)


def _of_object(heading: str, value: dict[str, object], levels: int) -> Iterator[Piece]:
    title = next((x for x in TITLES if isinstance(value.get(x), str)), None)
    text = next((x for x in TEXTS if x in value), None)
    if title is None and isinstance(value.get(NAMED[0]), str) and NAMED[1] in value:
        title, text = NAMED
    if title is not None and text is not None:  # {"title": "Findings", "text": "…"}
        heading = str(value[title]).strip()
        yield from _pieces(heading, value[text], levels - 1)
    for key, item in value.items():
        if title is None or text is None or key not in (title, text):
            yield from _pieces(_spelled(key), item, levels - 1)


def _spelled(key: str) -> str:
    """`clinical_history` and `clinicalHistory` as words."""
    return " ".join(CAMEL.sub(" ", key).replace("_", " ").split())


def _too_deep() -> Refused:
    detail = f"The JSON is nested more than {DEEPEST} levels deep; export it in a flatter form."
    return Refused(Reason.TOO_LARGE, detail)
