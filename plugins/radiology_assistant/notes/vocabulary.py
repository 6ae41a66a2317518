"""The findings that are looked for in notes, from `vocabulary.toml`."""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from radiology_assistant.notes.phrases import Found, Phrases
from radiology_assistant.notes.tokens import Token

NOT = "not"
Names = Phrases[tuple[str, str]]


def data(name: str) -> dict[str, Any]:
    """A file of data of this package."""
    text = files("radiology_assistant.notes").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def labels() -> dict[str, str | None]:
    """Every finding by name, with the code of the taxonomy that it is reported under."""
    return {name: entry.get("label") for name, entry in _vocabulary().items()}


def named(tokens: Sequence[Token]) -> Iterator[Found[str]]:
    """The findings that a sentence names, in order; of one finding no two overlap."""
    names = _names()
    found = [x for at in range(len(tokens)) for x in names.at(tokens, at)]
    taken: dict[str, set[int]] = {}
    for item in sorted(found, key=lambda x: (x.value[1] != NOT, -len(x.at), x.at)):
        label, kind = item.value
        places = taken.setdefault(label, set())
        if places.isdisjoint(item.at):
            if kind != NOT:
                yield Found(item.at, label)
            places.update(item.at)


@cache
def _vocabulary() -> dict[str, Any]:
    return data("vocabulary.toml")


@cache
def _names() -> Names:
    entries = _vocabulary().items()
    return Phrases(
        (phrase, (label, kind))
        for label, entry in entries
        for kind in ("names", NOT)
        for phrase in entry.get(kind, ())
    )
