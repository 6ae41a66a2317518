"""Accepted attachments as pictures: uint8 (H, W, 3), one pipeline for models and people.

Photos keep 8-bit values; those of 16 bits are scaled by the depth of their camera, and floating
point ones between percentiles. DICOM goes through `frames`. NIfTI is shown as axial slices as
radiologists hang them: the patient's right on the left, the front on top. Pixels of both are
made square.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from secondlook.cases import Attachment, Role
from secondlook.errors import IntakeError
from secondlook.intake.aspect import spacing_within, square
from secondlook.intake.sniff import Format

if TYPE_CHECKING:
    import PIL.Image


def read_picture(attachment: Attachment, content: Path) -> NDArray[np.uint8] | None:
    """The picture that stands for the attachment, the middle one of a volume; None if it has none.

    Raises IntakeError if the stored bytes are not what intake accepted.
    """
    frames = attachment.facts.get("frames")
    count = frames if isinstance(frames, int) and attachment.role is Role.VOLUME else 1
    return read_frame(attachment, content, count // 2 if count > 1 else 0)


def read_frame(attachment: Attachment, content: Path, index: int) -> NDArray[np.uint8] | None:
    """Frame, page or slice `index`: from 0, slices of a volume in the order in which they lie.

    That is the order of `series_pixels.slices`: what is said of a slice is of this picture.
    """
    if attachment.role not in (Role.IMAGE, Role.VOLUME):
        return None
    try:
        match attachment.media_type:
            case Format.DICOM.value:
                return square(_dicom(content, index), spacing_within(attachment))
            case Format.NIFTI.value:
                return square(_slice(content, index), spacing_within(attachment))
            case kind if kind.startswith("image/"):
                return read_photo_page(content, Format(kind), index)
            case _:
                return None
    except Exception as error:  # decoders raise nearly anything
        raise IntakeError(
            f"frame {index} of {attachment.name} ({attachment.media_type}) cannot be shown: "
            f"{type(error).__name__}; ingest the file again if the stored copy is damaged"
        ) from error


def _dicom(content: Path, index: int) -> NDArray[np.uint8]:
    from secondlook.intake.dicom_header import open_header
    from secondlook.intake.frames import read_stored, render_frame
    from secondlook.intake.series_frames import frame_order

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on every value out of order
        header, _ = open_header(content)
        stored = frame_order(header, int(header.get("NumberOfFrames") or 1))[index]
        return render_frame(read_stored(content, header, stored), header, stored)


def read_photo_page(content: Path, found: Format, index: int) -> NDArray[np.uint8]:
    """A page of a photo, the right way up."""
    from PIL import Image, ImageOps

    from secondlook.intake.photo import PILLOW

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks on tags, and on a size that intake has judged
        with Image.open(content, formats=PILLOW[found]) as image:
            image.seek(index)
            ImageOps.exif_transpose(image, in_place=True)  # of 100 Mpx a copy takes 300 MB
            return _colours(image)


def _colours(image: "PIL.Image.Image") -> NDArray[np.uint8]:
    """An upright photo as (H, W, 3)."""
    from PIL import Image

    from secondlook.intake.stretch import from_depth, stretch

    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)
        whole = values.dtype.kind in "iu" and values.min() >= 0 and values.max() < 2**16
        grey = from_depth(values) if whole else stretch(values)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:  # what is transparent is shown on white
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)


def _slice(content: Path, index: int) -> NDArray[np.uint8]:
    from secondlook.intake.stretch import stretch
    from secondlook.intake.volume_slices import axial, opened

    with opened(content) as image:
        values = axial(image, index)
    if values.dtype.names:  # RGB voxels
        return np.stack([values[name] for name in values.dtype.names[:3]], axis=-1)
    return np.repeat(stretch(np.nan_to_num(values))[:, :, None], 3, axis=2)
