"""Pictures beside an export: copied as they are where every program reads them alike."""

import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from secondlook import Attachment, CaseExport, ExportReader, SecondlookError

FOLDER = "images"
ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/bmp": ".bmp"}
"""Media types that are copied; all others become PNG."""
ORIENTATION = 0x0112
"""The EXIF tag for a picture that is stored turned: some programs turn it and others do not."""


@dataclass(frozen=True, kw_only=True)
class Sized:
    """A picture of a case, with its size in pixels."""

    attachment: Attachment
    width: int
    height: int


def sized(item: CaseExport, reader: ExportReader) -> Iterator[Sized]:
    """The pictures of a case that have a size."""
    for attachment in item.case.images():
        size = _size(attachment, item, reader)
        if size is not None:
            yield Sized(attachment=attachment, width=size[0], height=size[1])


def place_image(image: Sized, number: int, item: CaseExport, reader: ExportReader) -> str:
    """The name of the picture in the export; in a folder the picture is put there."""
    attachment = image.attachment
    likely = _name(item, number, ENDINGS.get(attachment.media_type, ".png"))
    if reader.folder is None:
        return likely
    try:
        stored = reader.blob(attachment.sha256)
        same = attachment.media_type in ENDINGS and _is_upright(stored, image)
    except (SecondlookError, OSError) as error:
        _missing(item, error, reader)
        return likely
    name = likely if same else _name(item, number, ".png")
    (reader.folder / FOLDER).mkdir(exist_ok=True)
    if same:
        shutil.copyfile(stored, reader.folder / name)
    else:
        _convert(attachment, reader.folder / name, item, reader)
    return name


def _name(item: CaseExport, number: int, ending: str) -> str:
    return f"{FOLDER}/{item.case.id}-{number}{ending}"


def _is_upright(stored: Path, image: Sized) -> bool:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on a size that intake has judged
            with Image.open(stored) as opened:
                turned = opened.getexif().get(ORIENTATION, 1) != 1
                plain = opened.mode in ("L", "RGB", "P")
                return plain and not turned and opened.size == (image.width, image.height)
    except Image.DecompressionBombError:
        return True  # larger than Pillow opens: as it came, rather than not at all


def _convert(attachment: Attachment, place: Path, item: CaseExport, reader: ExportReader) -> None:
    from PIL import Image

    try:
        pixels = reader.picture(attachment)
    except SecondlookError as error:
        _missing(item, error, reader)
        return
    if pixels is not None:
        Image.fromarray(pixels).save(place, format="PNG")


def _missing(item: CaseExport, error: Exception, reader: ExportReader) -> None:
    reader.warn(f"case {item.case.id[:12]}: a picture is not in the export: {error}")


def _size(attachment: Attachment, item: CaseExport, reader: ExportReader) -> tuple[int, int] | None:
    """(width, height), as intake wrote it, else of the picture itself."""
    for names in (("width", "height"), ("columns", "rows")):
        width, height = (attachment.facts.get(x) for x in names)
        if isinstance(width, int) and isinstance(height, int):
            return width, height
    try:
        pixels = reader.picture(attachment)
    except SecondlookError as error:
        _missing(item, error, reader)
        return None
    return None if pixels is None else (pixels.shape[1], pixels.shape[0])
