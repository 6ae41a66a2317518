"""Marks, maps and a scale on a picture, as JPEG of a bounded size."""

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from secondlook import AnomalyMap, Region

LONGEST, SHORTEST = 1200, 480
"""Pixels of the longer side that a shown picture has at most and at least."""
NEAR = 320
"""Pixels of both sides of a close-up."""
LEAST = 48
"""Pixels of the part that a close-up shows at least."""
RED, WHITE, BLACK, PALE = (200, 0, 40), (255, 255, 255), (0, 0, 0), (236, 239, 241)
BELOW, FULL, SLOPE = 0.9, 1.6, 3.0
"""Of the threshold: from where on a place is coloured, and where the colours end; how fast they
gain strength. As in the review UI, so that the same score has the same colour."""
COLOURS = np.array(
    [(140, 8, 136), (191, 41, 115), (231, 79, 85), (255, 126, 43), (255, 178, 0), (255, 230, 72)]
)
"""From dark magenta to light yellow; it reads in grey as well."""


class Drawing:
    """One picture (H, W, 3) of a part, of which several views are drawn."""

    def __init__(self, pixels: NDArray[np.uint8], pitch_mm: float | None) -> None:
        self._whole = Image.fromarray(pixels)
        self._pitch = pitch_mm
        longest = max(self._whole.size)
        self._scale = min(max(longest, SHORTEST), LONGEST) / longest
        self._shown = self._whole.resize(
            (self._length(self._whole.width), self._length(self._whole.height)),
            Image.Resampling.LANCZOS,
            reducing_gap=2.0,
        )

    def marked(self, regions: Sequence[tuple[str, Region]]) -> bytes:
        """The picture with every region framed and named, and a scale where there is one."""
        image = self._shown.copy()
        pen = ImageDraw.Draw(image)
        for name, region in regions:
            _frame(pen, self._box(region), name, image.size)
        if self._pitch:
            _scale_bar(pen, image.size, self._pitch / self._scale)
        return _jpeg(image)

    def overlaid(
        self, scores: NDArray[np.float32], shown: AnomalyMap, threshold: float | None
    ) -> bytes:
        """The picture with a map (h, w) over it."""
        low, high = shown.low, shown.high
        if threshold is not None:
            low, high = BELOW * threshold, FULL * threshold
        smooth = Image.fromarray(scores).resize(self._shown.size, Image.Resampling.BILINEAR)
        level = np.clip((np.asarray(smooth) - low) / max(high - low, 1e-12), 0, 1)
        stops = np.linspace(0, 1, len(COLOURS))
        colour = np.stack([np.interp(level, stops, x) for x in COLOURS.T], axis=-1)
        weight = (0.6 * np.clip(level * SLOPE, 0, 1))[..., None]
        mixed = np.asarray(self._shown) * (1 - weight) + colour * weight
        return _jpeg(Image.fromarray(mixed.round().astype(np.uint8)))

    def close_up(self, region: Region) -> bytes:
        """A square around a region, which is framed."""
        side = max(LEAST, round(1.8 * max(region.width, region.height)))
        left = _start(region.left + region.width / 2, side, self._whole.width)
        top = _start(region.top + region.height / 2, side, self._whole.height)
        image = Image.new("RGB", (side, side), PALE)
        right, bottom = (
            min(x + side, y) for x, y in zip((left, top), self._whole.size, strict=True)
        )
        image.paste(self._whole.crop((left, top, right, bottom)))
        image = image.resize((NEAR, NEAR), Image.Resampling.BICUBIC)
        zoom = NEAR / side
        frame = _around(region.left - left, region.top - top, region.width, region.height, zoom)
        pen = ImageDraw.Draw(image)
        pen.rectangle(_grown(frame, 3), outline=WHITE, width=1)
        pen.rectangle(_grown(frame, 2), outline=RED, width=2)
        if self._pitch:
            _scale_bar(pen, image.size, self._pitch / zoom)
        return _jpeg(image)

    def _length(self, pixels: int) -> int:
        return max(1, round(pixels * self._scale))

    def _box(self, region: Region) -> tuple[float, float, float, float]:
        return _around(region.left, region.top, region.width, region.height, self._scale)


def _start(middle: float, side: int, whole: int) -> int:
    """Where a stretch around a point begins, inside of the picture as far as it fits."""
    return round(min(max(0, middle - side / 2), max(0, whole - side)))


def _around(
    left: float, top: float, width: float, height: float, scale: float
) -> tuple[float, float, float, float]:
    return left * scale, top * scale, (left + width) * scale, (top + height) * scale


def _grown(box: tuple[float, float, float, float], by: float) -> tuple[float, float, float, float]:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _frame(
    pen: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    name: str,
    size: tuple[int, int],
) -> None:
    """A red frame with a white one around it: seen on light and on dark; outside of the place."""
    unit = max(2, round(max(size) / 400))
    pen.rectangle(_grown(box, 3 * unit), outline=WHITE, width=unit)
    pen.rectangle(_grown(box, 2 * unit), outline=RED, width=unit)
    font = ImageFont.load_default(size=max(14, max(size) / 45))
    left, top, right, bottom = pen.textbbox((0, 0), name, font=font)
    wide, high = right - left + 4 * unit, bottom - top + 4 * unit
    x = min(max(0, box[0] - 3 * unit), max(0, size[0] - wide))
    above = box[1] - 3 * unit - high
    y = above if above >= 0 else min(box[3] + 3 * unit, max(0, size[1] - high))
    pen.rectangle((x, y, x + wide, y + high), fill=RED)
    pen.text((x + 2 * unit - left, y + 2 * unit - top), name, fill=WHITE, font=font)


def _scale_bar(pen: ImageDraw.ImageDraw, size: tuple[int, int], mm_per_pixel: float) -> None:
    """A bar of a round length, about a fifth of the picture, at the lower right."""
    target = size[0] / 5 * mm_per_pixel
    power = 10.0 ** math.floor(math.log10(target))
    length = max(x * power for x in (1, 2, 5) if x * power <= target * 1.0001)
    font = ImageFont.load_default(size=max(24, max(size) / 50))
    text = f"{length:g} mm"
    edge, thick = size[0] // 40 + 2, max(3, size[1] // 150)
    right, bottom = size[0] - edge, size[1] - edge
    left = right - length / mm_per_pixel
    box = pen.textbbox((0, 0), text, font=font)
    high = box[3] - box[1]
    wide = max(right - left, box[2] - box[0])
    plate = (right - wide - 6, bottom - thick - high - 12, right + 6, bottom + 6)
    pen.rectangle(plate, fill=WHITE)
    pen.rectangle((left, bottom - thick, right, bottom), fill=BLACK)
    pen.text((right - (box[2] - box[0]), plate[1] + 3 - box[1]), text, fill=BLACK, font=font)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=85, subsampling=0)
    return buffer.getvalue()
