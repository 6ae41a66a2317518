"""Was the picture taken as those of the goods were? Needs no learning: light, focus, colour, shape.

Everything but the shape is measured on what the backbone gets to see, so that a blur which it
cannot see does not count. Each is compared with the range over the goods; the range is widened
enough that hardly any good one falls outside, and more so where it comes from few goods.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.ndimage import uniform_filter

Measures = Mapping[str, float]
"""By name of the measure."""
GLARING = 250
"""Pixels from here on in all colours are white."""
USUAL = (0.05, 0.95)
"""Quantiles of the goods that are called usual."""
SPREADS = 0.5
"""Distances from the middle to a usual end that a picture may lie beyond that end."""
FLOORS = {"light": 0.1, "glare": 0.2, "focus": 0.1, "red": 0.05, "blue": 0.05, "shape": 0.25}
"""How far it may lie beyond in any case, however alike the goods are: they are logarithms but for
glare (a share of the picture), red and blue (shares of its light)."""


class Span(BaseModel):
    """The range of one measure over the goods."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usual: tuple[float, float]
    """Nine of ten goods lie in it."""
    limits: tuple[float, float]
    """What lies outside is not like the goods."""

    @classmethod
    def of(cls, values: Sequence[float], floor: float) -> "Span":
        """From the values of some goods."""
        low, middle, high = np.quantile(values, (USUAL[0], 0.5, USUAL[1]))
        spreads = SPREADS + 4 / len(values) ** 0.5
        return cls(
            usual=(float(low), float(high)),
            limits=(
                float(low - spreads * (middle - low) - floor),
                float(high + spreads * (high - middle) + floor),
            ),
        )


class Condition(BaseModel):
    """How the pictures of the goods were taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spans: dict[str, Span] = Field(min_length=1)
    """By name of the measure."""

    @classmethod
    def of(cls, goods: Sequence[Measures]) -> "Condition":
        """From what was measured on some goods."""
        return cls(spans={k: Span.of([x[k] for x in goods], floor) for k, floor in FLOORS.items()})

    def doubts(self, found: Measures) -> tuple[str, ...]:
        """What is wrong with a picture, a sentence each; empty where it was taken as the goods."""
        said = {name: _SAYS[name](found[name], span) for name, span in self.spans.items()}
        if said.get("light") or said.get("glare"):
            # where light is lacking or too strong, so are detail and colour
            said |= dict.fromkeys(("focus", "red", "blue"))
        return tuple(dict.fromkeys(x for x in said.values() if x is not None))


def measured(image: NDArray[np.uint8], seen: NDArray[np.uint8]) -> dict[str, float]:
    """The measures of a picture (H, W, 3); `seen` (h, w, 3) is what the backbone gets of it."""
    colours = seen.astype(np.float32)
    grey = colours.mean(axis=2)
    light = max(float(grey.mean()), 1.0)
    fine = float(np.abs(grey - uniform_filter(grey, 3, mode="nearest")).mean())
    red, green, blue = (float(x) for x in colours.mean(axis=(0, 1)))
    return {
        "light": math.log(light),
        "glare": float((seen >= GLARING).all(axis=2).mean()),
        "focus": math.log((fine + 0.05) / light),
        "red": (red - green) / light,
        "blue": (blue - green) / light,
        "shape": math.log(image.shape[1] / image.shape[0]),
    }


def _light(value: float, span: Span) -> str | None:
    low, high = (math.exp(x) for x in span.usual)
    seen = f"than the good ones were (mean {math.exp(value):.0f}, usually {low:.0f} to {high:.0f})"
    return _beyond(
        value,
        span,
        f"the picture is much darker {seen}",
        f"the picture is much brighter {seen}",
    )


def _glare(value: float, span: Span) -> str | None:
    most = span.usual[1]
    return _beyond(
        value,
        span,
        None,
        f"the picture is overexposed: {value:.0%} of it is white, usually at most {most:.0%}",
    )


def _focus(value: float, span: Span) -> str | None:
    share = math.exp(value - sum(span.usual) / 2)
    return _beyond(
        value,
        span,
        f"the picture is out of focus: it has {share:.0%} of the fine detail that the good ones had",
        None,
    )


def _colour(value: float, span: Span) -> str | None:
    said = (
        "the colours of the picture are shifted against those of the good ones: compare the lamps "
        "and the white balance of the camera"
    )
    return _beyond(value, span, said, said)


def _shape(value: float, span: Span) -> str | None:
    ratio, low, high = (math.exp(x) for x in (value, *span.usual))
    said = (
        f"the picture has another shape than the good ones (width to height {ratio:.2f}, usually "
        f"{low:.2f} to {high:.2f}): it may be turned or cut off"
    )
    return _beyond(value, span, said, said)


def _beyond(value: float, span: Span, below: str | None, above: str | None) -> str | None:
    low, high = span.limits
    if value < low:
        return below
    return above if not value <= high else None


_SAYS = {
    "light": _light,
    "glare": _glare,
    "focus": _focus,
    "red": _colour,
    "blue": _colour,
    "shape": _shape,
}
