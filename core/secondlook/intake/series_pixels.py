"""The slices of a stack as numbers for models, one at a time: memory does not grow with a series."""

import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondlook.cases import Attachment
from secondlook.errors import IntakeError
from secondlook.intake.series import Stack, slices_in
from secondlook.intake.sniff import Format

Slices = Iterator[NDArray[np.float32]]


def slices(
    stack: Stack, locate: Callable[[Attachment], Path], wanted: Collection[int] | None = None
) -> Slices:
    """Each slice in the order of the stack, float32 (H, W), as stored within its plane.

    DICOM comes in the units of its modality (Hounsfield units for CT), bright is more; frames of
    one object are put in the order in which they lie. NIfTI comes as axial slices from feet to
    head, hung as `read_frame` does. Colours become their luminance.

    locate: where the bytes of an attachment lie.
    wanted: which slices, of 0 to `stack.slices - 1`; all of them unless told. Files that hold
    none of them are not opened.

    Raises IntakeError, which names a file by its digest, if the bytes are not what intake took.
    """
    first = 0
    for attachment in stack.attachments:
        after = first + slices_in(attachment)
        here = [i - first for i in range(first, after) if wanted is None or i in wanted]
        found = _of(attachment, locate, here)
        while (values := _next(found, attachment)) is not None:
            yield values
        first = after


def _next(found: Slices, attachment: Attachment) -> NDArray[np.float32] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks of decoders, some of which quote values
            return next(found, None)
    except Exception as error:  # noqa: BLE001 - decoders raise nearly anything
        raise IntakeError(
            f"a slice of {attachment.sha256[:16]} ({attachment.media_type}) cannot be read: "
            f"{type(error).__name__}; ingest the file again if the stored copy is damaged"
        ) from None


def _of(
    attachment: Attachment, locate: Callable[[Attachment], Path], here: Sequence[int]
) -> Slices:
    if not here:
        return
    path = locate(attachment)
    match attachment.media_type:
        case Format.DICOM.value:
            yield from _dicom(path, here)
        case Format.NIFTI.value:
            yield from _nifti(path, here)
        case _:
            yield from _photo(attachment, path, here)


def _dicom(path: Path, here: Sequence[int]) -> Slices:
    from secondlook.intake.dicom_header import open_header
    from secondlook.intake.frames import frame_values, iter_frames
    from secondlook.intake.series_frames import frame_order

    header, _ = open_header(path)
    order = frame_order(header, int(header.get("NumberOfFrames") or 1))
    stored = [order[i] for i in here]
    for index, frame in zip(stored, iter_frames(path, header, stored), strict=True):
        yield frame_values(frame, header, index)


def _nifti(path: Path, here: Sequence[int]) -> Slices:
    from secondlook.intake.volume_slices import axial, opened

    with opened(path, whole=True) as image:
        for index in here:
            yield _grey(axial(image, index))


def _photo(attachment: Attachment, path: Path, here: Sequence[int]) -> Slices:
    from secondlook.intake.pixels import read_frame

    for index in here:
        picture = read_frame(attachment, path, index)
        if picture is None:
            raise ValueError("no picture")
        yield _grey(picture)


def _grey(values: NDArray[Any]) -> NDArray[np.float32]:
    """Luminance of colours, numbers as they are."""
    from secondlook.intake.frames import LUMA

    if values.dtype.names:  # RGB voxels
        values = np.stack([values[x] for x in values.dtype.names[:3]], axis=-1)
    grey = values.astype(np.float32)
    return grey if grey.ndim == 2 else grey @ np.array(LUMA, np.float32)
