"""Photos: JPEG, PNG, TIFF, BMP and WebP through Pillow."""

import re
import warnings
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from secondlook.cases import Facts, Role
from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.parsed import Parsed
from secondlook.intake.sniff import Format
from secondlook.settings import Limits

PILLOW = {
    Format.JPEG: ("JPEG", "MPO"),
    Format.PNG: ("PNG",),
    Format.TIFF: ("TIFF",),
    Format.BMP: ("BMP",),
    Format.WEBP: ("WEBP",),
}
"""The only decoders Pillow may choose from, by format."""
TURNED = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height


def read_photo(path: Path, found: Format, limits: Limits) -> Parsed:
    """Check the header against the limits, then decode every page.

    Raises Refused for a photo that is too large, damaged or cut short.
    """
    Image.MAX_IMAGE_PIXELS = limits.max_pixels  # this process parses files and does nothing else
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(path, formats=PILLOW[found]) as image:
            pages = _pages(image, found, limits)
            facts = _facts(image, pages)
            _decode(image, pages)
        if found is Format.PNG:
            _check_sums(path)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        stated = re.search(r"\d+", str(error))  # "Image size (88360000 pixels) exceeds limit …"
        raise _too_many(int(stated[0]) if stated else limits.max_pixels + 1, limits) from None
    except UnidentifiedImageError:
        detail = f"The {PILLOW[found][0]} header cannot be read; export the photo again."
        raise Refused(Reason.DAMAGED, detail) from None
    except (OSError, EOFError, SyntaxError) as error:
        raise _broken(error, found) from None
    return Parsed(found.value, Role.IMAGE, facts)


def _pages(image: Image.Image, found: Format, limits: Limits) -> int:
    """Count the pages of a TIFF; the pixels of all of them stay within the limit."""
    pages = getattr(image, "n_frames", 1) if found is Format.TIFF else 1
    total = 0
    for page in range(pages):
        image.seek(page)
        total += image.width * image.height
        if total > limits.max_pixels:
            raise _too_many(total, limits)
    image.seek(0)
    return pages


def _too_many(seen: int, limits: Limits) -> Refused:
    detail = (
        f"The header states at least {seen:,} pixels; limits.max_pixels is {limits.max_pixels:,}. "
        "Save the photo smaller, or raise max_pixels under [limits] in secondlook.toml."
    )
    return Refused(Reason.TOO_MANY_PIXELS, detail)


def _facts(image: Image.Image, pages: int) -> Facts:
    size = image.size
    if image.getexif().get(ExifTags.Base.Orientation) in TURNED:
        size = size[::-1]
    return {"width": size[0], "height": size[1], "mode": image.mode, "frames": pages}


def _decode(image: Image.Image, pages: int) -> None:
    for page in range(pages):
        image.seek(page)
        image.load()
        if image.mode == "F" and not np.isfinite(np.asarray(image)).all():
            detail = "The picture holds values that are not finite; replace NaN and infinity."
            raise Refused(Reason.NOT_FINITE, detail)


def _check_sums(path: Path) -> None:
    """Decoding a PNG ignores its checksums, so that flipped bits would pass."""
    with Image.open(path, formats=PILLOW[Format.PNG]) as image:
        image.verify()


def _broken(error: Exception, found: Format) -> Refused:
    name = PILLOW[found][0]
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        detail = f"The {name} ends before its last pixel; copy the file again."
        return Refused(Reason.TRUNCATED, detail)
    detail = f"The {name} data cannot be decoded ({type(error).__name__}); export it again."
    return Refused(Reason.DAMAGED, detail)
