"""NIfTI as axial slices, hung as radiologists do: the patient's right on the left, front on top."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondlook.intake.volume import is_nifti2
from secondlook.intake.volume_facts import orientations, upward


@contextmanager
def opened(path: Path, *, whole: bool = False) -> Iterator[Any]:
    """The volume as a nibabel image whose voxels are read when they are asked for.

    whole: unpack a packed volume at once, to read all of its slices: each by itself would unpack
    everything before it.
    """
    import nibabel
    from nibabel.fileholders import FileHolder

    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        if packed and whole:
            stream = io.BytesIO(stream.read())
        kind: Any = nibabel.Nifti2Image if is_nifti2(stream) else nibabel.Nifti1Image
        yield kind.from_file_map({"image": FileHolder(fileobj=stream)}, mmap=False)


def axial(image: Any, index: int) -> NDArray[Any]:
    """Axial slice `index`, from feet to head, in the closest RAS axes; only it is read.

    Of more than three axes the first volume is taken. Rows run from the front to the back,
    columns from the patient's right to the left. Raises IndexError.
    """
    shape = (*image.shape, 1)[:3] if image.ndim < 3 else image.shape
    to_ras = orientations.io_orientation(image.affine)
    up = upward(image.affine)
    if not 0 <= index < shape[up]:
        raise IndexError(index)
    position = index if to_ras[up, 1] > 0 else shape[up] - 1 - index
    where: list[Any] = [slice(None)] * 3 + [0] * (len(shape) - 3)
    where[up] = position
    plane: NDArray[Any] = np.asanyarray(image.dataobj[tuple(where[: image.ndim])])
    if plane.ndim < 2:
        plane = plane.reshape([n for axis, n in enumerate(shape[:3]) if axis != up])
    first, second = (axis for axis in range(3) if axis != up)
    for axis, stored in enumerate((first, second)):
        if to_ras[stored, 1] < 0:
            plane = np.flip(plane, axis)
    if to_ras[first, 0] == 1:  # stored as (front-back, left-right)
        plane = plane.T
    return plane.T[::-1, ::-1]
