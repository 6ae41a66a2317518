"""Zones of a product: which of them a clause means, and which places lie in them."""

from defect_inspector.clauses.fold import fold
from defect_inspector.clauses.vocabulary import load
from defect_inspector.places import Place
from secondlook import Zone


def zones_named(name: str, zones: tuple[Zone, ...]) -> tuple[Zone, ...]:
    """The zones of a product that a clause's word stands for; several where names repeat."""
    wanted = bare(name)
    return tuple(x for x in zones if bare(x.name) == wanted)


def bare(name: str) -> str:
    """`Zone A`, `zone a`, `A`, `A区`: the name without the word for zone."""
    words: dict[str, list[str]] = load("words.toml")["zone"]
    text = fold(name).casefold().strip()
    for word in sorted(words["word"], key=len, reverse=True):
        for cut in (text.removeprefix(word), text.removesuffix(word)):
            if cut.strip(" :-") and cut != text and not cut[:1].isalpha() | cut[-1:].isspace():
                return cut.strip(" :-")
        if text.startswith(f"{word} "):
            return text[len(word) :].strip(" :-")
    return text.removesuffix("区").removesuffix("面") or text


def lies_in(place: Place, zones: tuple[Zone, ...], size: tuple[int, int] | None) -> bool | None:
    """Whether any part of a place lies in one of these; None where the picture's size is unknown."""
    if size is None:
        return None
    height, width = size
    box = place.region
    return any(
        box.left < (x.left + x.width) * width
        and box.left + box.width > x.left * width
        and box.top < (x.top + x.height) * height
        and box.top + box.height > x.top * height
        for x in zones
    )
